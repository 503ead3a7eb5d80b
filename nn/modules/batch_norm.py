"""Batch and instance normalisation: channels with a mean subtracted, divided by a standard deviation."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from nn import functional as F
from nn.modules.arguments import count, float_dtype
from nn.modules.laziness import Sized
from nn.parameter import Buffer, Parameter
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.tensor import Tensor

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class ChannelNorm(Sized):
    """Options, parameters and buffers of the layers that normalise channels: batch and instance norm."""

    allowed_axes: tuple[int, ...]
    inferred = "num_features"
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Buffer | None
    running_var: Buffer | None

    def __init__(self, num_features: int | None, eps: float, momentum: float | None, affine: bool, track_running_stats: bool,
                 bias: bool, device: Any, dtype: Any):
        who = type(self).__name__
        size = None if num_features is None else count(who, "num_features", num_features, 0)
        self.num_features: int = size  # type: ignore[assignment]
        self.eps = eps
        if momentum is not None and not 0 <= momentum <= 1:
            raise ArgumentError(f"{who}: momentum={momentum!r} is no share of the newest batch.\n"
                                "  Use a number from 0 to 1, or None for the mean over all batches.")
        self.momentum, self.affine, self.track_running_stats = momentum, bool(affine), bool(track_running_stats)
        self.allocate(size, float_dtype(who, dtype, device), weight=Parameter if affine else None,
                      bias=Parameter if affine and bias else None, running_mean=Buffer if track_running_stats else None,
                      running_var=Buffer if track_running_stats else None)
        self.num_batches_tracked = Buffer(np.array(0, np.int64)) if track_running_stats else None
        self.start()

    def shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (size,))

    def size_of(self, input: Tensor) -> int:
        self.check_axes(input)
        return input.shape[self.channel_axis(input)]

    def channel_axis(self, input: Tensor) -> int:
        """Which axis holds the channels."""
        return 1

    def size_from(self, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
        known = [shape[0] for shape in shapes.values() if len(shape) == 1]
        return known[0] if known else None

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                buffer.array[...] = value
                buffer.mark_changed()

    def reset_parameters(self) -> None:
        """Forget the running statistics; scale by 1, shift by 0."""
        self.reset_running_stats()
        for parameter, value in ((self.weight, 1), (self.bias, 0)):
            if parameter is not None:
                parameter.array[...] = value
                parameter.mark_changed()

    def check_axes(self, input: Tensor) -> None:
        """Refuse an input of another number of axes."""
        if getattr(input, "ndim", None) not in self.allowed_axes:
            fix = f"Use the layer for these axes, or reshape the input to (N, {self.num_features}, ...)."
            if getattr(input, "ndim", None) == min(self.allowed_axes) - 1 > 1:
                fix = f"An axis for the batch is missing: x.unsqueeze(0) makes one image a batch of one.  {fix}"
            raise ShapeError(message(
                type(self).__name__, f"expects {' or '.join(map(str, self.allowed_axes))} axes, got "
                f"{getattr(input, 'ndim', type(input).__name__)}", {"input": input}, fix))

    def extra_repr(self) -> str:
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
                f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}")


class BatchNorm(ChannelNorm):
    """Batch normalisation for any number of spatial axes."""

    def __init__(self, num_features: int | None, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        self.check_axes(input)
        mean, var, batches = self.running_mean, self.running_var, self.num_batches_tracked
        share = self.momentum
        if share is None:
            share = 1 / (batches.item() + 1) if batches is not None else 0.0
        if not self.training:
            return F.batch_norm(input, mean, var, self.weight, self.bias, mean is None, share, self.eps)
        if not self.track_running_stats:
            mean = var = None
        out = F.batch_norm(input, mean, var, self.weight, self.bias, True, share, self.eps)
        if self.track_running_stats and batches is not None:
            batches.array[...] += 1
            batches.mark_changed()
        return out


class BatchNorm1d(BatchNorm):
    """Batch normalisation of features or signals; options, parameters and errors are those of `BatchNorm2d`.

    Shapes
        input    (N, C) or (N, C, L)
        result   the same

    Example
        >>> import tensorgrad
        >>> BatchNorm1d(2, affine=False)(tensorgrad.tensor([[1.0, 5.0], [3.0, 5.0]]))
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """

    allowed_axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """Each channel with its mean over the batch and the image subtracted, divided by its standard deviation.

    y = (x - E[x]) / √(Var[x] + eps) · weight + bias.  In training mode E and Var (biased) are those of the batch, and
    running averages of them are kept (of the unbiased variance); in evaluation mode the running averages are used.

    Parameters
        weight, bias   (C,) start at 1 and 0; None with ``affine=False``; only the bias is None with ``bias=False``

    Buffers, which are saved but not learned
        running_mean, running_var   (C,) start at 0 and 1; None with ``track_running_stats=False``
        num_batches_tracked         how many batches have been seen

    Options
        momentum   share of the newest batch in the running averages; None gives every batch the same share

    Shapes
        input    (N, C, H, W)
        result   the same

    Raises
        ArgumentError   options that make no sense
        ShapeError      when called: another number of channels or axes; a single value per channel while training

    Source
        Ioffe and Szegedy 2015, Batch normalization

    Example
        >>> import tensorgrad
        >>> layer = BatchNorm2d(3)
        >>> layer(tensorgrad.randn(8, 3, 4, 4)).shape, layer.num_batches_tracked.item()
        ((8, 3, 4, 4), 1)
    """

    allowed_axes = (4,)


class BatchNorm3d(BatchNorm):
    """Batch normalisation of volumes; options, parameters and errors are those of `BatchNorm2d`.

    Shapes
        input    (N, C, D, H, W)
        result   the same
    """

    allowed_axes = (5,)


class InstanceNorm(ChannelNorm):
    """Instance normalisation for any number of spatial axes."""

    def __init__(self, num_features: int | None, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
                 track_running_stats: bool = False, *, bias: bool = True, device: Any = None, dtype: Any = None):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias, device, dtype)

    def channel_axis(self, input: Tensor) -> int:
        return 0 if input.ndim == self.allowed_axes[0] else 1

    def forward(self, input: Tensor) -> Tensor:
        self.check_axes(input)
        if input.ndim == self.allowed_axes[0]:  # without a batch
            return self.normalise(input.unsqueeze(0)).squeeze(0)
        return self.normalise(input)

    def normalise(self, input: Tensor) -> Tensor:
        """The result for a batch."""
        return F.instance_norm(input, self.running_mean, self.running_var, self.weight, self.bias,
                               self.training or not self.track_running_stats,
                               0.0 if self.momentum is None else self.momentum, self.eps)


class InstanceNorm1d(InstanceNorm):
    """Instance normalisation of signals; see `InstanceNorm2d`.

    Shapes
        input    (N, C, L) or (C, L)
        result   the same
    """

    allowed_axes = (2, 3)


class InstanceNorm2d(InstanceNorm):
    """Each channel of each image with its mean subtracted, divided by its standard deviation.

    Options are those of `BatchNorm2d`, but `affine` and `track_running_stats` are off by default.

    Shapes
        input    (N, C, H, W) or (C, H, W)
        result   the same

    Source
        Ulyanov et al. 2016, Instance normalization

    Example
        >>> import tensorgrad
        >>> abs(InstanceNorm2d(3)(tensorgrad.randn(2, 3, 4, 4)).mean().item()) < 1e-6
        True
    """

    allowed_axes = (3, 4)


class InstanceNorm3d(InstanceNorm):
    """Instance normalisation of volumes; see `InstanceNorm2d`.

    Shapes
        input    (N, C, D, H, W) or (C, D, H, W)
        result   the same
    """

    allowed_axes = (4, 5)
