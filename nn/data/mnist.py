"""MNIST and its relatives in the IDX format: MNIST, Fashion-MNIST, EMNIST."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Sequence

import numpy as np

from nn.data.download import Remote, fetch
from nn.data.idx import parse_idx, read_idx, unzipped
from nn.data.images import ImageDataset
from nn.data.places import cache_folder, find, folders, nowhere
from tensorgrad.errors import ArgumentError, DataError

__all__ = ["MNIST", "FashionMNIST", "EMNIST"]

PARTS = {True: "train", False: "t10k"}
HEADER = 16  # bytes before the pixels


def remotes(folder: str, bases: tuple[str, ...], digests: dict[str, str]) -> dict[str, Remote]:
    """The four files of a data set, by name without .gz; the digests are of the decompressed files."""
    return {name: Remote(folder, f"{name}.gz", bases, digest, HEADER + 60_000 * 28 * 28, gunzip=True)
            for name, digest in digests.items()}


class MNIST(ImageDataset):
    """70,000 hand-written digits, 28 × 28 pixels: 60,000 to train with, 10,000 to test.

    Parameters
        root       folder with the files (IDX, plain or .gz), or None to look in /usr/share/datasets/mnist and in the cache
        train      the training images, or the test images
        download   get what is missing; None does so if no `root` is given.  Files go to `root`, or to the cache:
                   $TENSORGRAD_DATA, else ~/.cache/tensorgrad
        mirror     address that has ``mnist/<file>``, instead of the known ones; None for $TENSORGRAD_MIRROR, if set

    Raises
        DataError   the files are missing, and every place that was looked in; truncated or damaged; the download failed

    Source
        LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998
    """

    folder = "mnist"
    inner: tuple[str, ...] = ("MNIST/raw",)  # where torchvision puts them
    class_names: tuple[str, ...] = tuple("0123456789")
    training_mean, training_std = (0.1307,), (0.3081,)
    remotes = remotes("mnist", ("https://ossci-datasets.s3.amazonaws.com/mnist",
                                "https://storage.googleapis.com/cvdf-datasets/mnist"), {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"})

    def __init__(self, root: str | os.PathLike[str] | None = None, train: bool = True, *, download: bool | None = None,
                 mirror: str | None = None):
        places = folders(self.folder, root, self.inner)
        target = cache_folder() / self.folder if root is None else Path(root).expanduser()
        wanted = [f"{PARTS[train]}-images-idx3-ubyte", f"{PARTS[train]}-labels-idx1-ubyte"]
        arrays = []
        for name in wanted:
            names = [name, f"{name}.gz", name.replace("-idx", ".idx")]
            path = find(places, names)
            if path is None:
                if not (root is None if download is None else download):
                    raise nowhere(self.folder, names[:2], places)
                path = fetch(self.folder, self.remotes[name], target, mirror)
            arrays.append(read_idx(path))
        super().__init__(f"{self.folder}, {'train' if train else 'test'}", *images_and_labels(self.folder, *arrays),
                         self.class_names, mean=self.training_mean, std=self.training_std)


class FashionMNIST(MNIST):
    """70,000 pictures of clothes, 28 × 28 pixels: 60,000 to train with, 10,000 to test.

    Debian and Ubuntu have them as the package ``dataset-fashion-mnist``, in /usr/share/datasets/fashion-mnist.

    Parameters and errors
        as `MNIST`; on a mirror they are ``fashion-mnist/<file>``

    Source
        Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms", 2017;
        licence MIT
    """

    folder = "fashion-mnist"
    inner = ("FashionMNIST/raw",)
    class_names = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
    training_mean, training_std = (0.2860,), (0.3530,)
    remotes = remotes("fashion-mnist", ("https://storage.googleapis.com/tensorflow/tf-keras-datasets",
                                        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"), {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"})


DIGITS, UPPER, LOWER = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
SPLITS = {  # small letters that look like capitals are one class with them in "balanced" and "bymerge"
    "balanced": DIGITS + UPPER + "abdefghnqrt", "byclass": DIGITS + UPPER + LOWER, "bymerge": DIGITS + UPPER + "abdefghnqrt",
    "letters": UPPER, "digits": DIGITS, "mnist": DIGITS,
}
MOST_EMNIST = HEADER + 697_932 * 28 * 28  # bytes of the largest file, the training images of "byclass"


class EMNIST(ImageDataset):
    """Hand-written letters and digits, 28 × 28 pixels, in six splits:

    ==========  =======  ========  =======
    split       classes  training  test
    ==========  =======  ========  =======
    balanced         47   112,800   18,800
    byclass          62   697,932  116,323
    bymerge          47   697,932  116,323
    letters          26   124,800   20,800
    digits           10   240,000   40,000
    mnist            10    60,000   10,000
    ==========  =======  ========  =======

    Images are turned upright (the files have them transposed).  The labels of "letters" are 0 to 25 (in the files 1 to 26).

    Parameters and errors
        as `MNIST`.  The download is one archive of 536 MB for all splits, ``gzip.zip``, which is read without unpacking it;
        on a mirror it is ``emnist/gzip.zip``

    Source
        Cohen, Afshar, Tapson and van Schaik, "EMNIST: an extension of MNIST to handwritten letters", 2017
    """

    archive = Remote("emnist", "gzip.zip", ("https://biometrics.nist.gov/cs_links/EMNIST",),
                     "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e", most=600 << 20)

    def __init__(self, root: str | os.PathLike[str] | None = None, split: str = "balanced", train: bool = True, *,
                 download: bool | None = None, mirror: str | None = None):
        if split not in SPLITS:
            raise ArgumentError(f"emnist: split={split!r} is unknown.\n  Use one of: {', '.join(SPLITS)}.")
        places = folders("emnist", root, ("gzip", "EMNIST/raw"))
        target = cache_folder() / "emnist" if root is None else Path(root).expanduser()
        arrays = []
        for kind in ("images-idx3", "labels-idx1"):
            name = f"emnist-{split}-{'train' if train else 'test'}-{kind}-ubyte"
            path, archive = find(places, [name, f"{name}.gz"]), find(places, ["gzip.zip"])
            if path is None and archive is None:
                if not (root is None if download is None else download):
                    raise nowhere("emnist", [f"{name}.gz", "gzip.zip"], places)
                archive = fetch("emnist", self.archive, target, mirror)
            arrays.append(read_idx(path) if path is not None else read_member(archive, f"{name}.gz"))
        images, labels = images_and_labels("emnist", *arrays)
        if split == "letters":
            labels = labels.astype(np.int64) - 1
        upright = np.ascontiguousarray(images.swapaxes(2, 3))
        super().__init__(f"emnist {split}, {'train' if train else 'test'}", upright, labels, tuple(SPLITS[split]))


def images_and_labels(who: str, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two arrays, checked, the images with an axis for the channel."""
    if images.ndim != 3 or labels.ndim != 1 or images.dtype != np.uint8 or labels.dtype.kind not in "iu":
        raise DataError(f"{who}: the files hold {images.dtype.name} {images.shape} and {labels.dtype.name} {labels.shape}, "
                        "expected uint8 (N, H, W) and integers (N,).\n  Check that images and labels are not exchanged.")
    return images[:, None], labels


def read_member(archive: Path | None, name: str) -> np.ndarray:
    """The IDX array in a member of a zip archive, found by its name in whatever folder."""
    where = f"{archive}, member {name}"
    try:
        with zipfile.ZipFile(archive) as file:  # type: ignore[arg-type]
            members: Sequence[str] = [m for m in file.namelist() if m.rpartition("/")[2] == name]
            if not members:
                raise DataError(f"emnist: {archive} has no {name}.\n  It is not the archive of the IDX files, gzip.zip.")
            size = file.getinfo(members[0]).file_size  # which the reader of zip then keeps to
            if size > MOST_EMNIST:
                raise DataError(f"emnist: {where} would unpack to {size} bytes, where {MOST_EMNIST} are the most that it "
                                "can have.\n  Delete the archive, and get it again.")
            data = file.read(members[0])
    except DataError:
        raise
    except Exception as error:  # the readers of zip and of each compression have errors of their own
        raise DataError(f"emnist: {where} is truncated or damaged: {error}.\n  Delete it, and get it again.") from error
    return parse_idx(unzipped(data, where, MOST_EMNIST), where)
