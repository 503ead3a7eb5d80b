"""Initial values, written into a tensor in place.

Every function that draws takes ``generator=None``: a `numpy.random.Generator`, by default the process-wide one that
`tensorgrad.manual_seed` seeds.  They return the tensor and record nothing.

*Fan in* is the number of inputs that one output sums over, *fan out* the number of outputs that one input reaches; for a
weight (F, C, K, L) they are C·K·L and F·K·L.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

from tensorgrad.callers import calling_line
from tensorgrad.errors import ArgumentError, ShapeError, message
from tensorgrad.porting.former_names import former_name
from tensorgrad.random import Generator, default_generator
from tensorgrad.tensor import Tensor

__all__ = ["calculate_gain", "uniform_", "normal_", "trunc_normal_", "constant_", "ones_", "zeros_", "eye_", "dirac_",
           "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "sparse_"]

T = TypeVar("T", bound=Tensor)

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4,
         **{f"conv{transposed}{d}d": 1.0 for transposed in ("", "_transpose") for d in (1, 2, 3)}}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights are scaled so that this nonlinearity keeps the spread of its input.

    1 for linear layers and sigmoid, 5/3 for tanh, √2 for relu, 3/4 for selu, √(2 / (1 + slope²)) for leaky_relu, whose
    slope is `param` (0.01 if None).

    Raises
        ArgumentError   another name

    Example
        >>> round(calculate_gain("leaky_relu", 0.2), 4)
        1.3868
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ArgumentError(f"calculate_gain: {slope!r} is no slope for leaky_relu.\n  Pass a number.")
        return math.sqrt(2 / (1 + slope ** 2))
    if nonlinearity not in GAINS:
        raise ArgumentError(f"calculate_gain: {nonlinearity!r} is not known.\n  Use {', '.join([*GAINS, 'leaky_relu'])}.")
    return GAINS[nonlinearity]


def fans(who: str, tensor: Tensor) -> tuple[int, int]:
    """(fan in, fan out) of a weight."""
    if tensor.ndim < 2:
        raise ShapeError(message(who, "fan in and fan out need at least 2 axes", {"tensor": tensor},
                                 "Use it for weights; start biases with zeros_ or uniform_."))
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def chosen_fan(who: str, tensor: Tensor, mode: str) -> int:
    """Fan in or fan out."""
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"{who}: mode is {mode!r}.\n  Use 'fan_in' or 'fan_out'.")
    return fans(who, tensor)[mode == "fan_out"]


def write(tensor: T, values: np.ndarray | float) -> T:
    """Put `values` into the tensor's memory."""
    tensor.array[...] = values
    tensor.mark_changed(calling_line())
    return tensor


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> T:
    """Fill with values drawn uniformly from [a, b).

    Raises
        ArgumentError   a > b
    """
    if a > b:
        raise ArgumentError(f"uniform_: the interval from {a} to {b} is empty.\n  Pass a ≤ b.")
    return write(tensor, (generator or default_generator()).uniform(a, b, tensor.shape))


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> T:
    """Fill with values drawn from the normal distribution.

    Raises
        ArgumentError   a negative std
    """
    if std < 0:
        raise ArgumentError(f"normal_: std is {std}.\n  Pass a number ≥ 0.")
    return write(tensor, (generator or default_generator()).normal(mean, std, tensor.shape))


def trunc_normal_(tensor: T, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
                  generator: Generator | None = None) -> T:
    """Fill with values drawn from the normal distribution and drawn again while outside [a, b].

    Raises
        ArgumentError   a negative std, or an interval [a, b] that is empty or holds almost nothing of the distribution

    Example
        >>> values = trunc_normal_(Tensor(np.empty(1000)), std=5.0).array
        >>> bool(values.min() >= -2 and values.max() <= 2)
        True
    """
    if std < 0 or a >= b:
        raise ArgumentError(f"trunc_normal_: std is {std}, a is {a}, b is {b}.\n  Pass std ≥ 0 and a < b.")
    rng = generator or default_generator()
    low, high = ((bound - mean) / std if std else math.copysign(math.inf, bound - mean) for bound in (a, b))
    share = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    if share < 1e-4:
        raise ArgumentError(f"trunc_normal_: [{a}, {b}] holds {share:.1e} of the normal distribution with mean {mean} and "
                            f"std {std}.\n  Choose an interval nearer to the mean.")
    values = np.empty(0)
    while values.size < tensor.array.size:
        more = rng.normal(mean, std, int((tensor.array.size - values.size) / share * 1.1) + 16)
        values = np.concatenate([values, more[(more >= a) & (more <= b)]])
    return write(tensor, values[:tensor.array.size].reshape(tensor.shape))


def constant_(tensor: T, val: float) -> T:
    """Fill with `val`."""
    return write(tensor, val)


def ones_(tensor: T) -> T:
    """Fill with 1."""
    return write(tensor, 1)


def zeros_(tensor: T) -> T:
    """Fill with 0."""
    return write(tensor, 0)


def eye_(tensor: T) -> T:
    """1 on the diagonal, 0 elsewhere: a linear layer that passes its input on.

    Raises
        ShapeError   a tensor without exactly 2 axes
    """
    if tensor.ndim != 2:
        raise ShapeError(message("eye_", "the identity is a matrix", {"tensor": tensor}, "Use dirac_ for convolutions."))
    return write(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: T, groups: int = 1) -> T:
    """1 in the centre of the kernel from channel i to filter i: a convolution that passes its input on.

    Raises
        ShapeError      a tensor without 3, 4 or 5 axes
        ArgumentError   filters not divisible by `groups`
    """
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(message("dirac_", "a convolution's weight has 3, 4 or 5 axes", {"tensor": tensor},
                                 "Use eye_ for linear layers."))
    if tensor.shape[0] % groups:
        raise ArgumentError(f"dirac_: {tensor.shape[0]} filters are not divisible by {groups} groups.")
    filters = tensor.shape[0] // groups
    centre = tuple(k // 2 for k in tensor.shape[2:])
    values = np.zeros(tensor.shape)
    for group in range(groups):
        for i in range(min(filters, tensor.shape[1])):
            values[(group * filters + i, i, *centre)] = 1
    return write(tensor, values)


def xavier_uniform_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """Fill uniformly within ±gain·√(6 / (fan in + fan out)).

    Source
        Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    """
    bound = gain * math.sqrt(6 / max(1, sum(fans("xavier_uniform_", tensor))))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """Fill from the normal distribution with standard deviation gain·√(2 / (fan in + fan out)).

    Source
        Glorot and Bengio 2010
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2 / max(1, sum(fans("xavier_normal_", tensor)))), generator)


def kaiming_uniform_(tensor: T, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                     generator: Generator | None = None) -> T:
    """Fill uniformly within ±gain·√(3 / fan), where `a` is the slope of leaky_relu in the gain.

    Source
        He et al. 2015, Delving deep into rectifiers

    Example
        >>> weight = kaiming_uniform_(Tensor(np.empty((8, 6))), nonlinearity="relu")
        >>> bool(abs(weight.array).max() <= 1.0)
        True
    """
    fan = chosen_fan("kaiming_uniform_", tensor, mode)
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3 / max(1, fan))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor: T, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                    generator: Generator | None = None) -> T:
    """Fill from the normal distribution with standard deviation gain / √fan, `a` the slope of leaky_relu in the gain.

    Source
        He et al. 2015
    """
    fan = chosen_fan("kaiming_normal_", tensor, mode)
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(max(1, fan)), generator)


def orthogonal_(tensor: T, gain: float = 1, generator: Generator | None = None) -> T:
    """Fill with a random matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    Axes after the first are taken as one.

    Source
        Saxe et al. 2013; the signs are those that make the distribution uniform (Mezzadri 2007)

    Example
        >>> q = orthogonal_(Tensor(np.empty((3, 5)))).array
        >>> bool(np.allclose(q @ q.T, np.eye(3)))
        True
    """
    if tensor.ndim < 2:
        raise ShapeError(message("orthogonal_", "orthogonality needs at least 2 axes", {"tensor": tensor},
                                 "Use it for weights, not for biases."))
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    if not rows * columns:
        return tensor
    q, r = np.linalg.qr((generator or default_generator()).normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return write(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def sparse_(tensor: T, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> T:
    """Fill from the normal distribution, then set the fraction `sparsity` of every column to 0.

    Source
        Martens 2010, Deep learning via Hessian-free optimization
    """
    if tensor.ndim != 2:
        raise ShapeError(message("sparse_", "columns are those of a matrix", {"tensor": tensor}, "Reshape it to 2 axes."))
    if not 0 <= sparsity <= 1:
        raise ArgumentError(f"sparse_: sparsity is {sparsity}.\n  Pass a fraction from 0 to 1.")
    rng = generator or default_generator()
    values = rng.normal(0.0, std, tensor.shape)
    zeros = math.ceil(sparsity * tensor.shape[0])
    for column in values.T:
        column[rng.permutation(len(column))[:zeros]] = 0
    return write(tensor, values)


# -- PyTorch's former names --------------------------------------------------------------------------------------------

uniform, normal, constant, eye, dirac, xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal, orthogonal, sparse = (
    former_name(function, "nn.init") for function in (
        uniform_, normal_, constant_, eye_, dirac_, xavier_uniform_, xavier_normal_, kaiming_uniform_, kaiming_normal_,
        orthogonal_, sparse_))
