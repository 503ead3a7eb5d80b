"""What PyTorch has in `torch.func` for modules."""

from nn.utils.stateless import functional_call

__all__ = ["functional_call"]
