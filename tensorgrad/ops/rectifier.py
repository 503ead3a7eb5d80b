"""relu and its relatives, one rule for each side of 0.  At 0 the gradient is the one PyTorch takes.

With `inplace` the tensor itself takes over the result, as said in `ops.writing`.
"""

from __future__ import annotations

from tensorgrad import kernels
from tensorgrad.dtypes import float16
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.kernels.reference import entrywise as reference
from tensorgrad.kernels.reference.entrywise import FEW, selected
from tensorgrad.op import Op
from tensorgrad.ops.choice import where
from tensorgrad.ops.elementwise import Unary
from tensorgrad.ops.exponential import exp
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.masking import masked
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.ops.writing import over
from tensorgrad.ownership import unshared
from tensorgrad.tensor import Tensor

__all__ = ["relu", "leaky_relu", "prelu", "elu", "selu", "celu"]


class Relu(Unary):
    """y = max(x, 0)"""

    __slots__ = ()
    keeps_output = True

    def forward(self, x):
        return reference.relu(x) if x.size <= FEW else kernels.active().relu(x)

    def backward(self, grad):
        y = self.output
        if isinstance(grad, Tensor):
            return masked(grad, y != 0)
        if y.size <= FEW and self.dtype is not float16:
            return kernels.active().gradients_of_few["relu"](grad, y)
        own = unshared(grad, 2)  # held by the walk and here
        return kernels.active().relu_grad(grad, y, own)


def relu(input: Operand, inplace: bool = False) -> Tensor:
    """`input` where it is positive, else 0; NaN stays NaN.

    Gradient
        0 at 0

    Example
        >>> relu(Tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    result = Relu().apply(input)
    return over("relu", input, result) if inplace else result


class LeakyRelu(Formula):
    """y = x where x > 0, else slope · x"""

    __slots__ = ("negative_slope",)

    def __init__(self, negative_slope: float):
        self.negative_slope = negative_slope

    def rule(self, grad, x):
        passed = masked(grad, x > 0)
        return passed + (grad - passed) * self.negative_slope


def leaky_relu(input: Operand, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """`input` where it is positive, else `negative_slope` · `input`.

    Gradient
        `negative_slope` at 0

    Example
        >>> leaky_relu(Tensor([-1.0, 2.0]), 0.1)
        tensor([-0.1,  2. ])
    """
    result = LeakyRelu(negative_slope).apply(as_float(input))
    return over("leaky_relu", input, result) if inplace else result


class Prelu(Op):
    """y = x where x > 0, else w · x"""

    __slots__ = ()
    keeps = (0, 1)

    def forward(self, x, weight):
        return selected(x > 0, x, x * weight)

    def backward(self, grad):
        x, weight = self.inputs
        negative = masked(grad, ~(x > 0))
        return (grad - negative + negative * weight if self.needs(0) else None,
                negative * x if self.needs(1) else None)


def prelu(input: Operand, weight: Operand) -> Tensor:
    """`input` where it is positive, else `weight` · `input`; `weight` holds one slope, or one per channel (axis 1).

    Shapes
        input (N, C, *), weight (1,) or (C,)

    Gradient
        of `input` at 0 it is `weight`

    Raises
        ShapeError   any other number of slopes

    Example
        >>> prelu(Tensor([[-1.0, -1.0]]), Tensor([0.5, 0.1]))
        tensor([[-0.5, -0.1]])
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    slopes = weight.shape[0] if weight.ndim == 1 else 1 if weight.ndim == 0 else -1
    if slopes not in (1, channels):
        counts = dict.fromkeys([1, channels])
        raise ShapeError(message("prelu", f"expects {' or '.join(map(str, counts))} slopes, got {weight.shape}",
                                 {"input": input, "weight": weight},
                                 f"Use {' or '.join([f'num_parameters={n}' for n in counts])}."))
    if not input.ndim and weight.ndim:
        weight = weight.reshape(())
    if input.ndim > 2 and slopes > 1:
        weight = weight.reshape(slopes, *[1] * (input.ndim - 2))
    return Prelu().apply(input, weight)


class Elu(Formula):
    """y = scale · x where x > 0, else scale · alpha · (exp(input_scale · x) - 1)"""

    __slots__ = ("alpha", "scale", "input_scale")

    def __init__(self, alpha: float, scale: float = 1.0, input_scale: float = 1.0):
        self.alpha, self.scale, self.input_scale = alpha, scale, input_scale

    def rule(self, grad, x):
        negative = x <= 0
        slope = exp(where(negative, x, 0.0) * self.input_scale) * (self.scale * self.alpha * self.input_scale)
        return masked(grad, ~negative) * self.scale + masked(grad * slope, negative)


def elu(input: Operand, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` where it is positive, else `alpha` · (exp(`input`) - 1).

    Gradient
        `alpha` at 0

    Example
        >>> elu(Tensor([-1.0, 2.0]))
        tensor([-0.6321,  2.    ])
    """
    result = Elu(alpha).apply(as_float(input))
    return over("elu", input, result) if inplace else result


def selu(input: Operand, inplace: bool = False) -> Tensor:
    """`elu` with the two constants for which normalised inputs give normalised outputs.

    Source
        Klambauer et al., Self-Normalizing Neural Networks, 2017

    Example
        >>> selu(Tensor([-1.0, 2.0]))
        tensor([-1.1113,  2.1014])
    """
    result = Elu(1.6732632423543772, 1.0507009873554805).apply(as_float(input))
    return over("selu", input, result) if inplace else result


def celu(input: Operand, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` where it is positive, else `alpha` · (exp(`input` / `alpha`) - 1): an `elu` without a kink.

    Raises
        ArgumentError   for alpha = 0

    Example
        >>> celu(Tensor([-1.0, 2.0]), 2.0)
        tensor([-0.7869,  2.    ])
    """
    if alpha == 0:
        raise ArgumentError("celu: alpha=0 divides by zero.\n  Use relu(input), which is the limit.")
    result = Elu(alpha, 1.0, 1.0 / alpha).apply(as_float(input))
    return over("celu", input, result) if inplace else result
