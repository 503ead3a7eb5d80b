"""Data: datasets, the loader that makes batches of them, transforms, and the known image data sets by name."""

from nn.data import transforms
from nn.data.cifar10 import CIFAR10
from nn.data.combining import ChainDataset, ConcatDataset, IterableDataset, StackDataset
from nn.data.dataset import (ArrayDataset, Dataset, Subset, TensorDataset, default_collate, default_convert,
                             random_split)
from nn.data.digits import Digits
from nn.data.idx import read_idx
from nn.data.images import ImageDataset
from nn.data.loader import DataLoader
from nn.data.mnist import EMNIST, MNIST, FashionMNIST
from nn.data.registry import available, load
from nn.data.samplers import (BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler,
                              WeightedRandomSampler)
from nn.data.workers import get_worker_info

__all__ = ["Dataset", "ArrayDataset", "TensorDataset", "ImageDataset", "Subset", "random_split", "DataLoader", "transforms",
           "ChainDataset", "ConcatDataset", "IterableDataset", "StackDataset", "default_collate", "default_convert",
           "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
           "get_worker_info",
           "load", "available", "Digits", "MNIST", "FashionMNIST", "EMNIST", "CIFAR10", "read_idx"]
