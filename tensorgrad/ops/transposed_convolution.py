"""Transposed convolution in one, two and three dimensions: the gradient of convolution, used forwards to upsample."""

from __future__ import annotations

from typing import Any

from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.convolution import ConvTranspose, check_bias, check_weight
from tensorgrad.ops.images import check_same_dtype, images
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import reshape, squeeze
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window, per_axis

__all__ = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def conv_transpose1d(input: Operand, weight: Operand, bias: Operand | None = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Tensor:
    """Every entry of a sequence spread through the filters, overlaps added: `conv_transpose2d` in one dimension.

    Shapes
        input (N, C, W) or (C, W), weight (C, F / groups, L), bias (F,) → (N, F, W') or (F, W')

    Raises
        as `conv_transpose2d`

    Example
        >>> conv_transpose1d(Tensor([[[1.0, 2.0]]]), Tensor([[[1.0, 1.0, 1.0]]]), stride=2)
        tensor([[[1., 1., 3., 2., 2.]]])
    """
    return convolve_transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(input: Operand, weight: Operand, bias: Operand | None = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Tensor:
    """Every entry of an image spread through the filters, overlaps added: the transpose of `conv2d`, for upsampling.

    Arguments
        stride           cells between the places to which neighbouring entries go
        padding          cells cut off all around: the `padding` of the convolution that this is the transpose of
        output_padding   more cells after the image, below `stride` or `dilation`: several sizes of image give one size of
                         convolution result, and this picks one of them

    Shapes
        input (N, C, H, W) or (C, H, W), weight (C, F / groups, K, L), bias (F,) → (N, F, H', W') or (F, H', W') with
        H' = (H - 1) · stride - 2 · padding + dilation · (K - 1) + 1 + output_padding

    Raises
        ShapeError      channels that do not fit, a missing axis, a result without cells
        ArgumentError   an option that makes no sense
        DtypeError      operands of different dtypes

    Example
        >>> import tensorgrad
        >>> x, w = tensorgrad.ones(1, 1, 2, 2), tensorgrad.ones(1, 1, 2, 2)
        >>> conv_transpose2d(x, w).tolist()
        [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    return convolve_transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(input: Operand, weight: Operand, bias: Operand | None = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1) -> Tensor:
    """Every entry of a volume spread through the filters, overlaps added: `conv_transpose2d` in three dimensions.

    Shapes
        input (N, C, D, H, W) or (C, D, H, W), weight (C, F / groups, J, K, L), bias (F,) → (N, F, D', H', W')

    Raises
        as `conv_transpose2d`

    Example
        >>> import tensorgrad
        >>> conv_transpose3d(tensorgrad.ones(1, 2, 2, 2, 2), tensorgrad.ones(2, 5, 2, 2, 2), stride=2).shape
        (1, 5, 4, 4, 4)
    """
    return convolve_transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def convolve_transposed(who: str, ndim: int, input: Operand, weight: Operand, bias: Operand | None, stride: Any,
                        padding: Any, output_padding: Any, groups: int, dilation: Any) -> Tensor:
    """The body of `conv_transpose1d`, `conv_transpose2d` and `conv_transpose3d`: checks, then the op."""
    check_weight(who, ndim, weight, "(C, F / groups", input)
    x = images(who, ndim, input, channels=weight.shape[0])
    window = Window.parse(who, ndim, weight.shape[2:], stride, per_axis(who, "padding", padding, ndim, least=0), dilation)
    extra = per_axis(who, "output_padding", output_padding, ndim, least=0)
    if any(e >= max(s, d) for e, s, d in zip(extra, window.stride, window.dilation)):
        raise ArgumentError(message(
            who, f"output_padding={output_padding} is not below stride={stride} or dilation={dilation}", None,
            "Use a smaller output_padding: it only picks among the sizes that a strided convolution maps to one."))
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1 or weight.shape[0] % groups:
        raise ArgumentError(message(who, f"groups={groups!r} does not divide {weight.shape[0]} channels", {"weight": weight},
                                    f"Use a divisor of {weight.shape[0]}."))
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(message(who, f"the input has {x.shape[1]} channels, the weight expects {weight.shape[0]}",
                                 {"input": x, "weight": weight}, f"Use in_channels={x.shape[1]}: a weight of shape "
                                 f"{(x.shape[1], *weight.shape[1:])}."))
    check_bias(who, bias, weight.shape[1] * groups, weight)
    check_same_dtype(who, input=input, weight=weight, bias=bias)
    # What output_padding adds at the end is padding taken away there: then sizes and windows determine each other.
    window = Window(window.kernel, window.stride, tuple([(p, p - e) for (p, _), e in zip(window.padding, extra)]),
                    window.dilation)
    sizes = window.input_sizes(tuple(x.shape[2:]))
    if min(sizes) < 1 or 0 in x.shape[2:]:
        raise ShapeError(message(who, f"nothing is left: the result would have the sizes {sizes}",
                                 {"input": x, "weight": weight}, f"Use less padding than {padding}, or a larger input."))
    y = ConvTranspose(window, groups, sizes).apply(x, weight)
    if bias is not None:
        y = y + reshape(bias, 1, -1, *[1] * ndim)
    return y if x is input else squeeze(y, 0)
