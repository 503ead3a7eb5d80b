"""`nn.data` under PyTorch's address: ``from nn.utils.data import DataLoader``."""

from nn.data import DataLoader, Dataset, Subset, TensorDataset, random_split

__all__ = ["DataLoader", "Dataset", "Subset", "TensorDataset", "random_split"]
