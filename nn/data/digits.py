"""The UCI digits, which come with the package: no download."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nn.data.images import ImageDataset
from nn.serialization import load

__all__ = ["Digits"]

FILE = Path(__file__).parent / "files" / "digits.npz"


class Digits(ImageDataset):
    """1,797 hand-written digits, 8 × 8 pixels with values 0 to 16, from 13 people.

    The split is fixed: of each class, every fifth image in the order of the file is a test image.  That makes 1,442 images
    to train with and 355 to test, in the same proportions.

    Source
        E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository 1998,
        https://doi.org/10.24432/C50P49: its test part, as scikit-learn has it; licence CC BY 4.0

    Example
        >>> Digits(train=False)
        <digits, test: 355 images 1×8×8, 10 classes>
    """

    def __init__(self, train: bool = True):
        arrays = load(FILE)
        images, labels = arrays["images"].array, arrays["labels"].array
        test = np.zeros(len(labels), bool)
        for digit in range(10):
            test[np.flatnonzero(labels == digit)[4::5]] = True
        chosen = ~test if train else test
        super().__init__(f"digits, {'train' if train else 'test'}", images[chosen][:, None], labels[chosen],
                         [str(digit) for digit in range(10)], scale=16, mean=(0.3051,), std=(0.3762,))
