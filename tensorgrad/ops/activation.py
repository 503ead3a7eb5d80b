"""Smooth activations: sigmoid, softplus, gelu, silu and their relatives.  Those with kinks are in `rectifier`.

With `inplace` the tensor itself takes over the result, as said in `ops.writing`.
"""

from __future__ import annotations

from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.kernels.reference.formulas import ROOT_2_BY_PI, ROOT_HALF
from tensorgrad.op import Op
from tensorgrad.ops.choice import where
from tensorgrad.ops.error_function import erfc
from tensorgrad.ops.exponential import exp
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.hyperbolic import tanh
from tensorgrad.ops.joining import cat
from tensorgrad.ops.promotion import Operand, as_float
from tensorgrad.ops.reduction import normalize_dims
from tensorgrad.ops.rounding import abs
from tensorgrad.ops.writing import over
from tensorgrad.tensor import Tensor

__all__ = ["sigmoid", "logsigmoid", "softplus", "silu", "mish", "gelu", "softsign", "tanhshrink", "glu"]


class Sigmoid(Formula):
    """y = 1 / (1 + e⁻ˣ)"""

    __slots__ = ()
    keeps = ()
    keeps_output = True

    def rule(self, grad, y):
        return grad * (y * (1 - y))


def sigmoid(input: Operand) -> Tensor:
    """1 / (1 + exp(-`input`)), between 0 and 1.

    Example
        >>> sigmoid(Tensor([0.0, 2.0, -1000.0]))
        tensor([0.5   , 0.8808, 0.    ])
    """
    return Sigmoid().apply(as_float(input))


class LogSigmoid(Formula):
    """y = log(1 / (1 + e⁻ˣ))"""

    __slots__ = ()
    name = "logsigmoid"

    def rule(self, grad, x):
        return grad * sigmoid(-x)


def logsigmoid(input: Operand) -> Tensor:
    """The logarithm of the sigmoid, finite for large negative numbers too.

    Example
        >>> logsigmoid(Tensor([0.0, -1000.0]))
        tensor([-6.9315e-01, -1.0000e+03])
    """
    return LogSigmoid().apply(as_float(input))


class Softplus(Formula):
    """y = log(1 + exp(beta · x)) / beta, and x where beta · x > threshold"""

    __slots__ = ("beta", "threshold")

    def __init__(self, beta: float, threshold: float):
        self.beta, self.threshold = beta, threshold

    def rule(self, grad, x):
        scaled = x * self.beta
        return where(scaled > self.threshold, grad, grad * sigmoid(scaled))


def softplus(input: Operand, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """A smooth relu: log(1 + exp(`beta` · `input`)) / `beta`, and `input` itself where `beta` · `input` > `threshold`.

    Raises
        ArgumentError   for beta = 0

    Example
        >>> softplus(Tensor([0.0, 30.0]))
        tensor([ 0.6931, 30.    ])
    """
    if beta == 0:
        raise ArgumentError("softplus: beta=0 divides by zero.\n  Use a number > 0; the larger, the closer to relu.")
    return Softplus(beta, threshold).apply(as_float(input))


class Silu(Formula):
    """y = x · sigmoid(x)"""

    __slots__ = ()

    def rule(self, grad, x):
        s = sigmoid(x)
        return grad * (s * (x * (1 - s) + 1))


def silu(input: Operand, inplace: bool = False) -> Tensor:
    """`input` · sigmoid(`input`), also known as swish.

    Example
        >>> silu(Tensor([-1.0, 2.0]))
        tensor([-0.2689,  1.7616])
    """
    result = Silu().apply(as_float(input))
    return over("silu", input, result) if inplace else result


class Mish(Formula):
    """y = x · tanh(log(1 + eˣ))"""

    __slots__ = ()

    def rule(self, grad, x):
        t = tanh(Softplus(1.0, float("inf")).apply(x))
        return grad * (t + x * sigmoid(x) * (1 - t * t))


def mish(input: Operand, inplace: bool = False) -> Tensor:
    """`input` · tanh(softplus(`input`)).

    Source
        Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019

    Example
        >>> mish(Tensor([-1.0, 2.0]))
        tensor([-0.3034,  1.944 ])
    """
    result = Mish().apply(as_float(input))
    return over("mish", input, result) if inplace else result


class Gelu(Formula):
    """y = x · Φ(x), Φ the distribution function of the normal law"""

    __slots__ = ()

    def rule(self, grad, x):
        below = erfc(x * -ROOT_HALF) * 0.5
        return grad * (below + x * exp(x * x * -0.5) * (0.5 * ROOT_2_BY_PI))


class GeluTanh(Formula):
    """y = x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))"""

    __slots__ = ()

    def rule(self, grad, x):
        square = x * x
        t = tanh(x * (square * 0.044715 + 1) * ROOT_2_BY_PI)
        slope = (square * (3 * 0.044715) + 1) * ROOT_2_BY_PI
        return grad * ((t + 1) * 0.5 + x * 0.5 * (1 - t * t) * slope)


def gelu(input: Operand, approximate: str = "none") -> Tensor:
    """`input` times the share of the normal distribution that lies below it; `approximate="tanh"` uses a tanh for that.

    Raises
        ArgumentError   for another `approximate`

    Source
        Hendrycks and Gimpel, Gaussian Error Linear Units, 2016

    Example
        >>> gelu(Tensor([-1.0, 2.0]))
        tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: approximate={approximate!r} is unknown.\n  Use 'none' or 'tanh'.")
    return (Gelu() if approximate == "none" else GeluTanh()).apply(as_float(input))


class Softsign(Formula):
    """y = x / (1 + |x|)"""

    __slots__ = ()

    def rule(self, grad, x):
        below = abs(x) + 1
        return grad / (below * below)


def softsign(input: Operand) -> Tensor:
    """`input` / (1 + |`input`|), between -1 and 1.

    Example
        >>> softsign(Tensor([-1.0, 3.0]))
        tensor([-0.5 ,  0.75])
    """
    return Softsign().apply(as_float(input))


class Tanhshrink(Formula):
    """y = x - tanh x"""

    __slots__ = ()

    def rule(self, grad, x):
        t = tanh(x)
        return grad * (t * t)


def tanhshrink(input: Operand) -> Tensor:
    """`input` - tanh(`input`).

    Example
        >>> tanhshrink(Tensor([0.0, 1.0]))
        tensor([0.    , 0.2384])
    """
    return Tanhshrink().apply(as_float(input))


class Glu(Op):
    """y = a · sigmoid(b) for the two halves of x along `dim`"""

    __slots__ = ("dim",)
    keeps = (0,)

    def __init__(self, dim: int):
        self.dim = dim

    def forward(self, x):
        a, b = halves(x, self.dim)
        return a * kernels.active().unary(b, "sigmoid")

    def backward(self, grad):
        (x,) = self.inputs
        a, b = halves(x, self.dim)
        s = sigmoid(b)
        grad_a = grad * s
        return cat([grad_a, grad_a * a * (1 - s)], self.dim)


def halves(x: Operand, dim: int) -> tuple[Operand, Operand]:
    """The first and the second half of `x` along `dim`."""
    middle = x.shape[dim] // 2
    before = (slice(None),) * dim
    return x[(*before, slice(None, middle))], x[(*before, slice(middle, None))]


def glu(input: Operand, dim: int = -1) -> Tensor:
    """The first half of `input` along `dim`, times the sigmoid of the second half.

    Raises
        ShapeError   an odd number of entries along `dim`

    Source
        Dauphin et al., Language Modeling with Gated Convolutional Networks, 2016

    Example
        >>> glu(Tensor([1.0, 2.0, 0.0, 0.0]))
        tensor([0.5, 1. ])
    """
    if input.ndim == 0:
        raise ShapeError(message("glu", "a tensor without axes has no halves", {"input": input}, "Give it an axis."))
    (axis,) = normalize_dims("glu", input, dim)
    if input.shape[axis] % 2:
        raise ShapeError(message("glu", f"{input.shape[axis]} entries along dim={dim} cannot be halved", {"input": input},
                                 "Use an even number of channels: one half is gated by the other."))
    return Glu(axis).apply(as_float(input))
