"""PyTorch's switches of the libraries it computes with, none of which is used here: programs may set them, to no effect."""

from tensorgrad.backends import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
