"""Activation layers.  With ``inplace=True``, where PyTorch has it, the input itself becomes the result."""

from __future__ import annotations

from typing import Any

import numpy as np

from nn import functional as F
from nn.module import Module
from nn.modules.arguments import count, float_dtype, one_of, positive
from nn.parameter import Parameter
from tensorgrad.errors import ArgumentError
from tensorgrad.tensor import Tensor

__all__ = ["ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "GLU",
           "Sigmoid", "LogSigmoid", "Hardsigmoid", "Hardswish", "Tanh", "Hardtanh", "Tanhshrink", "Hardshrink", "Softshrink",
           "Softplus", "Softsign", "Threshold"]


class ReLU(Module):
    """max(x, 0)

    Example
        >>> import tensorgrad
        >>> ReLU()(tensorgrad.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False):
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU6(ReLU):
    """min(max(x, 0), 6)"""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)


class LeakyReLU(Module):
    """x where x > 0, negative_slope · x elsewhere"""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """x where x > 0, weight · x elsewhere: a leaky ReLU that learns its slope, one for all or one per channel.

    Parameters
        weight   (num_parameters,) starts at `init`

    Shapes
        input    (N, C, ...), with C = num_parameters unless that is 1
        result   the same

    Source
        He et al. 2015, Delving deep into rectifiers
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, device: Any = None, dtype: Any = None):
        self.num_parameters = count("PReLU", "num_parameters", num_parameters)
        self.init = init
        self.weight = Parameter(np.full(self.num_parameters, init, float_dtype("PReLU", dtype, device)))

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """A leaky ReLU whose slope is drawn per entry from [lower, upper) while training, and is their mean in evaluation.

    Source
        Xu et al. 2015, Empirical evaluation of rectified activations in convolutional network
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False):
        if lower > upper:
            raise ArgumentError(f"RReLU: the interval from lower={lower} to upper={upper} is empty.\n  Use lower ≤ upper.")
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """x where x > 0, alpha · (eˣ - 1) elsewhere"""

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(Module):
    """x where x > 0, alpha · (exp(x / alpha) - 1) elsewhere"""

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        if alpha == 0:
            raise ArgumentError("CELU: alpha=0 divides by zero.\n  Use another number, or ReLU, the limit for alpha → 0.")
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class SELU(ReLU):
    """scale · (max(x, 0) + min(alpha · (eˣ - 1), 0)), with the scale and alpha that keep mean 0 and variance 1

    Source
        Klambauer et al. 2017, Self-normalizing neural networks
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class GELU(Module):
    """x · Φ(x), where Φ is the distribution function of the normal distribution; or its approximation by tanh"""

    def __init__(self, approximate: str = "none"):
        self.approximate = one_of("GELU", "approximate", approximate, ("none", "tanh"))

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(ReLU):
    """x · sigmoid(x), also called swish"""

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(ReLU):
    """x · tanh(softplus(x))"""

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class GLU(Module):
    """a · sigmoid(b), where a and b are the two halves of the input along axis `dim`"""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ)

    Example
        >>> import tensorgrad
        >>> Sigmoid()(tensorgrad.tensor([0.0]))
        tensor([0.5])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class LogSigmoid(Module):
    """log(1 / (1 + e⁻ˣ)), without overflow"""

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Hardsigmoid(ReLU):
    """min(max(x / 6 + 1/2, 0), 1)"""

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)


class Hardswish(ReLU):
    """x · hardsigmoid(x)"""

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)


class Tanh(Module):
    """(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)"""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class Hardtanh(Module):
    """min(max(x, min_val), max_val)"""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
        if not min_val < max_val:
            raise ArgumentError(f"Hardtanh: min_val={min_val} is not below max_val={max_val}.\n  Exchange them.")
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class Tanhshrink(Module):
    """x - tanh(x)"""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class Hardshrink(Module):
    """x where |x| > lambd, 0 elsewhere"""

    def __init__(self, lambd: float = 0.5):
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Module):
    """x moved towards 0 by lambd, and 0 where |x| ≤ lambd"""

    def __init__(self, lambd: float = 0.5):
        if lambd < 0:
            raise ArgumentError(f"Softshrink: lambd={lambd} is negative.\n  Use a number ≥ 0.")
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softplus(Module):
    """log(1 + exp(beta · x)) / beta; x itself where beta · x > threshold"""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        positive("Softplus", "beta", beta)
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """x / (1 + |x|)"""

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class Threshold(Module):
    """x where x > threshold, `value` elsewhere"""

    def __init__(self, threshold: float, value: float, inplace: bool = False):
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")
