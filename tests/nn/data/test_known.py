"""The known data sets: found in folders, downloaded from a server on this machine, refused when damaged."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nn.data
from nn.data import CIFAR10, EMNIST, MNIST, Digits, FashionMNIST, load
from nn.data import places as places_module
from nn.data import cifar10 as cifar10_module
from nn.data import mnist as mnist_module
from nn.data.cifar10 import RECORD
from nn.data.mnist import SPLITS
from nn.data.places import cache_folder
from tensorgrad.errors import ArgumentError, DataError
from tests.nn.data.test_idx import idx

SYSTEM = Path("/usr/share/datasets/fashion-mnist")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def mnist_files(n=6, classes=10):
    """The contents of the four files of a small MNIST, by name."""
    rng = np.random.default_rng(0)
    return {f"{part}-{kind}-ubyte": idx(array) for part, count in (("train", n), ("t10k", n // 2)) for kind, array in (
        ("images-idx3", rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)),
        ("labels-idx1", (np.arange(count) % classes).astype(np.uint8)))}


def write(folder, files, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / (name + ".gz" * compress)).write_bytes(gzip.compress(content) if compress else content)


# -- digits -----------------------------------------------------------------------------------------------------------


def test_digits():
    train, test = load("digits")
    assert (len(train), len(test), train.num_classes, train.channels, train.image_size) == (1442, 355, 10, 1, (8, 8))
    counts = np.bincount(train.labels) / np.bincount(test.labels)
    assert np.all(np.abs(counts - 4) < 0.3)
    batch, labels = train.batch(np.arange(len(train)))
    assert batch.min() == 0.0 and batch.max() == 1.0 and batch.dtype == np.float32
    assert batch.mean() == pytest.approx(train.mean[0], abs=1e-4) and batch.std() == pytest.approx(train.std[0], abs=1e-4)
    assert train.mean == test.mean


def test_digits_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_digits()
    train, test = Digits(), Digits(train=False)
    rows = {image.tobytes() for image in theirs.images.astype(np.uint8)}
    ours = np.concatenate([train.images, test.images])[:, 0]
    assert len(ours) == 1797 and {image.tobytes() for image in ours} == rows
    lookup = dict(zip((image.tobytes() for image in theirs.images.astype(np.uint8)), theirs.target))
    for part in (train, test):
        assert all(lookup[image.tobytes()] == label for image, label in zip(part.images[:, 0], part.labels))


def test_no_digit_is_in_both_parts():
    train, test = Digits(), Digits(train=False)
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in test.images}


def test_origin_and_licence_are_beside_the_file():
    folder = Path(nn.data.digits.__file__).parent / "files"
    text = (folder / "digits.txt").read_text()
    assert "CC BY 4.0" in text and "Alpaydin" in text and "UCI" in text
    assert (folder / "digits.npz").stat().st_size < 60_000


# -- MNIST and Fashion-MNIST ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("inner", ["", "mnist", "MNIST/raw"])
def test_a_folder(tmp_path, cache, compress, inner):
    write(tmp_path / "data" / inner, mnist_files(), compress)
    train, test = load("mnist", tmp_path / "data")
    assert (len(train), len(test)) == (6, 3) and train.images.shape == (6, 1, 28, 28)
    assert train.labels.tolist() == [0, 1, 2, 3, 4, 5] and train.name == "mnist, train"
    assert train.mean == test.mean == (0.1307,)
    assert not cache.exists()


def test_names_with_a_dot(tmp_path, cache):
    write(tmp_path, {name.replace("-idx", ".idx"): content for name, content in mnist_files().items()})
    assert len(MNIST(str(tmp_path))) == 6


def test_the_system_and_the_cache_are_searched(tmp_path, cache):
    write(tmp_path / "system" / "mnist", mnist_files(8))
    write(cache / "mnist", mnist_files(6))
    assert len(MNIST()) == 8
    assert len(FashionMNIST(cache / "mnist")) == 6


def test_where_it_looked(tmp_path, cache):
    with pytest.raises(DataError) as caught:
        MNIST(tmp_path / "data")
    text = str(caught.value)
    assert text.startswith("mnist: train-images-idx3-ubyte or train-images-idx3-ubyte.gz is in none of these folders:")
    data = tmp_path / "data"
    assert f"\n    {data}\n    {data / 'mnist'}\n    {data / 'MNIST' / 'raw'}\n" in text
    assert "download=True" in text
    with pytest.raises(DataError) as caught:
        FashionMNIST(download=False)
    assert f"    {tmp_path / 'system' / 'fashion-mnist'}\n    {cache / 'fashion-mnist'}\n" in str(caught.value)


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("TENSORGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tensorgrad"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "tensorgrad"
    monkeypatch.setenv("TENSORGRAD_DATA", "~/data")
    assert cache_folder() == tmp_path / "data"


def serve(web, monkeypatch, cls, folder, files):
    """Let a server have the files, under the digests they have."""
    write(web.folder / folder, files, compress=True)
    bases = (f"{web.address}/{folder}",)
    monkeypatch.setattr(cls, "remotes", {name: replace(remote, sha256=digest(files[name]), bases=bases)
                                         for name, remote in cls.remotes.items()})


@pytest.mark.parametrize("cls, folder", [(MNIST, "mnist"), (FashionMNIST, "fashion-mnist")])
def test_downloads_go_to_the_cache_once(web, cache, monkeypatch, cls, folder):
    serve(web, monkeypatch, cls, folder, mnist_files())
    assert [len(part) for part in load(folder)] == [6, 3]
    assert len(web.requests) == 4 and len(list((cache / folder).iterdir())) == 4
    assert [len(part) for part in load(folder)] == [6, 3]
    assert len(web.requests) == 4


def test_download_into_a_folder_and_from_a_mirror(web, cache, monkeypatch, tmp_path):
    serve(web, monkeypatch, MNIST, "mnist", mnist_files())
    elsewhere = {name: replace(remote, bases=("http://nowhere.invalid",)) for name, remote in MNIST.remotes.items()}
    monkeypatch.setattr(MNIST, "remotes", elsewhere)
    train, _ = load("mnist", tmp_path / "here", download=True, mirror=web.address)
    assert len(train) == 6 and (tmp_path / "here" / "t10k-labels-idx1-ubyte.gz").is_file() and not cache.exists()


def test_a_download_of_other_contents(web, cache, monkeypatch):
    monkeypatch.setenv("TENSORGRAD_MIRROR", web.address)
    write(web.folder / "mnist", mnist_files(), compress=True)
    with pytest.raises(DataError, match="another file: (.|\n)*expected ba891046e6505d7a"):
        load("mnist")
    assert not list((cache / "mnist").iterdir())


def test_the_pinned_digests_are_digests():
    remotes = [*MNIST.remotes.values(), *FashionMNIST.remotes.values(), EMNIST.archive, CIFAR10.archive]
    assert len({remote.sha256 for remote in remotes}) == 10
    assert all(len(remote.sha256) == 64 and int(remote.sha256, 16) for remote in remotes)
    assert all(base.startswith("http") for remote in remotes for base in remote.bases)


@pytest.mark.skipif(not SYSTEM.is_dir(), reason="needs the system's package dataset-fashion-mnist")
def test_fashion_mnist_of_the_system():
    for name, remote in FashionMNIST.remotes.items():
        assert digest(gzip.decompress((SYSTEM / f"{name}.gz").read_bytes())) == remote.sha256
    train, test = load("fashion-mnist")
    assert (len(train), len(test)) == (60_000, 10_000) and np.bincount(train.labels).tolist() == [6000] * 10
    train.measured = None
    assert train.mean == pytest.approx(FashionMNIST.training_mean, abs=5e-5)
    assert train.std == pytest.approx(FashionMNIST.training_std, abs=5e-5)


@pytest.mark.parametrize("change, text", [
    (lambda f: f.update({"train-images-idx3-ubyte": f["train-images-idx3-ubyte"][:-1]}), "truncated"),
    (lambda f: f.update({"train-labels-idx1-ubyte": f["t10k-labels-idx1-ubyte"]}), "6 images, but 3 labels"),
    (lambda f: f.update({"train-labels-idx1-ubyte": f["train-images-idx3-ubyte"]}), "images and labels are not exchanged"),
    (lambda f: f.update({"train-labels-idx1-ubyte": idx(np.full(6, 10, np.uint8))}), "a label is 10"),
    (lambda f: f.update({"train-images-idx3-ubyte": idx(np.zeros((6, 28, 28), np.float32))}), "expected uint8"),
    (lambda f: f.update({"train-images-idx3-ubyte": b"<html>not found</html>"}), "no IDX file"),
])
def test_damaged_folders(tmp_path, change, text):
    files = mnist_files()
    change(files)
    write(tmp_path, files)
    with pytest.raises(DataError, match=text):
        MNIST(tmp_path)


# -- EMNIST -----------------------------------------------------------------------------------------------------------


def emnist_files(split, first=0):
    files = mnist_files(classes=len(SPLITS[split]))
    renamed = {}
    for name, content in files.items():
        if "labels" in name:
            content = idx(np.frombuffer(content[8:], np.uint8) + np.uint8(first))
        renamed[f"emnist-{split}-" + name.replace("t10k", "test")] = content
    return renamed


def emnist_zip(path, *splits):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for split in splits:
            for name, content in emnist_files(split, split == "letters").items():
                archive.writestr(f"gzip/{name}.gz", gzip.compress(content))


def test_emnist_in_folders_is_turned_upright(tmp_path, cache):
    write(tmp_path / "gzip", emnist_files("balanced"), compress=True)
    train, test = load("emnist", tmp_path)
    raw = np.frombuffer(mnist_files()["train-images-idx3-ubyte"][16:], np.uint8).reshape(6, 28, 28)
    np.testing.assert_array_equal(train.images[:, 0], raw.transpose(0, 2, 1))
    assert train.images.flags.c_contiguous and train.num_classes == 47 and train.classes[36] == "a"
    assert test.statistics == train.statistics != EMNIST(tmp_path, train=False).statistics


def test_emnist_from_the_archive(tmp_path, cache):
    emnist_zip(tmp_path / "gzip.zip", "letters", "digits")
    train, _ = load("emnist-letters", tmp_path)
    assert train.labels.tolist() == [0, 1, 2, 3, 4, 5] and train.classes[0] == "A" and train.name == "emnist letters, train"
    with pytest.raises(DataError, match="has no emnist-byclass-train-images-idx3-ubyte.gz"):
        load("emnist-byclass", tmp_path)
    data = bytearray((tmp_path / "gzip.zip").read_bytes())
    for damaged in (data[:-10], data[:2000] + bytes([data[2000] ^ 1]) + data[2001:], b"nothing"):
        (tmp_path / "gzip.zip").write_bytes(damaged)
        with pytest.raises(DataError, match="truncated or damaged"):
            load("emnist-letters", tmp_path)


def test_an_emnist_archive_that_unpacks_without_end(tmp_path, cache, monkeypatch):
    assert mnist_module.MOST_EMNIST == 16 + 697_932 * 784
    monkeypatch.setattr(mnist_module, "MOST_EMNIST", 10_000)
    zeros, name = bytes(20_000), "emnist-digits-train-images-idx3-ubyte.gz"
    for content, text in ((zeros, "member .*ubyte.gz would unpack to 20000 bytes, where 10000 are the most"),
                          (gzip.compress(zeros), "member .*ubyte.gz would unpack to more than 10000 bytes, the most")):
        with zipfile.ZipFile(tmp_path / "gzip.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        with pytest.raises(DataError, match=text):
            load("emnist-digits", tmp_path)


def test_emnist_downloads_its_archive_once(web, cache, monkeypatch):
    emnist_zip(web.folder / "emnist" / "gzip.zip", "digits")
    content = (web.folder / "emnist" / "gzip.zip").read_bytes()
    monkeypatch.setattr(EMNIST, "archive", replace(EMNIST.archive, sha256=digest(content), bases=(f"{web.address}/emnist",)))
    assert [len(part) for part in load("emnist-digits")] == [6, 3] and web.requests == ["/emnist/gzip.zip"]


def test_emnist_refusals(tmp_path, cache):
    with pytest.raises(ArgumentError, match="split='upper' is unknown(.|\n)*balanced, byclass"):
        EMNIST(split="upper")
    with pytest.raises(DataError, match="emnist-mnist-train-images-idx3-ubyte.gz or gzip.zip is in none"):
        EMNIST(tmp_path, "mnist")


def test_the_splits_have_their_classes():
    assert {split: len(set(names)) for split, names in SPLITS.items()} == {
        "balanced": 47, "byclass": 62, "bymerge": 47, "letters": 26, "digits": 10, "mnist": 10}


# -- CIFAR-10 ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cifar(monkeypatch):
    """The contents of the six files, with 20 records instead of 10,000 in each."""
    assert cifar10_module.RECORDS == 10_000
    monkeypatch.setattr(cifar10_module, "RECORDS", 20)
    files = {}
    for i, name in enumerate([*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]):
        records = np.random.default_rng(i).integers(0, 9, (20, RECORD)).astype(np.uint8)
        records[:, 0] = (np.arange(20) + i) % 10
        records[1, 1:1025], records[1, 1025:2049], records[1, 2049:] = 10, 20, 30 + i
        files[name] = records.tobytes()
    return files


def cifar_tar(path, files, folder="cifar-10-batches-bin/"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(folder + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def check_cifar(train, test):
    assert (len(train), len(test), train.channels, train.image_size) == (100, 20, 3, (32, 32))
    assert train.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1] and test.labels[0] == 5
    assert train.images[1, :, 0, 0].tolist() == [10, 20, 30] and train.images[21, 2].max() == 31
    assert train.classes[3] == "cat" and len(train.mean) == 3


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
def test_cifar_in_folders(tmp_path, cache, cifar, inner):
    write(tmp_path / inner, cifar)
    check_cifar(*load("cifar10", tmp_path))


def test_cifar_from_the_archive(tmp_path, cache, cifar):
    hostile = {**cifar, "../../evil.bin": b"x", "readme.html": b"y"}
    cifar_tar(tmp_path / "a" / "cifar-10-binary.tar.gz", hostile)
    check_cifar(*load("cifar10", tmp_path / "a"))
    assert [path.name for path in tmp_path.rglob("*.bin")] == []


def test_cifar_downloads_once_and_keeps_the_records(web, cache, monkeypatch, cifar):
    archive = web.folder / "cifar10" / "cifar-10-binary.tar.gz"
    cifar_tar(archive, cifar)
    monkeypatch.setattr(CIFAR10, "archive", replace(CIFAR10.archive, sha256=digest(archive.read_bytes()),
                                                    bases=("http://nowhere.invalid",)))
    check_cifar(*load("cifar10", mirror=web.address))
    check_cifar(*load("cifar10"))
    assert web.requests == ["/cifar10/cifar-10-binary.tar.gz"]
    assert len(list((cache / "cifar10" / "cifar-10-batches-bin").iterdir())) == 6


def test_damaged_cifar(tmp_path, cache, cifar):
    with pytest.raises(DataError, match="data_batch_1.bin or cifar-10-binary.tar.gz is in none of these folders"):
        CIFAR10(tmp_path)
    write(tmp_path, {"test_batch.bin": cifar["test_batch.bin"][:-1]})
    with pytest.raises(DataError, match="test_batch.bin is truncated: 61459 bytes, where 20 records of 3073 make 61460"):
        CIFAR10(tmp_path, train=False)
    write(tmp_path, {"test_batch.bin": cifar["test_batch.bin"] + b"x"})
    with pytest.raises(DataError, match="test_batch.bin is too long"):
        CIFAR10(tmp_path, train=False)
    write(tmp_path, {"test_batch.bin": b"\x0b" + cifar["test_batch.bin"][1:]})
    with pytest.raises(DataError, match="a label is 11, but the classes are 0 to 9"):
        CIFAR10(tmp_path, train=False)


def test_damaged_archives(tmp_path, cache, cifar):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    cifar_tar(archive, {"test_batch.bin": cifar["test_batch.bin"]})
    with pytest.raises(DataError, match="has no data_batch_1.bin of the right size(.|\n)*binary version"):
        CIFAR10(tmp_path)
    data = archive.read_bytes()
    for damaged in (data[:-20], data[: len(data) // 2], b"nothing", data[:1000] + b"xxxx" + data[1004:]):
        archive.write_bytes(damaged)
        with pytest.raises(DataError, match="truncated or damaged"):
            CIFAR10(tmp_path, train=False)
    packed = bytearray(lzma.compress(gzip.decompress(data)))  # another compression, with errors of its own
    archive.write_bytes(packed)
    with pytest.raises(DataError, match="has no data_batch_1.bin"):
        CIFAR10(tmp_path)
    packed[len(packed) // 2] ^= 1
    archive.write_bytes(packed)
    with pytest.raises(DataError, match="truncated or damaged"):
        CIFAR10(tmp_path, train=False)


def test_a_cifar_archive_that_unpacks_without_end(tmp_path, cache, cifar):
    path, most = tmp_path / "cifar-10-binary.tar.gz", 6 * 20 * RECORD + (4 << 20)
    text = f"cifar10: .*tar.gz is truncated or damaged: it would unpack to more than {most} bytes, the most"
    cifar_tar(path, {**cifar, "zeros": bytes(most)})  # a member that is skipped
    with pytest.raises(DataError, match=text):
        CIFAR10(tmp_path)
    cifar_tar(path, cifar)  # zeros after the end
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(most)))
    with pytest.raises(DataError, match=text):
        CIFAR10(tmp_path)
    claim = tarfile.TarInfo("comment")  # a header that is read into memory whole
    claim.type, claim.size = tarfile.XHDTYPE, 1 << 32
    path.write_bytes(gzip.compress(claim.tobuf(tarfile.USTAR_FORMAT) + bytes(1000)))
    with pytest.raises(DataError, match=text):
        CIFAR10(tmp_path)


# -- by name ----------------------------------------------------------------------------------------------------------


def test_names():
    assert {"digits", "mnist", "fashion-mnist", "emnist", "emnist-letters", "cifar10"} <= set(nn.data.available())
    with pytest.raises(ArgumentError, match="there is no data set 'imagenet'(.|\n)*Use one of: digits, fashion-mnist"):
        load("imagenet")


def test_the_systems_folder():
    assert places_module.SYSTEM == Path("/usr/share/datasets")
