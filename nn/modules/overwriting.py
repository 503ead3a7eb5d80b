"""Batch norm, and the ReLU behind it, written over the result of a convolution, where nobody can tell the difference.

Without a graph, what a convolution and a batch norm in evaluation mode put out is dropped as soon as the layer behind has
read it.  Written over instead, three arrays are one, and two passes over memory are one.  The numbers are the same, bit by
bit.

Layers run one by one where somebody looks at what is between them: a graph, a hook, the profiler, anomaly mode; where a
layer is not the library's own; and where something does not fit, which the layer itself has to say.
"""

from __future__ import annotations

from typing import Any, Sequence

from nn.hooks import everywhere
from nn.module import Module
from nn.modules.activation import ReLU
from nn.modules.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from nn.modules.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from tensorgrad import dtypes, watching
from tensorgrad.ops.batch_normalization import batch_norm_
from tensorgrad.recording import here
from tensorgrad.tensor import Tensor

__all__ = ["run"]


def forwards(*classes: Any) -> dict[Any, Any]:
    """What the classes do, as long as nobody replaces it."""
    return {cls: cls.forward for cls in classes}


CONVOLUTIONS = forwards(Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
NORMS = forwards(BatchNorm1d, BatchNorm2d, BatchNorm3d)
RELU = forwards(ReLU)
DTYPES = (dtypes.float32, dtypes.float64)


def run(layers: Sequence[Module], input: Any) -> Any:
    """The layers one after the other."""
    if here.recording or watching.watchers:
        for layer in layers:
            input = layer(input)
        return input
    at = 0
    while at < len(layers):
        layer = layers[at]
        input = layer(input)
        at += 1
        if own(layer, CONVOLUTIONS):
            at += written_over(input, layers[at:at + 2])
    return input


def written_over(result: Tensor, behind: Sequence[Any]) -> int:
    """Write over `result`, which nobody else has seen, what the first layers behind it make of it; of how many, 0 to 2."""
    if not behind or not own(behind[0], NORMS) or not fits(behind[0], result):
        return 0
    norm, relu = behind[0], len(behind) > 1 and own(behind[1], RELU)
    batch_norm_(result.array, norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.eps, relu)
    return 1 + relu


def own(layer: Module, known: dict[Any, Any]) -> bool:
    """True if the layer is of a known class, and nobody has changed what it does, or waits for its result."""
    forward = known.get(type(layer))
    if forward is None or type(layer).forward is not forward or "forward" in vars(layer):
        return False
    return not layer._hooks and not everywhere


def fits(norm: Any, input: Tensor) -> bool:
    """True if the batch norm uses running statistics, and input and numbers per channel have the axes and the dtype."""
    if norm.training or norm.running_mean is None or norm.running_var is None or input.ndim not in norm.allowed_axes:
        return False
    numbers = [v for v in (norm.running_mean, norm.running_var, norm.weight, norm.bias) if v is not None]
    shape = input.shape[1:2]
    return input.dtype in DTYPES and all([v.shape == shape and v.dtype == input.dtype for v in numbers])
