"""Which operators of PyTorch's database tensorgrad has, by what name, and why it lacks the others."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

import nn
import tensorgrad
from tests.peers.opinfo.samples import tensors_in

__all__ = ["OUTSIDE", "MODULES_OUTSIDE", "REFUSED", "ACCEPTED", "COARSE", "RANDOM", "UP_TO_SIGN", "ours", "method",
           "refusal", "undefined", "outside"]

# Reason: names, each a regular expression for the whole name.
OUTSIDE = {
    "Complex numbers: tensors are real.":
        r"fft\..* stft istft polar complex cfloat cdouble chalf conj conj_physical view_as_complex view_as_real "
        r"angle resolve_conj resolve_neg isreal",
    "Sparse and masked tensors: tensors are dense.":
        r"sparse\..* to_sparse masked\..* _segment_reduce",
    "Names that PyTorch's compiler and kernels use among themselves.":
        r"_.*(?<!__) torch\._.* torch\.ops.* native_.* jiterator_.* (?!index_).*_copy as_strided as_strided_scatter "
        r"empty_strided new_empty_strided empty_permuted unsafe_chunk unsafe_split hash_tensor "
        r"max_pool2d_with_indices_backward nonzero_static "
        r"scalar_tensor resize_ resize_as_ grid_sampler_[23]d sum_to_size slice bfloat16",
    "Special functions beyond erf, erfinv, lgamma and digamma.":
        r"special\..* igamma igammac polygamma mvlgamma i0 frexp ldexp nextafter gcd lcm",
    "Windows for signals.": r"signal\.windows\..*",
    "Decompositions and solvers beyond inverse, solve, det, Cholesky, QR and those for symmetric matrices and singular "
    "values in `linalg`: not used in convolutional networks.":
        r"linalg\.(cholesky_ex|cond|eig|eigvals|householder_product|inv_ex|ldl_.*|lstsq|lu.*|"
        r"solve_ex|tensorinv|tensorsolve|vander) geqrf lu lu_solve lu_unpack ormqr "
        r"pca_lowrank pinverse qr svd svd_lowrank triangular_solve cholesky_inverse cholesky_solve matrix_exp",
    "Distributions that no layer or initialisation draws from.":
        r"cauchy exponential geometric log_normal nn\.functional\.fractional_max_pool[23]d",
    "Statistics outside of training.":
        r"corrcoef cov cumulative_trapezoid trapezoid trapz gradient histogram histogramdd index_reduce renorm "
        r"unravel_index dist",
    "Recurrent networks and attention blocks: tensorgrad is about convolutional networks.":
        r"nn\.functional\.multi_head_attention_forward nn\.functional\.ctc_loss nn\.functional\.embedding_bag",
}

MODULES_OUTSIDE = {
    "Recurrent networks and attention blocks: tensorgrad is about convolutional networks.":
        r"RNN GRU LSTM RNNCell GRUCell LSTMCell Transformer.* MultiheadAttention CTCLoss",
    "Random pooling regions.": r"FractionalMaxPool[23]d",
}

# Drawn at random: only shapes and dtypes can be compared.
RANDOM = re.compile(r"(bernoulli|multinomial|normal.*|rand.*|uniform|empty.*|new_empty|"
                    r"nn\.functional\.((feature_)?alpha_)?dropout[23]?d?|"
                    r"nn\.functional\.rrelu)")


@dataclass(frozen=True)
class Refusal:
    """Samples of `ops` (regular expression) that tensorgrad refuses with a message matching `says`, and why."""

    ops: str
    says: str
    why: str


REFUSED: list[Refusal] = [
    Refusal(r"nn\.(functional\.linear_cross_entropy|LinearCrossEntropyLoss)", "options=.* are not supported",
            "Options for computing in chunks, which change no number."),
    Refusal(r"nn\.functional\.embedding", "sparse=True", "Sparse gradients: tensors are dense."),
    Refusal(r"nn\.functional\.batch_norm", "expects .* got 1 axes",
            "Batch norm of a tensor without an axis of channels, which PyTorch overlooks if it is empty."),
    Refusal("addmv|addbmm|baddbmm", "for integers", "A fraction as factor of integers, which PyTorch cuts off silently."),
    Refusal(r"linalg\.(pinv|matrix_rank)", "hermitian=True is not there", "One triangle of a matrix, read as the whole."),
    Refusal(r"linalg\.svd", "full matrices have no gradient", "Full matrices of singular vectors, with gradients: the "
            "vectors added to a basis are arbitrary."),
]

# The reverse: what PyTorch refuses, with a message matching `says`, and tensorgrad takes.
ACCEPTED: list[Refusal] = [
    Refusal(r"nn\.functional\.conv[123]d", "padding='same' is not supported for strided",
            "padding='same' with a stride: as many places as a stride needs to pass over the image."),
    Refusal(r"nn\.functional\.max_pool[123]d", "Expected 2D or 3D .*batch mode|non-batch dimensions to have positive length",
            "Pooling of no channels: the result has none either."),
    Refusal(".*", "^$", "A number as the first operand, where PyTorch wants a tensor: `add(2, x)` is `2 + x`."),
]

# Second gradients that are NaN in PyTorch and 0 here, where every entry of PyTorch's result is 0: which operators and why.
UNDEFINED = {
    r"linalg\.norm": "Second gradients of a norm that is 0: the gradient there is 0 by choice, in both libraries, and "
                     "so is its gradient here, while PyTorch divides 0 by 0 behind its choice and has NaN.",
}

# Factors that are unique up to the signs of their vectors: compared after the sample's own function, which takes those away.
UP_TO_SIGN = {"linalg.eigh", "linalg.svd"}

# Operators whose gradients PyTorch rounds more coarsely than float64 does, to which relative size, and why.
COARSE = {"nn.functional.hardsigmoid": (1e-6, "PyTorch's kernel multiplies with 1/6 in float32.")}

RENAMED: dict[str, Callable[..., Any]] = {
    "__getitem__": operator.getitem,
    "broadcast_shapes": lambda *shapes: np.array(tensorgrad.broadcast_shapes(*shapes), np.int64),  # as samples have sizes
    "zero_": lambda input: input.clone().zero_(),  # as in the database, whose inputs are leaves
    "einsum": lambda operands, equation: tensorgrad.einsum(equation, *operands),
    "where": lambda input, condition, other: tensorgrad.where(condition, input, other),
    "nn.functional.embedding": lambda weight, input, **options: nn.functional.embedding(input, weight, **options),
    "__radd__": lambda input, other: other + input,
    "__rdiv__": lambda input, other: other / input,
    "__rmul__": lambda input, other: other * input,
    "__rsub__": lambda input, other: other - input,
    "__rpow__": lambda input, other: other**input,
    "__rmod__": lambda input, other: other % input,
    "__rmatmul__": lambda input, other: other @ input,
    "__rand__": lambda input, other: other & input,
    "__ror__": lambda input, other: other | input,
    "__rxor__": lambda input, other: other ^ input,
    "rsub": lambda input, other, alpha=1: other - alpha * input,
}


def matches(names: str, name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in names.split())


def outside(name: str, table: dict[str, str] = OUTSIDE) -> str | None:
    """Why tensorgrad has no such operator or module; None if it has."""
    if name in RENAMED:
        return None
    return next((reason for reason, names in table.items() if matches(names, name)), None)


def ours(name: str, variant: str = "") -> Callable[..., Any]:
    """tensorgrad's function for an operator of the database; its method where PyTorch has only that."""
    if variant == "in_place" or name == "uniform":
        return method(name + "_")
    if variant == "singular":  # pinv, of a product of two low matrices
        return lambda a, b: tensorgrad.linalg.pinv(a @ b.mT)
    if name in RENAMED:
        return RENAMED[name]
    if name.startswith("nn.functional."):
        return getattr(nn.functional, name.removeprefix("nn.functional."))
    if name.startswith("linalg."):
        return getattr(tensorgrad.linalg, name.removeprefix("linalg."))
    found = getattr(tensorgrad, name, None)
    return found if callable(found) else method(name)  # `float` is a dtype, and a method


def method(name: str) -> Callable[..., Any]:
    """The method of that name as a function."""
    if not hasattr(tensorgrad.Tensor, name):
        raise AttributeError(f"tensorgrad has neither a function nor a method {name}")
    if isinstance(getattr(tensorgrad.Tensor, name), property):
        return lambda input: getattr(input, name)
    return lambda input, *args, **kwargs: getattr(input, name)(*args, **kwargs)


def refusal(name: str, error: Exception) -> str | None:
    """The reason of a refusal that is meant; None if it is not."""
    text = str(error)
    return next((r.why for r in REFUSED if re.fullmatch(r.ops, name) and re.search(r.says, text)), None)


def undefined(name: str, result: Any) -> str | None:
    """Why second gradients may be 0 where PyTorch has NaN: the reason for that operator, if its `result` is 0; else None."""
    zero = all(not bool(part.detach().any()) for part in tensors_in(result))
    return next((why for ops, why in UNDEFINED.items() if zero and re.fullmatch(ops, name)), None)
