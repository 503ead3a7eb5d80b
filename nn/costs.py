"""What a layer costs: the formula of its number of parameters, and its multiply-adds.

Both are open: register a function for a layer of your own, and `summary` uses it.

    @parameter_formula.register(MyLayer)
    def _(layer):
        return f"{layer.rows}·{layer.columns}"
"""

from __future__ import annotations

import functools
import math
from typing import Any, Iterable

from nn.computed import Computed
from nn.module import Module
from nn.modules.adaptive_pooling import AdaptivePool
from nn.modules.batch_norm import BatchNorm, InstanceNorm
from nn.modules.conv import Convolution, ConvolutionTransposed, Kernel
from nn.modules.linear import Bilinear, Linear
from nn.modules.normalization import GroupNorm, LayerNorm, RMSNorm
from nn.modules.pooling import AvgPool, LPPool, MaxPool
from tensorgrad import costs
from tensorgrad.window import per_axis

__all__ = ["parameter_formula", "multiply_adds"]

Shape = tuple[int, ...]


def product(numbers: Iterable[Any]) -> str:
    """The factors with dots between them; "1" for none."""
    return "·".join(map(str, numbers)) or "1"


@functools.singledispatch
def parameter_formula(layer: Module) -> str:
    """How the number of the layer's own parameters comes about: by default the product of each one's sizes.

    Example
        >>> import nn
        >>> parameter_formula(nn.Conv2d(1, 6, 3)), parameter_formula(nn.Linear(400, 120))
        ('(3·3·1+1)·6', '(400+1)·120')
        >>> parameter_formula(nn.BatchNorm2d(64)), parameter_formula(nn.Embedding(100, 8))
        ('2·64', '100·8')
    """
    return " + ".join(product(parameter.shape) for _, parameter in layer._own_parameters())


@parameter_formula.register
def _(layer: Kernel) -> str:
    # Each filter has one weight per tap and channel that it sees, and one bias.
    taps = product([*layer.kernel_size, layer.in_channels // layer.groups])
    return f"({taps}+1)·{layer.out_channels}" if layer.bias is not None else f"{taps}·{layer.out_channels}"


@parameter_formula.register
def _(layer: Linear) -> str:
    inputs = f"({layer.in_features}+1)" if layer.bias is not None else f"{layer.in_features}"
    return f"{inputs}·{layer.out_features}"


@parameter_formula.register
def _(layer: Bilinear) -> str:
    inputs = product([layer.in1_features, layer.in2_features])
    return f"({inputs}+1)·{layer.out_features}" if layer.bias is not None else f"{inputs}·{layer.out_features}"


@parameter_formula.register(BatchNorm)
@parameter_formula.register(InstanceNorm)
@parameter_formula.register(GroupNorm)
@parameter_formula.register(LayerNorm)
def _(layer: Any) -> str:
    shapes = [parameter.shape for _, parameter in layer._own_parameters()]
    return product([len(shapes), *shapes[0]]) if len(shapes) > 1 else product(shapes[0]) if shapes else ""


@parameter_formula.register
def _(layer: Computed) -> str:
    return parameter_formula.dispatch(Module)(layer)  # not the former class's: some of its parameters are now elsewhere


@functools.singledispatch
def multiply_adds(layer: Module, inputs: Shape, output: Shape) -> int | None:
    """Multiplications followed by an addition in one call, for shapes of input and result; None where it is not defined.

    What is counted is said in `tensorgrad.costs`, which has the formulas of the ops that layers are made of.

    Example
        >>> import nn
        >>> multiply_adds(nn.Conv2d(1, 6, 5), (1, 1, 28, 28), (1, 6, 24, 24))
        86400
    """
    return None


@multiply_adds.register
def _(layer: Convolution, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("conv", [inputs, layer.weight.shape], output)


@multiply_adds.register
def _(layer: ConvolutionTransposed, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("conv_transpose", [inputs, layer.weight.shape], output)


@multiply_adds.register
def _(layer: Linear, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("linear", [inputs, layer.weight.shape], output)


@multiply_adds.register
def _(layer: Bilinear, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("bilinear", [inputs, (layer.in2_features,)], output)


@multiply_adds.register(BatchNorm)
def _(layer: Any, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("batch_norm_fixed" if layer.track_running_stats else "batch_norm", [inputs], output)


@multiply_adds.register(InstanceNorm)
@multiply_adds.register(GroupNorm)
@multiply_adds.register(LayerNorm)
def _(layer: Any, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("layer_norm", [inputs], output)


@multiply_adds.register(RMSNorm)
def _(layer: Any, inputs: Shape, output: Shape) -> int | None:
    return costs.multiply_adds("rms_norm", [inputs], output)


@multiply_adds.register(MaxPool)
@multiply_adds.register(AvgPool)
@multiply_adds.register(LPPool)
def _(layer: Any, inputs: Shape, output: Shape) -> int | None:
    kernel = per_axis(type(layer).__name__, "kernel_size", layer.kernel_size, layer.spatial)
    return costs.multiply_adds("max_pool", [inputs], output, taps=math.prod(kernel))


@multiply_adds.register(AdaptivePool)
def _(layer: Any, inputs: Shape, output: Shape) -> int | None:
    batched = (1,) * (layer.spatial + 2 - len(inputs))  # an image without a batch axis
    return costs.multiply_adds("adaptive_avg_pool", [batched + inputs], batched + output)
