"""``x[index]``, select and narrow: what a table row cannot say, and every error text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, RangeError, StaleTensorError


@pytest.fixture
def x() -> Tensor:
    return Tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)


def test_basic_index_is_a_view(x):
    for index in (0, slice(1, 3), (0, 1), (..., None, 2), (slice(2, 0, -1), 0)):
        assert np.may_share_memory(x[index].array, x.array)
    assert x[1, 2].shape == () and x[1, 2].item() == 6.0
    assert x[2:2, 0].shape == (0,)


def test_arrays_and_masks_give_a_copy(x):
    for index in ([0], np.array([True, False, True]), (slice(None), [1, 2])):
        assert not np.may_share_memory(x[index].array, x.array)


def test_write_to_the_base_of_a_kept_view_is_noticed():
    x = Tensor(np.arange(4.0))
    weight = Tensor(np.ones(2), requires_grad=True)
    y = (weight * x[:2]).sum()
    x[0] = 5.0
    with pytest.raises(StaleTensorError, match="input 1 of mul"):
        y.backward()


def test_repeated_entries_add_up(x):
    x[[0, 2, 0, 0]].sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[3] * 4, [0] * 4, [1] * 4])
    x.grad = None
    x[[0, 1, 0], [1, 1, 1]].backward([1.0, 2.0, 4.0])
    np.testing.assert_array_equal(x.grad.numpy()[:, 1], [5, 2, 0])


def test_integer_beside_an_array_is_settled_first():
    x = Tensor(np.zeros((2, 3, 4)))
    assert x[0, :, [1, 2]].shape == (3, 2)  # NumPy counts the 0 as an array and gives (2, 3)
    assert x[[0], :, 1].shape == (1, 3)
    assert x.array[0, :, [1, 2]].shape == (2, 3)


def test_index_of_every_kind(x):
    array = x.array
    same = np.testing.assert_array_equal
    same(x[np.int64(1)].numpy(), array[1])
    same(x[Tensor(1)].numpy(), array[1])
    same(x[Tensor([2, 0])].numpy(), array[[2, 0]])
    same(x[Tensor(1):, Tensor(0):Tensor(2)].numpy(), array[1:, :2])
    same(x[range(2)].numpy(), array[:2])
    same(x[(0, 1), ].numpy(), array[[0, 1]])
    same(x[[True, False, True]].numpy(), array[[0, 2]])
    same(x[np.array([2, 0], np.uint8)].numpy(), array[[2, 0]])
    same(x[[Tensor(1), Tensor(2)]].numpy(), array[[1, 2]])
    same(x[True].numpy(), array[None])
    assert x[False].shape == (0, 3, 4) and x[np.bool_(True), 0].shape == (1, 4) and x[[]].shape == (0, 4)


def test_second_backward_needs_the_index_kept(x):
    y = x[[0, 1]].sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy()[:, 0], [2, 2, 0])
    with pytest.raises(GraphError, match="freed"):
        y.backward()


def test_index_tensor_changed_after_use(x):
    index = Tensor([0, 1])
    y = x[index].sum()
    index.data = np.array([2, 2])
    with pytest.raises(StaleTensorError, match="take_items"):
        y.backward()


def test_labels(x):
    assert x[0, ::2, None].creator.label == "getitem index=[0, ::2, None]"
    assert x[..., 1:3].creator.label == "getitem index=[:, 1:3]"
    assert x[:, [0, 1]].creator.label == "take_items index=[:, array]"


def test_iteration(x):
    assert [row.shape for row in x] == [(4,)] * 3
    first, *others = x
    (first * 2 + others[1]).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[:, 0], [2, 0, 1])
    with pytest.raises(TypeError, match="iter: a tensor without axes has no entries to go through"):
        iter(Tensor(1.0))


shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)


@given(st.data(), shapes)
def test_any_basic_index_is_numpys(data, shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    check_against_numpy(array, data.draw(hnp.basic_indices(shape, allow_newaxis=True)))


@given(st.data(), shapes)
def test_any_array_index_is_numpys(data, shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    check_against_numpy(array, data.draw(hnp.integer_array_indices(shape)))
    check_against_numpy(array, data.draw(hnp.arrays(bool, shape[:data.draw(st.integers(1, len(shape)))])))


def check_against_numpy(array, index):
    """The entries that NumPy picks, and as gradient how often it picks each."""
    x = Tensor(array, requires_grad=True)
    picked = x[index]
    np.testing.assert_array_equal(picked.numpy(), array[index])
    picked.backward(np.ones(picked.shape))
    times = np.bincount(array[index].astype(int).ravel(), minlength=array.size)
    np.testing.assert_array_equal(x.grad.numpy().ravel(), times)


@pytest.mark.parametrize("index, text", [
    (3, r"getitem: index 3 is outside axis 0, which has 3 entries\n    input  \(3, 4\) float64\n  Use -3 to 2."),
    ((0, -5), r"getitem: index -5 is outside axis 1, which has 4 entries(.|\n)*Use -4 to 3."),
    ((..., 4), r"index 4 is outside axis 1"),
    (([0, 7], 0), r"getitem: index 7 is outside axis 0, which has 3 entries\n    input  .*\n    index  \(2,\) int64\n"),
    ((slice(None), [0, -9]), r"index -9 is outside axis 1, which has 4 entries"),
    ((0, 0, 0), r"getitem: 3 indices for 2 axes"),
    ((0, ..., ...), r"getitem: an index has more than one `...`"),
    (np.zeros(4, bool), r"getitem: the mask has shape \(4,\), the axes from 0 on \(3,\)\n(.|\n)*shape of the axes it"),
    ((0, np.zeros((4, 1), bool)), r"3 indices for 2 axes"),
    (([0, 1], [0, 1, 2]), r"getitem: the index arrays do not broadcast together\n    index 0  \(2,\) int64\n    index 1"),
])
def test_index_out_of_range(x, index, text):
    with pytest.raises(RangeError, match=text):
        x[index]


def test_nothing_to_index():
    with pytest.raises(RangeError, match="getitem: a tensor without axes has no entries to pick(.|\n)*x.item()"):
        Tensor(1.0)[0]
    with pytest.raises(RangeError, match="index 0 is outside axis 0, which has 0 entries(.|\n)*The axis is empty."):
        Tensor(np.zeros(0))[0]
    with pytest.raises(RangeError, match="index 0 is outside axis 0, which has 0 entries(.|\n)*The axis is empty."):
        Tensor(np.zeros(0))[[0]]


def test_index_of_the_wrong_kind(x):
    for index in (1.0, [0.5], Tensor([1.0]), "a", None.__class__):
        with pytest.raises(DtypeError, match="getitem: an index is neither integer nor bool(.|\n)*Convert it: index.astype"):
            x[index]
    with pytest.raises(DtypeError, match="does not have integers as its ends(.|\n)*int"):
        x[0.5:]
    with pytest.raises(ArgumentError, match="getitem: a slice has step 0"):
        x[::0]


def test_select_and_narrow_errors(x):
    with pytest.raises(RangeError, match="select: index 4 is outside axis 1, which has 4 entries(.|\n)*Use -4 to 3."):
        x.select(1, 4)
    with pytest.raises(RangeError, match="select: index 0 is outside axis 0(.|\n)*The axis is empty."):
        tg.select(Tensor(np.zeros(0)), 0, 0)
    with pytest.raises(RangeError, match="select: dim=2 is no axis"):
        x.select(2, 0)
    with pytest.raises(RangeError, match="select: a tensor without axes has none to work along(.|\n)*x.reshape"):
        tg.select(Tensor(1.0), 0, 0)
    with pytest.raises(RangeError, match="narrow: axis 1 has no 3 entries from 2 on(.|\n)*Use a length of 0 to 2."):
        x.narrow(1, 2, 3)
    with pytest.raises(RangeError, match="narrow: axis 1 has no -1 entries"):
        x.narrow(1, 0, -1)
    with pytest.raises(RangeError, match="narrow: start=5 is outside axis 1, which has 4 entries(.|\n)*Use -4 to 4."):
        x.narrow(1, 5, 0)
    assert x.narrow(1, 4, 0).shape == (3, 0)
