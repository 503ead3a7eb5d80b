"""Labelled images in memory: bytes in storage, float32 in [0, 1] in batches."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from nn.data.dataset import Dataset
from tensorgrad.errors import DataError

__all__ = ["ImageDataset"]


class ImageDataset(Dataset):
    """Images of one size with a class each.

    A sample is (image, label): float32 (C, H, W) in [0, 1], and an int.  A batch is float32 (N, C, H, W) and int64 (N,).

    Attributes
        name          of the data set and its part
        images        uint8 (N, C, H, W), as stored: 0 is 0.0 and `scale` is 1.0
        labels        int64 (N,)
        classes       the name of each class
        num_classes, channels, image_size
        mean, std     per channel over the training images, in [0, 1]: what `Normalize` takes
        measured      (mean, std), or None until they are counted

    Raises
        DataError   numbers of images and labels that differ, no images, a label that names no class, a value above `scale`

    Example
        >>> data = ImageDataset("squares", np.full((2, 1, 4, 4), 255, np.uint8), np.array([0, 1]), ["small", "large"])
        >>> data.num_classes, data.channels, data.image_size, data[1][0].max(), data[1][1]
        (2, 1, (4, 4), np.float32(1.0), 1)
    """

    def __init__(self, name: str, images: np.ndarray, labels: np.ndarray, classes: Sequence[str], *, scale: int = 255,
                 mean: Sequence[float] | None = None, std: Sequence[float] | None = None):
        if len(images) != len(labels):
            raise DataError(f"{name}: {len(images)} images, but {len(labels)} labels.\n  The files do not belong together.")
        if not len(images):
            raise DataError(f"{name}: there are no images.\n  Check the files.")
        outside = labels[(labels < 0) | (labels >= len(classes))]
        if outside.size:
            raise DataError(f"{name}: a label is {outside[0]}, but the classes are 0 to {len(classes) - 1}.\n"
                            "  The files are of another data set.")
        if images.max(initial=0) > scale:
            raise DataError(f"{name}: a value of {images.max()}, but {scale} is the largest.\n  The files are damaged.")
        self.name, self.images, self.labels, self.scale = name, images, labels.astype(np.int64), scale
        self.classes = tuple(classes)
        self.measured = None if mean is None or std is None else (tuple(mean), tuple(std))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return np.divide(self.images[index], self.scale, dtype=np.float32), int(self.labels[index])

    def batch(self, indices: Any) -> tuple[np.ndarray, np.ndarray]:
        indices = np.asarray(indices, np.intp)
        return np.divide(self.images[indices], self.scale, dtype=np.float32), self.labels[indices]

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def channels(self) -> int:
        """Number of channels: 1 for grey, 3 for colours."""
        return self.images.shape[1]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width."""
        return self.images.shape[2], self.images.shape[3]

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of each channel over the training images, in [0, 1]."""
        return self.statistics[0]

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation of each channel over the training images, in [0, 1]."""
        return self.statistics[1]

    @property
    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(mean, std); where they were not given, counted over these images when first asked for."""
        if self.measured is None:
            values = np.arange(256) / self.scale
            shares = [np.bincount(self.images[:, c].ravel(), minlength=256) / self.images[:, c].size
                      for c in range(self.channels)]
            means = [float(share @ values) for share in shares]
            variances = [float(share @ (values - mean) ** 2) for share, mean in zip(shares, means)]
            self.measured = tuple(means), tuple(variance**0.5 for variance in variances)
        return self.measured

    def __repr__(self) -> str:
        height, width = self.image_size
        return f"<{self.name}: {len(self)} images {self.channels}×{height}×{width}, {self.num_classes} classes>"
