"""Data sets by name: what the command line and examples ask for."""

from __future__ import annotations

import os
from typing import Any, Callable

from nn.data.cifar10 import CIFAR10
from nn.data.digits import Digits
from nn.data.images import ImageDataset
from nn.data.mnist import EMNIST, MNIST, SPLITS, FashionMNIST
from tensorgrad.errors import ArgumentError

__all__ = ["load", "available"]


def emnist(split: str) -> Callable[..., ImageDataset]:
    """The constructor of one split of EMNIST."""
    return lambda root, **options: EMNIST(root, split, **options)


SETS: dict[str, Callable[..., ImageDataset]] = {
    "digits": lambda root, train, **options: Digits(train),
    "fashion-mnist": FashionMNIST, "mnist": MNIST, "cifar10": CIFAR10,
    "emnist": emnist("balanced"), **{f"emnist-{split}": emnist(split) for split in SPLITS},
}


def available() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(SETS)


def load(name: str, root: str | os.PathLike[str] | None = None, *, download: bool | None = None,
         mirror: str | None = None) -> tuple[ImageDataset, ImageDataset]:
    """(train, test) of the data set of that name.

    ================  ==============================================================
    digits            1,797 digits 8×8; part of the package
    mnist             70,000 digits 28×28
    fashion-mnist     70,000 pictures of clothes 28×28
    emnist            131,600 digits and letters 28×28; or a split: emnist-letters, ...
    cifar10           60,000 colour pictures 32×32
    ================  ==============================================================

    Parameters
        root, download, mirror   where the files are, as for `MNIST`: without `root` they are looked for in
                                 /usr/share/datasets and in the cache, and downloaded if they are in neither

    Raises
        ArgumentError   an unknown name
        DataError       files that are missing or damaged, a download that failed

    Example
        >>> train, test = load("digits")
        >>> train, test.num_classes
        (<digits, train: 1442 images 1×8×8, 10 classes>, 10)
    """
    if name not in SETS:
        raise ArgumentError(f"data: there is no data set {name!r}.\n  Use one of: {', '.join(SETS)}.")
    options: dict[str, Any] = {"download": download, "mirror": mirror}
    train, test = (SETS[name](root, train=part, **options) for part in (True, False))
    test.measured = train.statistics  # what a model is fed with is scaled as its training images were
    return train, test
