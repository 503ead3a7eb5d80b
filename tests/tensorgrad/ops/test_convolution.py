"""Convolution worked out by hand, its graph, and its error texts.  Values and gradients at large are in the op table."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad
from tensorgrad import (Tensor, conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, kernels, ones,
                        zeros)
from tensorgrad.autograd import grad
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError
from tensorgrad.ops import convolution


@pytest.fixture(params=kernels.available(), autouse=True)
def kernel_set(request):
    with kernels.use(request.param):
        yield


def leaf(rng, *shape):
    return Tensor(rng.normal(size=shape), requires_grad=True)


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_the_kernel_is_not_turned_around():
    assert conv1d(Tensor([[[1.0, 2.0, 4.0, 8.0]]]), Tensor([[[1.0, 10.0]]])).tolist() == [[[21.0, 42.0, 84.0]]]


def test_channels_are_added_and_filters_have_a_bias_each():
    x = Tensor([[[1.0, 2.0], [3.0, 4.0]]])  # (1, 2, 2)
    w = Tensor([[[1.0], [10.0]], [[1.0], [-1.0]]])
    assert conv1d(x, w, Tensor([100.0, 0.0])).tolist() == [[[131.0, 142.0], [-2.0, -2.0]]]


def test_padding_is_zeros_on_both_sides():
    x = Tensor([[[1.0, 2.0, 3.0]]])
    assert conv1d(x, Tensor([[[1.0, 1.0, 1.0]]]), padding=1).tolist() == [[[3.0, 6.0, 5.0]]]
    assert conv1d(x, Tensor([[[1.0, 1.0, 1.0]]]), padding=3).tolist() == [[[0.0, 1.0, 3.0, 6.0, 5.0, 3.0, 0.0]]]


def test_same_with_an_even_kernel_pads_after():
    x, w = Tensor([[[1.0, 2.0, 3.0]]]), Tensor([[[1.0, 10.0]]])
    assert conv1d(x, w, padding="same").tolist() == [[[21.0, 32.0, 3.0]]]
    wide = Tensor([[[1.0, 10.0, 100.0, 1000.0]]])  # one zero before, two after
    assert conv1d(x, wide, padding="same").tolist() == [[[3210.0, 321.0, 32.0]]]


def test_same_with_a_stride():
    x, w = Tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]), Tensor([[[1.0, 10.0, 100.0]]])
    assert conv1d(x, w, padding="same", stride=2).tolist() == [[[210.0, 432.0, 54.0]]]  # windows around 1, 3 and 5
    assert conv1d(x[..., :4], w, padding="same", stride=2).tolist() == [[[321.0, 43.0]]]  # one zero, after
    assert conv2d(zeros(1, 1, 7, 8), zeros(1, 1, 3, 3), padding="same", stride=(2, 3)).shape == (1, 1, 4, 3)


def test_dilation_and_stride():
    x = Tensor([[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]])
    assert conv1d(x, Tensor([[[1.0, 10.0]]]), dilation=3).tolist() == [[[41.0, 52.0, 63.0]]]
    assert conv1d(x, Tensor([[[1.0, 10.0]]]), dilation=3, stride=2).tolist() == [[[41.0, 63.0]]]


def test_groups_see_their_own_channels():
    x = Tensor([[[1.0], [2.0], [3.0], [4.0]]])
    assert conv1d(x, Tensor([[[1.0], [10.0]], [[1.0], [10.0]]]), groups=2).tolist() == [[[21.0], [43.0]]]
    assert conv1d(x, Tensor([[[1.0]], [[10.0]], [[100.0]], [[1000.0]]]), groups=4).tolist() == [[[1], [20], [300], [4000]]]


def test_transposed_convolution_undoes_the_size():
    for size in (7, 8):
        y = conv2d(zeros(1, 2, size, size), zeros(3, 2, 3, 3), stride=2, padding=1)
        assert y.shape == (1, 3, 4, 4)
        back = conv_transpose2d(y, zeros(3, 2, 3, 3), stride=2, padding=1, output_padding=size - 7)
        assert back.shape == (1, 2, size, size)


def test_output_padding_adds_cells_that_only_the_padding_had_cut_off():
    x, w = Tensor([[[1.0, 2.0]]]), Tensor([[[1.0, 10.0, 100.0]]])
    assert conv_transpose1d(x, w, stride=2).tolist() == [[[1.0, 10.0, 102.0, 20.0, 200.0]]]
    assert conv_transpose1d(x, w, stride=2, padding=1).tolist() == [[[10.0, 102.0, 20.0]]]
    assert conv_transpose1d(x, w, stride=2, padding=1, output_padding=1).tolist() == [[[10.0, 102.0, 20.0, 200.0]]]
    assert conv_transpose1d(x, w, stride=2, output_padding=1).tolist() == [[[1.0, 10.0, 102.0, 20.0, 200.0, 0.0]]]


def test_one_image_without_a_batch_axis():
    x, w = ones(1, 3, 4), ones(2, 1, 2, 2)
    assert conv2d(x, w).tolist() == conv2d(x.reshape(1, 1, 3, 4), w)[0].tolist()
    assert conv1d(ones(1, 5), ones(2, 1, 2)).shape == (2, 4)
    assert conv3d(ones(1, 3, 4, 5), ones(2, 1, 2, 2, 2)).shape == (2, 2, 3, 4)
    assert conv_transpose2d(x, ones(1, 2, 2, 2)).shape == (2, 4, 5)
    assert conv_transpose3d(ones(1, 3, 4, 5), ones(1, 2, 2, 2, 2)).shape == (2, 4, 5, 6)


def test_empty_batch():
    x, w, b = zeros(0, 3, 8, 8).requires_grad_(), ones(4, 3, 3, 3, requires_grad=True), zeros(4, requires_grad=True)
    y = conv2d(x, w, b, padding=1)
    assert y.shape == (0, 4, 8, 8)
    y.sum().backward()
    assert x.grad.shape == x.shape and not w.grad.numpy().any() and b.grad.tolist() == [0.0] * 4


def test_nan_stays_in_its_windows():
    x = np.ones((1, 1, 4, 4), np.float32)
    x[0, 0, 0, 0] = np.nan
    y = conv2d(Tensor(x), ones(1, 1, 2, 2)).numpy()
    assert np.isnan(y).sum() == 1 and np.isnan(y[0, 0, 0, 0])


# -- the graph ---------------------------------------------------------------------------------------------------------


def test_results_are_channels_last_in_memory(rng):
    x, w = leaf(rng, 2, 3, 6, 6), leaf(rng, 4, 3, 3, 3)
    y = conv2d(x, w, padding=1)
    assert y.shape == (2, 4, 6, 6) and np.moveaxis(y.numpy(), 1, -1).flags.c_contiguous
    y.backward(rng.normal(size=y.shape))
    assert np.moveaxis(x.grad.numpy(), 1, -1).flags.c_contiguous
    assert w.grad.numpy().flags.c_contiguous


def test_labels():
    x, w = ones(1, 4, 8, 8, requires_grad=True), ones(4, 2, 3, 3)
    assert conv2d(x, w, stride=2, padding=1, groups=2).creator.label == "conv2d kernel=3×3 stride=2 padding=1 groups=2"
    assert conv2d(x, w, groups=2, dilation=(1, 2)).creator.label == "conv2d kernel=3×3 stride=1 dilation=(1, 2) groups=2"
    assert conv1d(x[0], ones(2, 8, 3), padding="same").creator.label == "conv1d kernel=3 stride=1 padding=1"
    assert conv_transpose2d(x, w, stride=2).creator.label == "conv_transpose2d kernel=3×3 stride=2"
    y = conv3d(ones(1, 2, 4, 4, 4, requires_grad=True), ones(3, 2, 2, 2, 2, requires_grad=True))
    assert y.creator.label == "conv3d kernel=2×2×2 stride=1"
    with tensorgrad.scope("features"), tensorgrad.scope("conv1"):
        assert conv2d(x, w, groups=2).creator.where == "features.conv1/conv2d"


def test_the_first_layer_computes_no_gradient_for_the_image(monkeypatch):
    called = []
    real = kernels.active().conv_input_grad
    monkeypatch.setattr(kernels.active(), "conv_input_grad", lambda *args: called.append(1) or real(*args))
    x, w = ones(1, 2, 5, 5), ones(3, 2, 3, 3, requires_grad=True)
    conv2d(x, w).sum().backward()
    assert not called and x.grad is None and w.grad is not None
    conv2d(x.clone().requires_grad_(), w).sum().backward()
    assert called


def test_each_gradient_is_computed_only_where_it_is_wanted(monkeypatch):
    for name in ("conv_weight_grad", "channel_sum"):
        monkeypatch.setattr(kernels.active(), name, None)  # calling it would fail
    x = ones(1, 2, 5, 5, requires_grad=True)
    conv2d(x, ones(3, 2, 3, 3), ones(3)).sum().backward()
    assert x.grad.shape == x.shape


def test_third_derivative(rng):
    """f = (Σ conv(x, w)²): its third derivatives mix all three ops of the family."""
    x, w = leaf(rng, 1, 2, 5, 5), leaf(rng, 2, 2, 3, 3)
    v, u = rng.normal(size=x.shape), rng.normal(size=w.shape)

    def second(x, w):
        y = conv2d(x, w, stride=2, padding=1)
        (d_x,) = grad((y * y).sum(), x, create_graph=True)
        (d_xw,) = grad((d_x * v).sum(), w, create_graph=True)
        return (d_xw * u).sum()

    (third,) = grad(second(x, w), x)
    direction, step = rng.normal(size=x.shape), 1e-5
    up = second(Tensor(x.numpy() + step * direction, requires_grad=True), w).item()
    down = second(Tensor(x.numpy() - step * direction, requires_grad=True), w).item()
    assert (third.numpy() * direction).sum() == pytest.approx((up - down) / (2 * step), rel=1e-6)


def test_second_backward_needs_a_retained_graph():
    x, w = ones(1, 1, 3, 3, requires_grad=True), ones(1, 1, 2, 2, requires_grad=True)
    y = conv2d(x, w).sum()
    y.backward()
    with pytest.raises(GraphError, match="conv2d was already used|was already used by a backward pass"):
        y.backward()


def test_arrays_give_arrays():
    y = conv2d(np.ones((1, 1, 3, 3)), np.ones((2, 1, 2, 2)))
    assert type(y) is np.ndarray and y.shape == (1, 2, 2, 2)


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x, w, options, error, text", [
    ((8, 3, 28, 28), (6, 1, 5, 5), {}, ShapeError,
     "conv2d: the input has 3 channels, the weight expects 1\n"
     "    input   (8, 3, 28, 28) float32\n"
     "    weight  (6, 1, 5, 5) float32\n"
     "  Use in_channels=3, a weight of shape (6, 3, 5, 5), or groups=3."),
    ((8, 4, 28, 28), (6, 3, 5, 5), {}, ShapeError, "  Use in_channels=4, a weight of shape (6, 4, 5, 5)."),
    ((8, 28, 28, 3), (6, 3, 5, 5), {}, ShapeError,
     "conv2d: the input has 28 channels, the weight expects 3\n"
     "    input  (8, 28, 28, 3) float32\n"
     "  The last axis has 3 entries: if it is the channels, use x.permute(0, 3, 1, 2)."),
    ((28, 28, 3), (6, 3, 5, 5), {}, ShapeError, "use x.permute(2, 0, 1)."),
    ((64, 28, 28), (6, 1, 5, 5), {}, ShapeError,
     "Without an axis N it is one image (C, H, W).  If these are 64 images of one channel, use x.unsqueeze(1)."),
    ((28, 28), (6, 1, 5, 5), {}, ShapeError,
     "conv2d: the input has 2 axes, not (N, C, H, W)\n"
     "    input  (28, 28) float32\n"
     "  Use (N, C, H, W), or (C, H, W) for one image.  For one image of one channel: x.reshape(1, 1, 28, 28)."),
    ((2, 3, 4, 28, 28), (6, 3, 5, 5), {}, ShapeError, "the input has 5 axes, not (N, C, H, W)"),
    ((2, 4, 9, 9), (6, 2, 5, 5), {"groups": 4}, ShapeError,
     "the input has 4 channels, the weight expects 8 (2 for each of 4 groups)"),
    ((2, 5, 8, 8), (6, 2, 5, 5), {"groups": 2}, ShapeError, "The channels must divide by groups=2."),
    ((2, 4, 8, 8), (6, 1, 5, 5), {"groups": 4}, ArgumentError,
     "groups=4 does not divide 6 filters\n"
     "    input   (2, 4, 8, 8) float32\n"
     "    weight  (6, 1, 5, 5) float32\n"
     "  Use a multiple of 4 filters: 8, for instance."),
    ((2, 4, 8, 8), (6, 4, 5, 5), {"groups": 0}, ArgumentError, "groups=0 makes no sense here\n  Use an integer ≥ 1."),
    ((2, 1, 4, 4), (6, 1, 5, 5), {}, ShapeError,
     "conv2d: kernel 5×5 is larger than the padded image 4×4\n"
     "    input    (2, 1, 4, 4) float32\n"
     "    padding  0\n"
     "  Use kernel_size ≤ 4×4 or 1 more padding on each side, or an image of at least 5×5."),
    ((2, 1, 4, 4), (6, 1, 5), {}, ShapeError,
     "the weight cannot have the shape (6, 1, 5)\n"
     "    input   (2, 1, 4, 4) float32\n"
     "    weight  (6, 1, 5) float32\n"
     "  Its axes are (F, C / groups, K, L), each at least 1 long."),
    ((2, 1, 4, 4), (6, 1, 3, 0), {}, ShapeError, "the weight cannot have the shape (6, 1, 3, 0)"),
    ((2, 1, 4, 4), (6, 1, 3, 3), {"stride": (1, 0)}, ArgumentError, "stride=(1, 0) makes no sense here"),
    ((2, 1, 4, 4), (6, 1, 3, 3), {"padding": "full"}, ArgumentError, "padding='full' is no way to pad"),
])
def test_what_does_not_fit(x, w, options, error, text):
    with pytest.raises(error) as found:
        conv2d(zeros(*x), zeros(*w), **options)
    assert text in str(found.value)


def test_bias_of_another_length():
    with pytest.raises(ShapeError, match=r"one entry for each of 6 output channels\n.*\n    bias    \(5,\) float32\n"
                                         r"  Give it the shape \(6,\), or pass None."):
        conv2d(zeros(1, 1, 4, 4), zeros(6, 1, 3, 3), zeros(5))
    with pytest.raises(ShapeError, match="one entry for each of 4 output channels"):
        conv_transpose2d(zeros(1, 6, 4, 4), zeros(6, 2, 3, 3), zeros(6), groups=2)


def test_different_dtypes():
    text = (r"conv2d: the operands have different dtypes\n    input   .* float64\n    weight  .* float32\n"
            r"  Convert the input: x.to\(weight.dtype\), or the model.")
    with pytest.raises(DtypeError, match=text):
        conv2d(zeros(1, 1, 4, 4, dtype="float64"), zeros(6, 1, 3, 3))


def test_operands_that_are_no_tensors():
    with pytest.raises(DtypeError, match=r"conv1d: input is a list, not a tensor\n  Use tensorgrad.tensor\(input\)."):
        conv1d([[1.0]], zeros(6, 1, 3))
    with pytest.raises(DtypeError, match="conv1d: weight is a list"):
        conv1d(zeros(1, 1, 3), [[[1.0]]])


@pytest.mark.parametrize("x, w, options, error, text", [
    ((2, 3, 4, 4), (6, 1, 3, 3), {}, ShapeError,
     "conv_transpose2d: the input has 3 channels, the weight expects 6\n"
     "    input   (2, 3, 4, 4) float32\n"
     "    weight  (6, 1, 3, 3) float32\n"
     "  Use in_channels=3: a weight of shape (3, 1, 3, 3)."),
    ((2, 6, 4, 4), (6, 1, 3, 3), {"groups": 4}, ArgumentError, "groups=4 does not divide 6 channels"),
    ((2, 6, 4, 4), (6, 1, 3, 3), {"output_padding": 1}, ArgumentError,
     "output_padding=1 is not below stride=1 or dilation=1\n  Use a smaller output_padding"),
    ((2, 6, 1, 1), (6, 1, 3, 3), {"padding": 2}, ShapeError,
     "nothing is left: the result would have the sizes (-1, -1)"),
    ((2, 6, 4, 4), (6, 1, 3, 3), {"padding": "same"}, ArgumentError, "padding='same' makes no sense here"),
    ((2, 4, 4, 6), (6, 1, 3, 3), {}, ShapeError, "use x.permute(0, 3, 1, 2)"),
])
def test_what_does_not_fit_transposed(x, w, options, error, text):
    with pytest.raises(error) as found:
        conv_transpose2d(zeros(*x), zeros(*w), **options)
    assert text in str(found.value)


@pytest.mark.parametrize("options", [{"stride": [2, 1]}, {"padding": [1, 0]}, {"stride": np.int64(2)},
                                     {"dilation": (1, np.int32(2))}], ids=str)
def test_options_in_lists_and_of_numpy(options):
    """They cannot be looked up by value, and mean the same."""
    x, w = Tensor(np.random.default_rng(0).normal(size=(1, 2, 7, 8))), Tensor(np.ones((3, 2, 3, 3)))
    plain = {name: int(value) if np.isscalar(value) else tuple(map(int, value)) for name, value in options.items()}
    np.testing.assert_array_equal(conv2d(x, w, **options).numpy(), conv2d(x, w, **plain).numpy())


def test_what_is_known_of_shapes_does_not_grow_without_end(monkeypatch):
    known = dict.fromkeys(range(4095))
    monkeypatch.setattr(convolution, "fitting", known)
    for size, count in ((5, 4096), (6, 1), (5, 2)):
        assert conv2d(ones(1, 1, size, size), ones(1, 1, 3, 3)).tolist() == [[[[9.0] * (size - 2)] * (size - 2)]]
        assert len(known) == count
