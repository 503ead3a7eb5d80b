"""All parameters as one vector, and back."""

from __future__ import annotations

from typing import Iterable

from tensorgrad import ops
from tensorgrad.errors import ShapeError
from tensorgrad.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The entries of all parameters, one after the other, in the graph.

    Example
        >>> parameters_to_vector([Tensor([[1.0, 2.0]]), Tensor([3.0])])
        tensor([1., 2., 3.])
    """
    return ops.cat([ops.reshape(p, (-1,)) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write the entries of `vec` into the parameters, in the order of `parameters_to_vector`.

    Raises
        ShapeError   `vec` has another number of entries than all parameters together; nothing is written then

    Example
        >>> w, b = Tensor([[1.0, 2.0]]), Tensor([3.0])
        >>> vector_to_parameters(Tensor([7.0, 8.0, 9.0]), [w, b]); w, b
        (tensor([[7., 8.]]), tensor([9.]))
    """
    targets = list(parameters)
    total = sum(p.array.size for p in targets)
    if vec.shape != (total,):
        raise ShapeError(f"vector_to_parameters: a vector of shape {vec.shape} for parameters of {total} entries.\n"
                         f"  Pass a vector of shape ({total},).")
    start = 0
    for p in targets:
        p.array[...] = vec.array[start:start + p.array.size].reshape(p.shape)
        p.mark_changed()
        start += p.array.size
