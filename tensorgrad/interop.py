"""NumPy functions on tensors, and memory exchanged with other libraries.

``np.exp(t)``, ``array + t``, ``np.float32(2) * t`` and ``np.sum(t, axis=1)`` run tensorgrad's op of that meaning, so they
stay in the graph.  A NumPy function without such an op raises, instead of silently going on with plain arrays; so do
``out=`` and ``where=``.  ``np.asarray(t)`` is the way out of the graph.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, NoReturn

import numpy as np

from tensorgrad import creation, dtypes, linalg, ops
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, message
from tensorgrad.recording import here
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["array_ufunc", "array_function", "dlpack", "dlpack_device", "from_dlpack"]


# -- universal functions -----------------------------------------------------------------------------------------------

# NumPy's name: ours.  A name that both have is not listed.
UFUNCS = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg", "power": "pow",
    "float_power": "pow", "absolute": "abs", "fabs": "abs", "conjugate": "clone", "positive": "clone", "rint": "round",
    "equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge",
    "bitwise_and": "bitwise_and", "bitwise_or": "bitwise_or", "bitwise_xor": "bitwise_xor", "invert": "bitwise_not",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "mod": "remainder",
}
REDUCED = {"add": "sum", "multiply": "prod", "maximum": "amax", "minimum": "amin", "logical_and": "all", "logical_or": "any"}


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
    """What NumPy calls for ``np.exp(tensor)`` and ``array + tensor``."""
    name = f"np.{ufunc.__name__}" if method == "__call__" else f"np.{ufunc.__name__}.{method}"
    if out:
        return write_into(name, ufunc, method, inputs, out, kwargs)
    if method == "reduce" and ufunc.__name__ in REDUCED and not set(kwargs) - {"axis", "keepdims"}:
        return op(REDUCED[ufunc.__name__], name)(inputs[0], kwargs.get("axis", 0), kwargs.get("keepdims", False))
    function = op(UFUNCS.get(ufunc.__name__, ufunc.__name__) if method == "__call__" else "", name)
    dtype = kwargs.pop("dtype", None)
    if kwargs:
        refuse_arguments(name, [f"{key}=" for key in kwargs], inputs)
    result = function(*inputs)
    return result if dtype is None else result.to(dtype)


def write_into(name: str, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], out: Any, kwargs: Any) -> Any:
    """``array += tensor``: done for constants, refused where it would cut the tensor out of its graph."""
    if any(isinstance(o, Tensor) for o in out):
        raise ArgumentError(message(name, "cannot write its result into a tensor", {"out": out[0]},
                                    "Use a method with an underscore, such as t.add_(other), or bind the result."))
    for tensor in inputs:
        if isinstance(tensor, Tensor) and tensor.requires_grad and here.recording:
            raise GraphError(message(name, "writing into a plain array would leave the graph", {"tensor": tensor},
                                     "Write array = array + tensor, or use tensor.detach() if no gradient is wanted."))
    return getattr(ufunc, method)(*[arrays_in(i) for i in inputs], out=out, **kwargs)


# -- other functions ---------------------------------------------------------------------------------------------------

# NumPy's name: our expression, with NumPy's argument names.  What is not an argument here raises an ArgumentError.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    # reductions
    "sum": lambda a, axis=None, dtype=None, keepdims=False: op("sum")(a, axis, keepdims, dtype=dtype),
    "mean": lambda a, axis=None, dtype=None, keepdims=False: op("mean")(a, axis, keepdims, dtype=dtype),
    "prod": lambda a, axis=None, keepdims=False: reduced("prod", a, axis, keepdims),
    "max": lambda a, axis=None, keepdims=False: reduced("amax", a, axis, keepdims),
    "amax": lambda a, axis=None, keepdims=False: reduced("amax", a, axis, keepdims),
    "min": lambda a, axis=None, keepdims=False: reduced("amin", a, axis, keepdims),
    "amin": lambda a, axis=None, keepdims=False: reduced("amin", a, axis, keepdims),
    "var": lambda a, axis=None, ddof=0, keepdims=False: op("var")(a, axis, correction=ddof, keepdim=keepdims),
    "std": lambda a, axis=None, ddof=0, keepdims=False: op("std")(a, axis, correction=ddof, keepdim=keepdims),
    "argmax": lambda a, axis=None, keepdims=False: op("argmax")(a, axis, keepdims),
    "argmin": lambda a, axis=None, keepdims=False: op("argmin")(a, axis, keepdims),
    "all": lambda a, axis=None, keepdims=False: reduced("all", a, axis, keepdims),
    "any": lambda a, axis=None, keepdims=False: reduced("any", a, axis, keepdims),
    "cumsum": lambda a, axis=None: op("cumsum")(*along(a, axis)),
    "cumprod": lambda a, axis=None: op("cumprod")(*along(a, axis)),
    "linalg.norm": lambda x, ord=None, axis=None, keepdims=False: linalg.norm(x, ord, axis, keepdims),
    # shape
    "reshape": lambda a, shape, order="C": op("reshape")(in_c_order("reshape", a, order), shape),
    "ravel": lambda a, order="C": op("reshape")(in_c_order("ravel", a, order), -1),
    "transpose": lambda a, axes=None: op("permute")(a, *(range(a.ndim)[::-1] if axes is None else axes)),
    "permute_dims": lambda a, axes=None: op("permute")(a, *(range(a.ndim)[::-1] if axes is None else axes)),
    "matrix_transpose": lambda x: op("transpose")(x, -2, -1),
    "swapaxes": lambda a, axis1, axis2: op("transpose")(a, axis1, axis2),
    "moveaxis": lambda a, source, destination: op("permute")(a, *moved(a.ndim, source, destination)),
    "squeeze": lambda a, axis=None: op("squeeze")(a, axis),
    "expand_dims": lambda a, axis: with_new_axes(a, axis),
    "broadcast_to": lambda array, shape: op("broadcast_to")(array, shape),
    "flip": lambda m, axis=None: op("flip")(m, tuple(range(m.ndim)) if axis is None else axis),
    "roll": lambda a, shift, axis=None: op("roll")(a, shift, axis),
    "repeat": lambda a, repeats, axis=None: op("repeat_interleave")(a, repeats, axis),
    "tile": lambda A, reps: op("tile")(A, reps),
    "atleast_1d": lambda *arys: unwrapped([op("reshape")(a, 1) if a.ndim == 0 else a for a in tensors(arys)]),
    "copy": lambda a, order="K": op("clone")(a),
    # joining and taking apart
    "concatenate": lambda arrays, axis=0: (
        op("cat")([op("reshape")(a, -1) for a in tensors(arrays)], 0) if axis is None else op("cat")(tensors(arrays), axis)),
    "concat": lambda arrays, axis=0: op("cat")(tensors(arrays), axis),
    "stack": lambda arrays, axis=0: op("stack")(tensors(arrays), axis),
    "vstack": lambda tup: op("cat")([op("reshape")(a, 1, -1) if a.ndim < 2 else a for a in tensors(tup)], 0),
    "hstack": lambda tup: op("cat")(tensors(tup), 0 if tensors(tup)[0].ndim < 2 else 1),
    "split": lambda ary, indices_or_sections, axis=0: list(parts(ary, indices_or_sections, axis)),
    "unstack": lambda x, axis=0: op("unbind")(x, axis),
    "take": lambda a, indices, axis=None: taken(*along(a, axis), indices),
    "take_along_axis": lambda arr, indices, axis=-1: op("gather")(arr, axis, as_tensor(indices)),
    # choice and rounding
    "where": lambda condition, x, y: op("where")(condition, x, y),
    "clip": lambda a, a_min=None, a_max=None, *, min=None, max=None: op("clamp")(
        a, a_min if min is None else min, a_max if max is None else max),
    "round": lambda a, decimals=0: op("round")(a, decimals=decimals),
    "around": lambda a, decimals=0: op("round")(a, decimals=decimals),
    "nan_to_num": lambda x, nan=0.0, posinf=None, neginf=None: op("nan_to_num")(x, nan, posinf, neginf),
    "sort": lambda a, axis=-1: op("sort")(a, axis)[0],
    "argsort": lambda a, axis=-1: op("argsort")(a, axis),
    "tril": lambda m, k=0: op("tril")(m, k),
    "triu": lambda m, k=0: op("triu")(m, k),
    "diagonal": lambda a, offset=0, axis1=0, axis2=1: op("diagonal")(a, offset, axis1, axis2),
    # products
    "dot": lambda a, b: op("mul" if 0 in (np.ndim(a), np.ndim(b)) else "matmul")(*tensors((a, b))),
    "outer": lambda a, b: op("mul")(*[op("reshape")(x, shape) for x, shape in zip(tensors((a, b)), ((-1, 1), (1, -1)))]),
    "einsum": lambda subscripts, *operands: op("einsum")(subscripts, *tensors(operands)),
    # new tensors
    "zeros_like": lambda a, dtype=None: creation.zeros_like(a, dtype=dtype),
    "ones_like": lambda a, dtype=None: creation.ones_like(a, dtype=dtype),
    "full_like": lambda a, fill_value, dtype=None: creation.full_like(a, fill_value, dtype=dtype),
    "empty_like": lambda prototype, dtype=None: creation.empty_like(prototype, dtype=dtype),
}

# Questions about tensors whose answers have no gradient: asked of the arrays.
PLAIN = {"shape", "ndim", "size", "allclose", "isclose", "array_equal", "array_equiv", "array_repr", "array_str",
         "array2string", "may_share_memory", "shares_memory", "result_type", "can_cast", "count_nonzero", "save", "savez",
         "savetxt"}


def array_function(self: Tensor, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
    """What NumPy calls for ``np.sum(tensor, axis=1)`` and other functions that are not universal."""
    key = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    if key in PLAIN:
        return function(*arrays_in(args), **arrays_in(kwargs))
    handler = FUNCTIONS.get(key)
    if handler is None:
        refuse_function(f"np.{key}")
    try:
        return handler(*args, **kwargs)
    except TypeError as error:
        known = inspect.signature(handler).parameters
        unknown = [f"{name}=" for name in kwargs if name not in known]
        if unknown:
            refuse_arguments(f"np.{key}", unknown, args)
        raise error


def op(name: str, numpy_name: str = "") -> Callable[..., Any]:
    """The op of that name."""
    function = getattr(ops, name, None) if name in ops.__all__ else None
    if function is None:
        refuse_function(numpy_name or f"np.{name}")
    return function


def refuse_function(name: str) -> NoReturn:
    """Raise the GraphError for a NumPy function that has no equal here."""
    raise GraphError(f"{name}: there is no differentiable form of it for tensors.\n  Use tensorgrad's functions, or "
                     f"{name}(np.asarray(t)) on the plain array, which no gradient flows through.")


def refuse_arguments(name: str, arguments: list[str], operands: Any) -> None:
    """Raise the ArgumentError for arguments, such as ``out=``, that an op does not have."""
    shown = {f"operand {i}": operand for i, operand in enumerate(operands) if isinstance(operand, Tensor)}
    raise ArgumentError(message(name, f"{', '.join(arguments)} is not supported for tensors", shown,
                                "Leave it out and bind the result, or call it on np.asarray(t)."))


# -- arguments, from NumPy's form to ours ------------------------------------------------------------------------------


def reduced(name: str, a: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """A reduction that takes all axes, or one: over several, one after the other."""
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for dim in sorted([d % a.ndim for d in axes], reverse=True):
        a = op(name)(a, dim, keepdims)
    return a


def along(a: Tensor, axis: int | None) -> tuple[Tensor, int]:
    """`a` and the axis to go along: without one, `a` flattened."""
    return (op("reshape")(a, -1), 0) if axis is None else (a, axis)


def taken(a: Tensor, axis: int, indices: Any) -> Tensor:
    """The entries at `indices` along one axis."""
    return op("getitem")(a, (slice(None),) * (axis % a.ndim) + (indices,))


def in_c_order(name: str, a: Tensor, order: str) -> Tensor:
    """`a`, if entries are wanted in row-major order."""
    if order not in ("C", "A", "K"):
        refuse_arguments(f"np.{name}", [f"order={order!r}"], [a])
    return a


def moved(ndim: int, source: Any, destination: Any) -> list[int]:
    """The order of axes in which `source` stand at `destination`."""
    return [int(i) for i in np.moveaxis(np.empty(tuple(range(ndim))), source, destination).shape]


def with_new_axes(a: Tensor, axis: Any) -> Tensor:
    """`a` with an axis of length 1 at each position of `axis`."""
    return op("reshape")(a, np.expand_dims(np.broadcast_to(0, a.shape), axis).shape)


def parts(a: Tensor, indices_or_sections: Any, axis: int) -> Any:
    """The parts that ``np.split`` gives."""
    length = a.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        if length % indices_or_sections:
            raise ArgumentError(message("np.split", f"{length} entries do not make {indices_or_sections} equal parts",
                                        {"ary": a}, "Give the positions to cut at."))
        cuts = list(range(0, length, length // indices_or_sections))[1:]
    else:
        cuts = [int(i) for i in indices_or_sections]
    for start, stop in zip([0, *cuts], [*cuts, length]):
        yield taken(a, axis, slice(start, stop))


def tensors(operands: Any) -> list[Tensor]:
    """Operands as tensors; plain arrays take the dtype of the first tensor, as constants do."""
    dtype = next((o.dtype for o in operands if isinstance(o, Tensor)), None)
    return [o if isinstance(o, Tensor) else as_tensor(np.asarray(o if dtype is None else dtypes.constant(o, dtype)))
            for o in operands]


def unwrapped(results: list[Any]) -> Any:
    """The only result, or all as a tuple."""
    return results[0] if len(results) == 1 else tuple(results)


def arrays_in(value: Any) -> Any:
    """Arguments with every tensor in them replaced by its array."""
    if isinstance(value, Tensor):
        return value.array
    if isinstance(value, (tuple, list)):
        return type(value)(arrays_in(entry) for entry in value)
    return {key: arrays_in(entry) for key, entry in value.items()} if isinstance(value, dict) else value


# -- DLPack ------------------------------------------------------------------------------------------------------------


def dlpack(self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None) -> Any:
    """A capsule with this tensor's memory: what ``torch.from_dlpack(tensor)`` and ``np.from_dlpack(tensor)`` ask for.

    Raises
        GraphError   for a tensor that requires grad: the receiver would not know of the graph
    """
    if self.requires_grad:
        raise GraphError(message("dlpack", "a tensor that requires grad cannot leave the graph", {"tensor": self},
                                 "Pass tensor.detach()."))
    return self.array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)


def dlpack_device(self: Tensor) -> tuple[int, int]:
    """Main memory, as DLPack writes it: (1, 0)."""
    return self.array.__dlpack_device__()


def from_dlpack(external: Any) -> Tensor:
    """A constant that shares the memory of another library's tensor, such as PyTorch's, on the CPU.

    Raises
        DtypeError   a dtype that NumPy does not have, memory of another device, an object without DLPack

    Example
        >>> array = np.arange(3.0)
        >>> from_dlpack(array).numpy().base is not None
        True
    """
    try:
        return Tensor(np.from_dlpack(external))
    except (BufferError, RuntimeError, AttributeError, TypeError) as error:
        raise DtypeError(f"from_dlpack: cannot take over a {type(external).__name__}: {error}\n"
                         "  Pass a detached CPU tensor of a dtype that NumPy has.") from None
