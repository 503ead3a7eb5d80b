"""Datasets, subsets, splits and how samples become a batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import ArrayDataset, Dataset, Subset, TensorDataset, random_split
from nn.data.dataset import batch_of, collate
from nn.data.images import ImageDataset
from tensorgrad.errors import ArgumentError, DataError, DtypeError, RangeError, ShapeError
from tensorgrad.tensor import Tensor


def test_array_dataset():
    data = ArrayDataset(np.arange(6.0).reshape(3, 2), Tensor([5, 6, 7]))
    assert len(data) == 3 and data[1][0].tolist() == [2.0, 3.0] and data[-1][1] == 7
    inputs, labels = data.batch(np.array([2, 0, 2]))
    assert inputs.tolist() == [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]] and labels.tolist() == [7, 5, 7]
    inputs[:] = 99
    assert data[0][0].tolist() == [0.0, 1.0]


def test_tensor_dataset_gives_tensors():
    sample = TensorDataset(Tensor([[1.0], [2.0]]), Tensor([3, 4]))[0]
    assert all(isinstance(entry, Tensor) for entry in sample) and sample[1].item() == 3


@pytest.mark.parametrize("arrays, text", [
    ((), "expects one or more arrays"), ((np.float64(3.0),), "expects one or more arrays"),
    ((np.zeros((3, 2)), np.zeros(4)), r"different numbers of samples(.|\n)*array 1  \(4,\) float64"),
])
def test_arrays_that_do_not_fit(arrays, text):
    with pytest.raises(ShapeError, match=text):
        ArrayDataset(*arrays)


def test_an_abstract_dataset():
    with pytest.raises(NotImplementedError, match="Dataset.__len__"):
        Dataset().__len__()
    with pytest.raises(NotImplementedError, match="Dataset.__getitem__"):
        Dataset().batch([0])


def test_subset():
    data = ArrayDataset(np.arange(10))
    subset = Subset(Subset(data, [9, 3, 5, -1]), range(3, -1, -1))
    assert [subset[i][0] for i in range(len(subset))] == [9, 5, 3, 9]
    assert subset.batch([0, 2])[0].tolist() == [9, 3]
    assert Subset(list("abc"), [2, 0]).batch([0, 1]) == ["c", "a"]
    for index in (10, -11):
        with pytest.raises(RangeError, match=f"index {index} of a dataset of 10 samples(.|\n)*0 to 9"):
            Subset(data, [0, index])


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(0, 99))
def test_random_split_is_a_partition(lengths, seed):
    total = sum(lengths)
    if lengths == [1]:
        total = 1
    parts = random_split(range(total), lengths, np.random.default_rng(seed))
    assert [len(part) for part in parts] == lengths
    assert sorted(sample for part in parts for sample in (part[i] for i in range(len(part)))) == list(range(total))


@pytest.mark.parametrize("total, fractions, wanted", [
    (10, [0.75, 0.25], [8, 2]), (7, [0.5, 0.5], [4, 3]), (10, [1.0], [10]), (1, [0.2, 0.8], [1, 0]),
    (10, [0.1] * 10, [1] * 10)])
def test_fractions(total, fractions, wanted):
    assert [len(part) for part in random_split(range(total), fractions)] == wanted


def test_a_split_is_drawn_from_the_generator():
    draw = [[part[0] for part in random_split(range(50), [25, 25], np.random.default_rng(seed))] for seed in (1, 1, 2)]
    assert draw[0] == draw[1] != draw[2]


@pytest.mark.parametrize("lengths", [[3, 3], [-1, 11], [0.5, 0.4], [], [12]])
def test_lengths_that_do_not_add_up(lengths):
    with pytest.raises(ArgumentError, match="do not add up to the 10 samples"):
        random_split(range(10), lengths)


def test_collate():
    batch = collate([(np.ones(2, np.float32), 1, 0.5, True, "a", {"x": Tensor([1.0])}),
                     [np.zeros(2, np.float32), 2, 1.5, False, "b", {"x": Tensor([2.0])}]])
    assert [getattr(entry, "dtype", None) for entry in batch[:4]] == [np.float32, np.int64, np.float32, np.bool_]
    assert batch[0].shape == (2, 2) and batch[4] == ["a", "b"] and batch[5]["x"].tolist() == [[1.0], [2.0]]
    assert collate([1, 2.5]).dtype == np.float32 and collate([np.float64(1)]).dtype == np.float64
    assert collate([np.uint8(3), np.uint8(4)]).dtype == np.uint8


@pytest.mark.parametrize("samples, error, text", [
    ([np.zeros(2), np.zeros(3)], ShapeError, r"different shapes(.|\n)*another  \(3,\)"),
    ([(1, 2), (1,)], DtypeError, "has 2 entries, another has not"),
    ([{"a": 1}, {"b": 1}], DtypeError, r"keys \['a'\], another has others"),
])
def test_samples_that_do_not_fit_together(samples, error, text):
    with pytest.raises(error, match=text):
        collate(samples)


def test_anything_with_length_and_index_is_a_dataset():
    assert batch_of([(1, 2), (3, 4), (5, 6)], np.array([2, 0]))[0].tolist() == [5, 1]


# -- images -----------------------------------------------------------------------------------------------------------


def images(n=3, high=255, channels=1):
    return np.random.default_rng(0).integers(0, high + 1, size=(n, channels, 4, 5)).astype(np.uint8)


def test_image_dataset():
    data = ImageDataset("set", images(), np.array([0, 1, 1], np.uint8), ["no", "yes"])
    image, label = data[1]
    assert image.dtype == np.float32 and image.shape == (1, 4, 5) and type(label) is int
    np.testing.assert_array_equal(image, data.images[1] / np.float32(255))
    batch, labels = data.batch([1, 0])
    assert batch.dtype == np.float32 and labels.dtype == np.int64 and labels.tolist() == [1, 0]
    np.testing.assert_array_equal(batch[0], image)
    assert (data.num_classes, data.channels, data.image_size, data.classes) == (2, 1, (4, 5), ("no", "yes"))
    assert repr(data) == "<set: 3 images 1×4×5, 2 classes>"


def test_mean_and_deviation_are_counted_where_unknown():
    data = ImageDataset("set", images(7, 16, 3), np.zeros(7, int), ["x"], scale=16)
    floats = data.batch(np.arange(7))[0].astype(np.float64)
    np.testing.assert_allclose(data.mean, floats.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(data.std, floats.std((0, 2, 3)), rtol=1e-6)
    assert ImageDataset("set", images(), np.zeros(3, int), ["x"], mean=[0.5], std=[0.2]).std == (0.2,)


@pytest.mark.parametrize("labels, options, text", [
    ([0, 1], {}, "3 images, but 2 labels"), ([0, 1, 2], {}, "a label is 2, but the classes are 0 to 1"),
    ([0, -1, 0], {}, "a label is -1"), ([0, 0, 0], {"scale": 16}, "but 16 is the largest"),
])
def test_images_that_do_not_fit(labels, options, text):
    with pytest.raises(DataError, match=text):
        ImageDataset("set", images(), np.array(labels), ["a", "b"], **options)
    with pytest.raises(DataError, match="no images"):
        ImageDataset("set", images(0), np.array([], int), ["a"])
