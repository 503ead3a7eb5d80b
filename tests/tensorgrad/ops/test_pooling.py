"""Pooling worked out by hand, its graph, and its error texts.  Values and gradients at large are in the op table."""

from __future__ import annotations

import numpy as np
import pytest

from tensorgrad import (Tensor, adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool1d, avg_pool2d,
                        kernels, max_pool1d, max_pool2d, max_pool3d, max_unpool1d, max_unpool2d, tensor, zeros)
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, RangeError, ShapeError
from tensorgrad.ops import pooling


@pytest.fixture(params=kernels.available(), autouse=True)
def kernel_set(request):
    with kernels.use(request.param):
        yield


def gradient(function, x):
    """The gradient of the sum of the result."""
    x = Tensor(x, requires_grad=True)
    function(x).sum().backward()
    return x.grad.tolist()


# -- maximum -----------------------------------------------------------------------------------------------------------


def test_padding_never_wins():
    x = -np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    y, winners = max_pool2d(Tensor(x), 2, stride=2, padding=1, return_indices=True)
    assert y.tolist() == [[[[-1.0, -2.0], [-4.0, -5.0]]]]
    assert winners.tolist() == [[[[0, 1], [3, 4]]]]


def test_padding_does_not_even_win_against_minus_infinity():
    y, winners = max_pool1d(Tensor([[[-np.inf, -np.inf, -np.inf]]]), 3, stride=2, padding=1, return_indices=True)
    assert y.tolist() == [[[-np.inf, -np.inf]]] and winners.tolist() == [[[0, 1]]]
    assert gradient(lambda x: max_pool1d(x, 3, 2, 1), [[[-np.inf] * 3]]) == [[[1.0, 1.0, 0.0]]]


def test_a_tie_goes_to_the_first_in_row_major_order():
    x = [[[[1.0, 7.0, 7.0], [7.0, 7.0, 0.0]]]]
    y, winners = max_pool2d(Tensor(x), 2, stride=1, return_indices=True)
    assert winners.tolist() == [[[[1, 1]]]]
    assert gradient(lambda x: max_pool2d(x, 2, 1), x) == [[[[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]]]


def test_equal_windows_all_go_to_their_first_cell():
    assert gradient(lambda x: max_pool2d(x, 2), np.zeros((1, 1, 2, 4))) == [[[[1.0, 0.0, 1.0, 0.0], [0.0] * 4]]]


def test_nan_wins_and_the_last_one_is_the_winner():
    y, winners = max_pool1d(Tensor([[[9.0, np.nan, np.nan, 8.0, 1.0, 2.0]]]), 3, return_indices=True)
    assert np.isnan(y.numpy()[0, 0, 0]) and y.numpy()[0, 0, 1] == 8 and winners.tolist() == [[[2, 3]]]


def test_overlapping_windows_add_up():
    assert gradient(lambda x: max_pool1d(x, 3, 1), [[[1.0, 2.0, 5.0, 3.0, 4.0]]]) == [[[0.0, 0.0, 3.0, 0.0, 0.0]]]


def test_ceil_mode_takes_cells_that_are_left_over():
    x = Tensor([[[1.0, 2.0, 3.0, 4.0, -5.0]]])
    assert max_pool1d(x, 2).tolist() == [[[2.0, 4.0]]]
    assert max_pool1d(x, 2, ceil_mode=True).tolist() == [[[2.0, 4.0, -5.0]]]
    assert max_pool2d(zeros(1, 1, 5, 5), 2, ceil_mode=True).shape == (1, 1, 3, 3)


def test_ceil_mode_window_does_not_start_in_the_right_padding():
    x = Tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]])
    assert max_pool1d(x, 2, stride=3, padding=1, ceil_mode=True).tolist() == [[[1.0, 4.0]]]  # the next would start at 5
    assert avg_pool1d(x, 2, stride=3, padding=1, ceil_mode=True).tolist() == [[[0.5, 3.5]]]


def test_dilation():
    assert max_pool1d(Tensor([[[1.0, 9.0, 2.0, 3.0]]]), 2, stride=1, dilation=2).tolist() == [[[2.0, 9.0]]]


def test_stride_is_the_kernel_unless_given():
    assert max_pool2d(zeros(1, 1, 6, 6), (3, 2)).shape == (1, 1, 2, 3)
    assert max_pool2d(zeros(1, 1, 6, 6), (3, 2), 1).shape == (1, 1, 4, 5)


def test_one_image_without_a_batch_axis():
    x = Tensor(np.arange(8.0).reshape(2, 2, 2), requires_grad=True)
    y, winners = max_pool2d(x, 2, return_indices=True)
    assert y.tolist() == [[[3.0]], [[7.0]]] and winners.tolist() == [[[3]], [[3]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[0.0, 0.0], [0.0, 1.0]]] * 2


def test_integers_have_a_maximum():
    y = max_pool2d(tensor([[[1, 2], [4, 3]]]), 2)
    assert y.tolist() == [[[4]]] and y.dtype == np.int64


def test_empty_batch():
    x = zeros(0, 3, 4, 4).requires_grad_()
    for y in (max_pool2d(x, 2), avg_pool2d(x, 2), adaptive_avg_pool2d(x, 2), adaptive_max_pool2d(x, 2)):
        assert y.shape == (0, 3, 2, 2)
        y.sum().backward()
    assert x.grad.shape == x.shape


# -- average -----------------------------------------------------------------------------------------------------------


def test_average_with_and_without_the_padding():
    x = Tensor([[[3.0, 6.0, 9.0]]])
    assert avg_pool1d(x, 3, 2, 1).tolist() == [[[3.0, 5.0]]]
    assert avg_pool1d(x, 3, 2, 1, count_include_pad=False).tolist() == [[[4.5, 7.5]]]


def test_cells_past_the_padding_never_count():
    """Windows of 3 with stride 2 on 1 + 4 + 1 cells: the last covers cell 3, the padding, and one cell past it."""
    x = Tensor([[[1.0, 2.0, 3.0, 4.0]]])
    assert avg_pool1d(x, 3, 2, 1, ceil_mode=True).tolist() == [[[1.0, 3.0, 2.0]]]
    assert avg_pool1d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False).tolist() == [[[1.5, 3.0, 4.0]]]


def test_divisor_override():
    x = np.ones((1, 1, 2, 2))
    assert avg_pool2d(Tensor(x), 2, divisor_override=8).tolist() == [[[[0.5]]]]
    assert gradient(lambda x: avg_pool2d(x, 2, divisor_override=8), x) == [[[[0.125, 0.125], [0.125, 0.125]]]]


def test_gradient_of_the_average_is_shared():
    assert gradient(lambda x: avg_pool1d(x, 2, 1), [[[0.0, 0.0, 0.0]]]) == [[[0.5, 1.0, 0.5]]]


# -- adaptive ----------------------------------------------------------------------------------------------------------


def test_adaptive_windows_overlap_where_they_do_not_divide():
    x = Tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]])  # 5 cells in 3 windows: 0-1, 1-3, 3-4
    assert adaptive_avg_pool1d(x, 3).tolist() == [[[1.5, 3.0, 4.5]]]
    assert adaptive_avg_pool1d(x, 1).tolist() == [[[3.0]]]
    assert adaptive_avg_pool1d(x, 10).tolist() == [[[1, 1, 2, 2, 3, 3, 4, 4, 5, 5]]]


def test_adaptive_maximum_ties_go_to_the_first_in_row_major_order():
    y, winners = adaptive_max_pool2d(Tensor([[[[0.0, 7.0], [7.0, 7.0]]]]), 1, return_indices=True)
    assert winners.tolist() == [[[[1]]]]


def test_infinity_stays_in_its_window():
    assert adaptive_avg_pool1d(Tensor([[[np.inf, 1.0, 2.0, 3.0]]]), 2).tolist() == [[[np.inf, 2.5]]]


def test_means_of_integers_are_rounded_towards_zero():
    assert avg_pool1d(tensor([[1, 2, 2], [-1, -2, -2]]), 3).tolist() == [[1], [-1]]
    assert avg_pool1d(tensor([[2**40 + 1, 2**40 + 2]]), 2).tolist() == [[2**40 + 1]]
    assert avg_pool2d(tensor([[[[1, 2], [3, 4]]]], dtype="int32"), 2).dtype == "int32"


# -- unpooling ---------------------------------------------------------------------------------------------------------


def test_unpooling_puts_entries_back():
    x = Tensor([[[1.0, 3.0, 5.0, 2.0, 9.0]]])
    y, winners = max_pool1d(x, 2, return_indices=True)
    assert max_unpool1d(y, winners, 2).tolist() == [[[0.0, 3.0, 5.0, 0.0]]]
    assert max_unpool1d(y, winners, 2, output_size=(5,)).tolist() == [[[0.0, 3.0, 5.0, 0.0, 0.0]]]
    assert max_unpool1d(y, winners, 2, output_size=x.shape).tolist() == [[[0.0, 3.0, 5.0, 0.0, 0.0]]]


def test_unpooling_keeps_the_last_of_several_winners_of_a_cell():
    y = tensor([[[1.0, 2.0, 3.0]]], requires_grad=True)
    x = max_unpool1d(y, tensor([[[1, 1, 2]]]), 2)
    assert x.tolist() == [[[0.0, 2.0, 3.0, 0.0, 0.0, 0.0]]]
    x.backward(tensor([[[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]]]))
    assert y.grad.tolist() == [[[20.0, 20.0, 30.0]]]  # as in PyTorch, also the one that was written over


@pytest.mark.parametrize("indices, error, text", [
    (zeros(1, 1, 2, 2), DtypeError, "max_unpool2d: the indices are no integers"),
    (zeros(1, 1, 2, 1, dtype="int64"), ShapeError, "input and indices differ in shape"),
    (tensor([[[[0, 1], [2, 16]]]]), RangeError, "indices from 0 to 16 do not lie in an image of 16 cells"),
    (tensor([[[[0, 1], [2, -1]]]]), RangeError, "indices from -1 to 2 do not lie"),
])
def test_indices_that_do_not_fit(indices, error, text):
    with pytest.raises(error, match=text):
        max_unpool2d(zeros(1, 1, 2, 2), indices, 2)


# -- the graph ---------------------------------------------------------------------------------------------------------


def test_labels():
    x = zeros(1, 2, 8, 8, requires_grad=True)
    assert max_pool2d(x, 2).creator.label == "max_pool2d kernel=2×2 stride=2"
    assert max_pool2d(x, 3, 2, 1, ceil_mode=True).creator.label == "max_pool2d kernel=3×3 stride=2 padding=1 ceil_mode=True"
    assert avg_pool2d(x, 2, count_include_pad=False).creator.label == "avg_pool2d kernel=2×2 stride=2"
    assert avg_pool2d(x, 2, padding=1, count_include_pad=False, divisor_override=3).creator.label == (
        "avg_pool2d kernel=2×2 stride=2 padding=1 count_include_pad=False divisor_override=3")
    assert adaptive_avg_pool2d(x, 1).creator.label == "adaptive_avg_pool2d output_size=(1, 1)"
    assert adaptive_max_pool2d(x, 1).creator.label == "adaptive_max_pool2d output_size=(1, 1)"
    assert max_pool3d(x[None], 2).creator.name == "max_pool3d"


def test_results_are_channels_last_in_memory():
    x = Tensor(np.random.normal(size=(2, 3, 4, 4)), requires_grad=True)
    for y in (max_pool2d(x, 2), avg_pool2d(x, 2), adaptive_avg_pool2d(x, 2), adaptive_max_pool2d(x, 2)):
        assert np.moveaxis(y.numpy(), 1, -1).flags.c_contiguous
        x.grad = None
        y.sum().backward()
        assert x.grad.shape == x.shape


def test_second_backward_needs_a_retained_graph():
    y = max_pool2d(zeros(1, 1, 2, 2, requires_grad=True), 2)
    y.backward()
    with pytest.raises(GraphError, match="max_pool2d was already used by a backward pass"):
        y.backward()


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call, error, text", [
    (lambda: max_pool2d(zeros(2, 6, 4, 4), 5), ShapeError,
     "max_pool2d: kernel 5×5 is larger than the padded image 4×4\n"
     "    input    (2, 6, 4, 4) float32\n"
     "    padding  0\n"
     "  Use kernel_size ≤ 4×4 or 1 more padding on each side, or an image of at least 5×5."),
    (lambda: max_pool2d(zeros(2, 6, 4, 4), 2, padding=2), ArgumentError,
     "max_pool2d: padding 2 is more than half of the kernel, 2 taps over 2 cells\n"
     "    input  (2, 6, 4, 4) float32\n"
     "  Use padding ≤ 1, or pad the input first: beyond that, a window may have no cell at all."),
    (lambda: avg_pool2d(zeros(2, 6, 4, 4), (4, 2), padding=2), ArgumentError,
     "avg_pool2d: padding 2 is more than half of the kernel, 2 taps"),
    (lambda: max_pool2d(zeros(6, 4), 2), ShapeError,
     "max_pool2d: the input has 2 axes, not (N, C, H, W)\n    input  (6, 4) float32\n"
     "  Use (N, C, H, W), or (C, H, W) for one image."),
    (lambda: max_pool2d(zeros(2, 6, 2, 2), 2, padding=1, dilation=3), ShapeError,
     "a window of kernel=2×2 stride=2 padding=1 dilation=3 has no tap on a cell of the image"),
    (lambda: max_pool2d(zeros(2, 6, 4, 4), 0), ArgumentError, "max_pool2d: kernel_size=0 makes no sense here"),
    (lambda: max_pool2d(zeros(2, 6, 4, 4), 2, stride=(1, 2, 3)), ArgumentError, "stride=(1, 2, 3) makes no sense here"),
    (lambda: avg_pool2d(zeros(2, 6, 2, 2, dtype="bool"), 2), DtypeError,
     "avg_pool2d: the mean of bool values is no bool\n    input  (2, 6, 2, 2) bool\n  Convert first: x.float()."),
    (lambda: adaptive_avg_pool2d(zeros(2, 6, 2, 2, dtype="int64"), 2), DtypeError, "adaptive_avg_pool2d: the mean of int64"),
    (lambda: avg_pool2d(zeros(2, 6, 2, 2), 2, divisor_override=0), ArgumentError,
     "divisor_override=0 cannot divide\n    input  (2, 6, 2, 2) float32\n  Use a number other than 0"),
    (lambda: adaptive_avg_pool2d(zeros(2, 6, 2, 2), (1, 2, 3)), ArgumentError,
     "output_size=(1, 2, 3) makes no sense here\n    input  (2, 6, 2, 2) float32\n"
     "  Use an integer ≥ 0, or 2 of them; None keeps the input's size."),
    (lambda: adaptive_max_pool2d(zeros(2, 6, 0, 2), 1), ShapeError,
     "adaptive_max_pool2d: the input has no cells\n    input  (2, 6, 0, 2) float32\n  Only the batch may be empty."),
    (lambda: max_pool1d([1.0, 2.0], 2), DtypeError, "max_pool1d: input is a list, not a tensor"),
])
def test_what_does_not_fit(call, error, text):
    with pytest.raises(error) as found:
        call()
    assert text in str(found.value)


def test_options_in_lists_and_shapes_without_end(monkeypatch):
    known = dict.fromkeys(range(4095))
    monkeypatch.setattr(pooling, "fitting", known)
    x = Tensor(np.arange(36.0).reshape(1, 1, 6, 6))
    wanted = [[[[14.0, 16.0], [26.0, 28.0]]]]
    for _ in range(2):  # the second one is looked up
        assert max_pool2d(x, (3, 3), (2, 2)).tolist() == wanted and len(known) == 4096
    assert max_pool2d(x, [3, 3], [2, np.int64(2)]).tolist() == wanted and len(known) == 4096
    assert max_pool2d(x[..., :5], (3, 3), (2, 2)).tolist() == wanted and len(known) == 1
