"""Convolution and transposed convolution layers in one, two and three spatial dimensions."""

from __future__ import annotations

import math
from functools import update_wrapper
from types import FunctionType
from typing import Any, Mapping

from nn import functional as F
from nn import init
from nn.modules.arguments import count, divisible, float_dtype, one_of
from nn.modules.laziness import Sized
from nn.parameter import Parameter
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.ops.images import images
from tensorgrad.tensor import Tensor
from tensorgrad.window import Window, per_axis

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Kernel(Sized):
    """What all convolutions share: options, weight and bias, and their initial values."""

    spatial: int
    inferred = "in_channels"
    weight: Parameter
    bias: Parameter | None
    transposed = False
    output_padding: tuple[int, ...] = ()

    def __init_subclass__(cls) -> None:
        """Let Python's messages about missing arguments name the layer, not the class that it shares `__init__` with."""
        super().__init_subclass__()
        if "__init__" not in cls.__dict__:
            shared: Any = cls.__init__
            own: Any = FunctionType(shared.__code__, shared.__globals__, "__init__", shared.__defaults__, shared.__closure__)
            update_wrapper(own, shared)
            own.__kwdefaults__, own.__qualname__ = shared.__kwdefaults__, f"{cls.__qualname__}.__init__"
            cls.__init__ = own  # type: ignore[method-assign]

    def __init__(self, in_channels: int | None, out_channels: int, kernel_size: Any, stride: Any, padding: Any,
                 dilation: Any, groups: int, bias: bool, padding_mode: str, device: Any, dtype: Any):
        who = type(self).__name__
        size = None if in_channels is None else count(who, "in_channels", in_channels)
        self.in_channels: int = size  # type: ignore[assignment]
        self.out_channels = count(who, "out_channels", out_channels)
        self.groups = count(who, "groups", groups)
        divisible(who, "out_channels", self.out_channels, "groups", self.groups)
        window = Window.parse(who, self.spatial, kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride, self.dilation = window.kernel, window.stride, window.dilation
        self.padding = padding if isinstance(padding, str) else simple(window.padding)
        self.padding_mode = one_of(who, "padding_mode", padding_mode, PADDING_MODES)
        self.allocate(size, float_dtype(who, dtype, device), weight=Parameter, bias=Parameter if bias else None)
        self.start()

    def shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        who = type(self).__name__
        divisible(who, "in_channels", count(who, "in_channels", size), "groups", self.groups)
        channels = (size, self.out_channels // self.groups) if self.transposed else (
            self.out_channels, size // self.groups)
        return {"weight": (*channels, *self.kernel_size), "bias": (self.out_channels,)}

    def size_of(self, input: Tensor) -> int:
        return images(type(self).__name__, self.spatial, input).shape[1]

    def size_from(self, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
        weight = shapes.get("weight", ())
        if len(weight) != self.spatial + 2:
            return None
        return weight[0] if self.transposed else weight[1] * self.groups

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if self.padding != (0,) * self.spatial:
            parts.append(f"padding={self.padding}")
        if self.dilation != (1,) * self.spatial:
            parts.append(f"dilation={self.dilation}")
        if any(self.output_padding):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Convolution(Kernel):
    """The convolutions that are not transposed."""

    def __init__(self, in_channels: int | None, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
                 *, device: Any = None, dtype: Any = None):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                         device, dtype)

    def convolve(self, input: Tensor, padding: Any) -> Tensor:
        """The convolution itself, zeros around the image."""
        raise NotImplementedError

    def forward(self, input: Tensor) -> Tensor:
        if self.padding_mode == "zeros":
            return self.convolve(input, self.padding)
        if getattr(input, "ndim", 0) not in (self.spatial + 1, self.spatial + 2):
            raise ShapeError(message(type(self).__name__, f"the input has to have {self.spatial + 2} axes", {"input": input},
                                     f"(N, C, {', '.join('DHW'[-self.spatial:])}); {self.spatial + 1} without a batch."))
        window = Window.parse(type(self).__name__, self.spatial, self.kernel_size, self.stride, self.padding, self.dilation)
        borders = window.resolve(input.shape[-self.spatial:]).padding
        pads = [cells for pair in reversed(borders) for cells in pair]
        return self.convolve(F.pad(input, pads, self.padding_mode), 0)


class Conv1d(Convolution):
    """Filters of `kernel_size` cells that slide over a signal: each output is a weighted sum of what is under a filter.

    Parameters, options, initial values and errors are those of `Conv2d`.

    Shapes
        input    (N, in_channels, L) or (in_channels, L)
        result   (N, out_channels, L')

    Example
        >>> import tensorgrad
        >>> Conv1d(2, 4, 3)(tensorgrad.zeros(5, 2, 10)).shape
        (5, 4, 8)
    """

    spatial = 1

    def convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(Convolution):
    """Filters that slide over an image: each output is a weighted sum of the cells under a filter, over all channels.

    Parameters
        weight   (out_channels, in_channels/groups, K, L), uniform within ±1/√(in_channels/groups·K·L)
        bias     (out_channels), the same; None with ``bias=False``

    With ``in_channels=None``, as in `LazyConv2d`, they are taken from the first input.

    Options, which are not learned
        kernel_size    K and L: an integer, or (K, L)
        stride         cells from one position of the filter to the next
        padding        cells around the image; ((top, bottom), (left, right)); 'valid' for none; 'same' for a result as
                       large as the input, ⌈H / stride⌉ with a stride
        dilation       cells from one tap of the filter to the next
        groups         channels and filters are split into this many groups that do not see each other
        padding_mode   what is around the image: 'zeros', 'reflect', 'replicate' or 'circular'

    Shapes
        input    (N, in_channels, H, W) or (in_channels, H, W)
        result   (N, out_channels, H', W'), with H' = ⌊(H + 2·padding - dilation·(K - 1) - 1) / stride⌋ + 1

    Raises
        ArgumentError   options that make no sense, channels not divisible by `groups`
        ShapeError      when called: another number of channels, an image smaller than the kernel

    Example
        >>> import tensorgrad
        >>> layer = Conv2d(1, 6, 5, padding=2)
        >>> layer(tensorgrad.zeros(8, 1, 28, 28)).shape, layer
        ((8, 6, 28, 28), Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2)))
    """

    spatial = 2

    def convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(Convolution):
    """Filters that slide over a volume: each output is a weighted sum of what is under a filter.

    Parameters, options, initial values and errors are those of `Conv2d`.

    Shapes
        input    (N, in_channels, D, H, W) or (in_channels, D, H, W)
        result   (N, out_channels, D', H', W')

    Example
        >>> import tensorgrad
        >>> Conv3d(2, 4, 3, stride=2)(tensorgrad.zeros(1, 2, 5, 7, 7)).shape
        (1, 4, 2, 3, 3)
    """

    spatial = 3

    def convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv3d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class ConvolutionTransposed(Kernel):
    """The transposed convolutions."""

    transposed = True

    def __init__(self, in_channels: int | None, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1,
                 padding_mode: str = "zeros", *, device: Any = None, dtype: Any = None):
        who = type(self).__name__
        if padding_mode != "zeros":
            raise ArgumentError(f"{who}: padding_mode={padding_mode!r} is not defined for transposed convolutions.\n"
                                "  Use 'zeros'.")
        if isinstance(padding, str):
            raise ArgumentError(f"{who}: padding={padding!r} is not defined for transposed convolutions.\n"
                                "  Use an integer ≥ 0, or one per axis.")
        self.output_padding = per_axis(who, "output_padding", output_padding, self.spatial, least=0)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode,
                         device, dtype)
        limits = [max(s, d) for s, d in zip(self.stride, self.dilation)]
        if any(extra >= limit for extra, limit in zip(self.output_padding, limits)):
            raise ArgumentError(f"{who}: output_padding={output_padding} is as large as stride and dilation.\n"
                                f"  Use less than {tuple(limits)}; it only chooses among sizes that the stride maps to one.")

    def extra_for(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that makes the result as large as `output_size`.

        Raises
            ShapeError   no output padding does
        """
        if output_size is None:
            return self.output_padding
        who = type(self).__name__
        wanted = tuple(output_size)[-self.spatial:]
        least = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in zip(
            input.shape[-self.spatial:], self.stride, self.padding, self.dilation, self.kernel_size))
        most = tuple(n + max(s, d) - 1 for n, s, d in zip(least, self.stride, self.dilation))
        if len(wanted) != self.spatial or not all(a <= n <= b for a, n, b in zip(least, wanted, most)):
            raise ShapeError(message(who, f"the result cannot have the size {wanted}", {"input": input},
                                     f"Ask for a size from {least} to {most}."))
        return tuple(n - a for n, a in zip(wanted, least))


class ConvTranspose1d(ConvolutionTransposed):
    """The linear map that is the transpose of `Conv1d`: every input cell spreads a filter over the result.

    Parameters, options, initial values and errors are those of `ConvTranspose2d`.

    Shapes
        input    (N, in_channels, L) or (in_channels, L)
        result   (N, out_channels, L')

    Example
        >>> import tensorgrad
        >>> ConvTranspose1d(4, 2, 3, stride=2)(tensorgrad.zeros(5, 4, 10)).shape
        (5, 2, 21)
    """

    spatial = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return F.conv_transpose1d(input, self.weight, self.bias, self.stride, self.padding,
                                  self.extra_for(input, output_size), self.groups, self.dilation)


class ConvTranspose2d(ConvolutionTransposed):
    """The linear map that is the transpose of `Conv2d`: every input cell spreads a filter over the result.

    With the same options it turns the shape of the result of a `Conv2d` back into the shape of its input.

    Parameters
        weight   (in_channels, out_channels/groups, K, L), uniform within ±1/√(out_channels/groups·K·L)
        bias     (out_channels), the same; None with ``bias=False``

    Options, which are not learned
        kernel_size, dilation, groups   as in `Conv2d`
        stride                          cells of the result from one input cell's filter to the next
        padding                         cells taken away around the result
        output_padding                  cells added below and right of it: with a stride several input sizes of `Conv2d`
                                        give the same result, and this chooses one; `output_size` at the call does too

    Shapes
        input    (N, in_channels, H, W) or (in_channels, H, W)
        result   (N, out_channels, H', W'), with H' = (H - 1)·stride - 2·padding + dilation·(K - 1) + output_padding + 1

    Raises
        ArgumentError   options that make no sense; `output_padding` not below stride or dilation
        ShapeError      when called: another number of channels, an `output_size` that no output padding gives

    Example
        >>> import tensorgrad
        >>> layer = ConvTranspose2d(6, 1, 3, stride=2, padding=1)
        >>> small = tensorgrad.zeros(8, 6, 14, 14)
        >>> layer(small).shape, layer(small, output_size=(28, 28)).shape
        ((8, 1, 27, 27), (8, 1, 28, 28))
    """

    spatial = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return F.conv_transpose2d(input, self.weight, self.bias, self.stride, self.padding,
                                  self.extra_for(input, output_size), self.groups, self.dilation)


class ConvTranspose3d(ConvolutionTransposed):
    """The linear map that is the transpose of `Conv3d`: every input cell spreads a filter over the result.

    Parameters, options, initial values and errors are those of `ConvTranspose2d`.

    Shapes
        input    (N, in_channels, D, H, W) or (in_channels, D, H, W)
        result   (N, out_channels, D', H', W')

    Example
        >>> import tensorgrad
        >>> ConvTranspose3d(4, 2, 2, stride=2)(tensorgrad.zeros(1, 4, 3, 4, 4)).shape
        (1, 2, 6, 8, 8)
    """

    spatial = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return F.conv_transpose3d(input, self.weight, self.bias, self.stride, self.padding,
                                  self.extra_for(input, output_size), self.groups, self.dilation)


def simple(padding: Any) -> Any:
    """((1, 1), (2, 2)) as (1, 2); uneven pairs as they are."""
    return tuple(before for before, _ in padding) if all(before == after for before, after in padding) else padding
