"""Convolution in one, two and three dimensions, and the ops its gradients are made of.

Three ops, each linear in both of its arrays, whose rules name only each other, so that any order of derivative exists:

    y   = Conv(x, w)             d_x = ConvTranspose(grad, w)     d_w = ConvWeightGrad(grad, x)
    x   = ConvTranspose(y, w)    d_y = Conv(grad, w)              d_w = ConvWeightGrad(y, grad)
    w   = ConvWeightGrad(y, x)   d_y = Conv(x, grad)              d_x = ConvTranspose(y, grad)

As everywhere in deep learning, "convolution" does not turn the kernel around (cross-correlation).
"""

from __future__ import annotations

from typing import Any

from tensorgrad import kernels, lineage
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.op import Op
from tensorgrad.ops.channel_sum import ChannelSum
from tensorgrad.ops.images import NameOverAxes, check_same_dtype, check_tensor, images
from tensorgrad.ops.promotion import Operand
from tensorgrad.ops.shape import squeeze, unsqueeze
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window, is_plain

__all__ = ["conv1d", "conv2d", "conv3d"]


class Conv(Op):
    """y[n, f, o] = b[f] + Σ_c Σ_t w[f, c, t] · x[n, c, o·stride - before + t·dilation]"""

    __slots__ = ("window", "groups")
    name = NameOverAxes("convNd", lambda op: op.window.ndim)
    keeps = (0, 1)

    def __init__(self, window: Window, groups: int):
        self.window, self.groups = window, groups

    def forward(self, x, w, bias):
        return kernels.active().conv(x, w, bias, self.window, self.groups)

    def backward(self, grad):
        x, w = self.inputs
        source_x, source_w, source_bias = self.sources
        return (ConvTranspose(self.window, self.groups, x.shape[2:]).apply(grad, w) if source_x is not None else None,
                ConvWeightGrad(self.window, self.groups).apply(grad, x) if source_w is not None else None,
                ChannelSum().apply(grad) if source_bias is not None else None)

    def options(self) -> dict[str, Any]:
        return described(self)


class ConvTranspose(Op):
    """x[n, c, o·stride - before + t·dilation] = Σ_f Σ_o w[f, c, t] · y[n, f, o], over all o and t that lead there"""

    __slots__ = ("window", "groups", "sizes")
    name = NameOverAxes("conv_transposeNd", lambda op: op.window.ndim)
    keeps = (0, 1)

    def __init__(self, window: Window, groups: int, sizes: tuple[int, ...]):
        self.window, self.groups, self.sizes = window, groups, sizes

    def forward(self, y, w):
        return kernels.active().conv_input_grad(y, w, self.sizes, self.window, self.groups)

    def backward(self, grad):
        y, w = self.inputs
        return (Conv(self.window, self.groups).apply(grad, w, None) if self.needs(0) else None,
                ConvWeightGrad(self.window, self.groups).apply(y, grad) if self.needs(1) else None)

    def options(self) -> dict[str, Any]:
        return described(self)


class ConvWeightGrad(Op):
    """w[f, c, t] = Σ_n Σ_o y[n, f, o] · x[n, c, o·stride - before + t·dilation]"""

    __slots__ = ("window", "groups")
    name = NameOverAxes("convNd_weight_grad", lambda op: op.window.ndim)
    keeps = (0, 1)

    def __init__(self, window: Window, groups: int):
        self.window, self.groups = window, groups

    def forward(self, y, x):
        return kernels.active().conv_weight_grad(y, x, self.window, self.groups)

    def backward(self, grad):
        y, x = self.inputs
        sizes = self.shapes[1][2:]
        return (Conv(self.window, self.groups).apply(x, grad, None) if self.needs(0) else None,
                ConvTranspose(self.window, self.groups, sizes).apply(y, grad) if self.needs(1) else None)

    def options(self) -> dict[str, Any]:
        return described(self)


def described(op: Conv | ConvTranspose | ConvWeightGrad) -> dict[str, Any]:
    """An op's settings for its label; one group goes without saying."""
    return op.window.settings() | ({"groups": op.groups} if op.groups > 1 else {})


# -- convolution -------------------------------------------------------------------------------------------------------


def conv1d(input: Operand, weight: Operand, bias: Operand | None = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Tensor:
    """Each filter's products with every window of a sequence, summed: `conv2d` in one dimension.

    Shapes
        input (N, C, W) or (C, W), weight (F, C / groups, L), bias (F,) → (N, F, W') or (F, W')

    Raises
        as `conv2d`

    Example
        >>> conv1d(Tensor([[[1.0, 2.0, 4.0]]]), Tensor([[[-1.0, 1.0]]]))
        tensor([[[1., 2.]]])
    """
    return convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input: Operand, weight: Operand, bias: Operand | None = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Tensor:
    """Each filter's products with every window of an image, summed (cross-correlation, as in PyTorch).

    Arguments
        stride     cells from one window to the next: an integer, or one per axis
        padding    zeros around the image: an integer, one per axis, (before, after) per axis, 'valid' for none, or 'same'
                   for ⌈H / stride⌉ × ⌈W / stride⌉ outputs; an odd total of 'same' has the extra zero after the image
        dilation   cells from one tap of the kernel to the next
        groups     filters of group g see the channels of group g only; with as many groups as channels: depthwise

    Shapes
        input (N, C, H, W) or (C, H, W), weight (F, C / groups, K, L), bias (F,) → (N, F, H', W') or (F, H', W') with
        H' = ⌊(H + before + after - dilation · (K - 1) - 1) / stride⌋ + 1

    Raises
        ShapeError      channels that do not fit, a missing axis, a kernel larger than the padded image
        ArgumentError   an option that makes no sense; groups that do not divide the channels or the filters
        DtypeError      operands of different dtypes

    Example
        >>> import tensorgrad
        >>> x, w = tensorgrad.ones(1, 1, 3, 3), tensorgrad.ones(1, 1, 2, 2)
        >>> conv2d(x, w, stride=1, padding="same").tolist()
        [[[[4.0, 4.0, 2.0], [4.0, 4.0, 2.0], [2.0, 2.0, 1.0]]]]
    """
    return convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input: Operand, weight: Operand, bias: Operand | None = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Tensor:
    """Each filter's products with every window of a volume, summed: `conv2d` in three dimensions.

    Shapes
        input (N, C, D, H, W) or (C, D, H, W), weight (F, C / groups, J, K, L), bias (F,) → (N, F, D', H', W')

    Raises
        as `conv2d`

    Example
        >>> import tensorgrad
        >>> conv3d(tensorgrad.ones(1, 2, 4, 4, 4), tensorgrad.ones(5, 2, 3, 3, 3)).shape
        (1, 5, 2, 2, 2)
    """
    return convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def convolve(who: str, ndim: int, input: Operand, weight: Operand, bias: Operand | None, stride: Any, padding: Any,
             dilation: Any, groups: int) -> Tensor:
    """The body of `conv1d`, `conv2d` and `conv3d`: checks, then the op."""
    # What was found to fit once need not be looked at again.
    try:
        x, w, b = input.array, weight.array, None if bias is None else bias.array
        key = (who, x.shape, w.shape, None if b is None else (b.shape, b.dtype), x.dtype, w.dtype, stride, padding, dilation,
               groups)
        window = fitting[key]
    except (KeyError, AttributeError, TypeError):  # new; no tensor; a list, which has no hash
        window = fitted(who, ndim, input, weight, bias, stride, padding, dilation, groups)
    if input.ndim == ndim + 2:
        return Conv(window, groups).apply(input, weight, bias)
    return squeeze(Conv(window, groups).apply(unsqueeze(input, 0), weight, bias), 0)


fitting: dict[Any, Window] = {}


def fitted(who: str, ndim: int, input: Operand, weight: Operand, bias: Operand | None, stride: Any, padding: Any,
           dilation: Any, groups: int) -> Window:
    """The window, resolved for this input, after all checks of the operands."""
    check_weight(who, ndim, weight, "(F, C / groups", input)
    x = images(who, ndim, input, channels=weight.shape[1] * groups if isinstance(groups, int) else None)
    window = Window.parse(who, ndim, weight.shape[2:], stride, padding, dilation)
    check_groups(who, groups, weight, x)
    check_bias(who, bias, weight.shape[0], weight)
    check_same_dtype(who, input=input, weight=weight, bias=bias)
    sizes = tuple(x.shape[2:])
    window = window.resolve(sizes)
    window.output_sizes(sizes, who, input)
    options = (stride, padding, dilation, groups)
    if all(map(is_plain, options)):
        if len(fitting) >= 4096:
            fitting.clear()
        fitting[(who, input.shape, weight.shape, None if bias is None else (bias.shape, bias.dtype), input.dtype,
                 weight.dtype, *options)] = window
    return window


def check_weight(who: str, ndim: int, weight: Operand, axes: str, input: Operand) -> None:
    """Raise a ShapeError unless the weight has two axes more than there are spatial ones, none of them empty."""
    check_tensor(who, "weight", weight)
    letters = ("K", "K, L", "J, K, L")[ndim - 1]
    if weight.ndim != ndim + 2 or 0 in weight.shape:
        raise ShapeError(message(who, f"the weight cannot have the shape {tuple(weight.shape)}",
                                 {"input": input, "weight": weight},
                                 f"Its axes are {axes}, {letters}), each at least 1 long."))


def check_groups(who: str, groups: Any, weight: Operand, x: Operand) -> None:
    """Raise unless filters divide into groups, and channels are what the weight expects."""
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1:
        raise ArgumentError(message(who, f"groups={groups!r} makes no sense here", None, "Use an integer ≥ 1."))
    filters, per_group = weight.shape[:2]
    channels = x.shape[1]
    operands = {"input": x, "weight": weight}
    if channels != per_group * groups:
        fits = [f"in_channels={channels}, a weight of shape {(filters, channels // groups, *weight.shape[2:])},"] \
            if channels % groups == 0 else []
        if channels % per_group == 0 and filters % (channels // per_group) == 0:
            fits.append(f"groups={channels // per_group}")
        fix = f"Use {' or '.join(fits).rstrip(',')}." if fits else f"The channels must divide by groups={groups}."
        if groups == 1 and channels == filters and not getattr(weight, "name", None):  # no layer's
            fix = f"Transpose the weight, weight.transpose(0, 1): its shape is (out, in, ...).  Or:\n  {fix}"
        raise ShapeError(message(
            who, f"the input has {channels} channels, the weight expects {per_group * groups}"
                 + (f" ({per_group} for each of {groups} groups)" if groups > 1 else ""),
            operands, lineage.with_sizes(fix, x)))
    if filters % groups:
        raise ArgumentError(message(who, f"groups={groups} does not divide {filters} filters", operands,
                                    f"Use a multiple of {groups} filters: {-(-filters // groups) * groups}, for instance."))


def check_bias(who: str, bias: Operand | None, length: int, weight: Operand) -> None:
    """Raise a ShapeError unless there is one bias per output channel, or none at all."""
    if bias is not None and tuple(bias.shape) != (length,):
        raise ShapeError(message(who, f"the bias must have one entry for each of {length} output channels",
                                 {"weight": weight, "bias": bias}, f"Give it the shape ({length},), or pass None."))
