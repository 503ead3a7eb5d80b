"""Tensor: an array, its gradient, and the op that made it.  No arithmetic here; that is `ops`, attached in `methods`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from tensorgrad import dtypes
from tensorgrad.callers import Line, calling_line
from tensorgrad.devices import on_cpu
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, ShapeError, message
from tensorgrad.handles import AfterAccumulation, RemovableHandle, hooked
from tensorgrad.shared_memory import Memory

if TYPE_CHECKING:
    from tensorgrad.methods import TensorMethods
    from tensorgrad.op import Op
else:
    TensorMethods = object

__all__ = ["Tensor", "as_tensor", "RemovableHandle"]


class Tensor(TensorMethods):
    """A NumPy array that remembers how it was computed, so that `backward()` can differentiate through it.

    Parameters
        data            anything `numpy.asarray` takes; an array of a fitting dtype is shared, not copied
        requires_grad   True for a leaf whose `.grad` `backward()` fills; needs a float dtype
        dtype           None keeps an array's dtype and makes Python floats the default float (float32)
        name            shown in drawings and in error messages

    Attributes
        array     the ndarray itself, for reading; write through `data`, so that stale graphs are noticed
        grad      the accumulated gradient as a Tensor, or None; kept on leaves, and where `retain_grad()` asked for it
        creator   the op that made this tensor; None for leaves and constants

    Raises
        DtypeError   data that holds no numbers; `requires_grad` with an integer or bool dtype

    Example
        >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4., 6.])
    """

    __slots__ = ("array", "grad", "creator", "wants_grad", "name", "memory", "hooks", "__weakref__")

    # `memory` is None until the array is shared with a view or written into.
    array: np.ndarray
    grad: Tensor | None
    creator: Op | None
    wants_grad: bool
    name: str | None
    memory: Memory | None
    hooks: list[Any] | None

    kind = "tensor"
    __hash__ = object.__hash__

    def __init__(self, data: Any, requires_grad: bool = False, *, dtype: Any = None, name: str | None = None):
        self.array = dtypes.as_array(data.array if isinstance(data, Tensor) else data, dtype)
        self.grad = self.creator = self.memory = self.hooks = None
        self.wants_grad = False
        self.name = name
        if isinstance(data, Tensor) and self.array is data.array:
            self.share(data, object())
        if requires_grad:
            self.requires_grad = True

    # -- data ---------------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor without history; assigning an array or a tensor gives this one other numbers.

        Writes into it change this tensor, also where a graph is recorded, and so does an assignment.  Graphs that kept the
        numbers for backward notice either, where PyTorch would go on with the new ones.

        Example
            >>> w = Tensor([1.0, 2.0], requires_grad=True)
            >>> w.data.mul_(10); w
            tensor([10., 20.])
            tensor([10., 20.], requires_grad=True)
        """
        out = from_array(self.array)
        out.share(self, object())
        return out

    @data.setter
    def data(self, value: Any) -> None:
        array = dtypes.as_array(value.array if isinstance(value, Tensor) else value)
        if self.requires_grad and not dtypes.is_float(array.dtype):
            raise DtypeError(message("data", f"{array.dtype} data for a tensor that requires grad", {"tensor": self},
                                     "Assign float data, or call requires_grad_(False) first."))
        if array is self.array:  # it was written into, as by t.data -= 1
            self.mark_changed(calling_line())
        else:
            self.array = array
            memory = Memory()
            memory.written(calling_line())
            self.lie_in(memory)

    def mark_changed(self, line: Line | None = None) -> None:
        """Say that the array was written into, by that line: graphs that kept it, or what shares its memory, are stale."""
        self.shared_memory().written(line)

    def shared_memory(self) -> Memory:
        """What this tensor, its views and the op that may have kept its array know of its memory."""
        memory = self.memory
        if memory is None:
            creator = self.creator
            memory = self.memory = Memory() if creator is None or creator.memory is None else creator.memory
            if creator is not None:
                creator.memory = memory
        return memory

    def lie_in(self, memory: Memory) -> None:
        """Note whose memory this is, also with the op that made this tensor: ops that keep the array ask that one."""
        self.memory = memory
        if self.creator is not None:
            self.creator.memory = memory

    def share(self, other: Tensor, family: object = None) -> None:
        """Lie in the memory of `other`: as a view of it, or in a `family` of its own, with gradients of its own."""
        memory = self.memory = other.memory or other.shared_memory()
        if self.creator is not None:
            self.creator.memory = memory
        memory.join(self, other, family)

    def last_change(self) -> int:
        """The tick of the last in-place write to this memory; 0 if there was none."""
        return 0 if self.memory is None else self.memory.changed

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        """The array's dtype, such as ``tensorgrad.float32``."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.array.ndim

    @property
    def itemsize(self) -> int:
        """Bytes of one entry."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all entries."""
        return self.array.nbytes

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of axis `dim`."""
        return self.array.shape if dim is None else self.array.shape[dim]

    def dim(self) -> int:
        """Number of axes."""
        return self.array.ndim

    def numel(self) -> int:
        """Number of entries."""
        return self.array.size

    def numpy(self) -> np.ndarray:
        """The array itself, sharing memory; it is outside the graph."""
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False and dtype is not None and np.dtype(dtype) != self.array.dtype:
            raise ArgumentError(f"asarray: {self.array.dtype} cannot become {np.dtype(dtype)} without a copy.")
        return np.array(self.array, dtype=dtype, copy=copy)

    def tolist(self) -> Any:
        """Nested Python lists, or a Python number for a tensor without axes."""
        return self.array.tolist()

    def item(self) -> Any:
        """The only entry as a Python number.

        Raises
            ShapeError   for any other number of entries
        """
        if self.array.size != 1:
            raise ShapeError(message("item", f"a tensor of {self.array.size} entries is not one number",
                                     {"tensor": self}, "Reduce it first (sum, mean, ...), or use tolist()."))
        return self.array.item()

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len: a tensor without axes has no length.")
        return len(self.array)

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise ShapeError(message("bool", f"the truth of a tensor of {self.array.size} entries is not defined",
                                     {"tensor": self}, "Use .any() or .all()."))
        return bool(self.array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.array.dtype.kind not in "iub":
            raise DtypeError(message("index", "only integer tensors can index", {"tensor": self}, "Call .long() on it."))
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        body = np.array2string(self.array, separator=", ", prefix="tensor(", threshold=1000, edgeitems=3, precision=4)
        notes = []
        if 0 in self.shape:
            notes.append(f"shape={self.shape}")
        if self.dtype not in (dtypes.get_default_dtype(), dtypes.int64, dtypes.bool_):
            notes.append(f"dtype={self.dtype.name}")
        if self.creator is not None:
            notes.append(f"creator={self.creator.name}")
        elif self.wants_grad:
            notes.append("requires_grad=True")
        return ", ".join([f"tensor({body}", *notes]) + ")"

    # -- place in the graph -------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """True if gradients flow to or through this tensor."""
        return self.wants_grad or self.creator is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.creator is not None:
            if wanted:
                return
            raise GraphError(message("requires_grad", "only a leaf's flag can be changed", {"tensor": self},
                                     "Use detach() for a constant with the same data."))
        if wanted and not dtypes.is_float(self.dtype):
            raise DtypeError(message("requires_grad", "only float tensors have gradients", {"tensor": self},
                                     "Convert it first: .float(), or dtype=tensorgrad.float32 when it is made."))
        self.wants_grad = bool(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """True if no recorded op made this tensor."""
        return self.creator is None

    @property
    def grad_fn(self) -> Op | None:
        """PyTorch's name for `creator`."""
        return self.creator

    def detach(self) -> Tensor:
        """A constant that shares this tensor's memory.

        Example
            >>> x = Tensor([1.0], requires_grad=True)
            >>> (x * 2).detach().requires_grad
            False
        """
        out = from_array(self.array)
        out.share(self, object())
        return out

    def retain_grad(self) -> None:
        """Fill this interior tensor's `.grad` too when `backward()` passes through it.

        Raises
            GraphError   for a constant, which no gradient reaches
        """
        if self.creator is not None:
            self.creator.retain_grad_of(self)
        elif not self.wants_grad:
            raise GraphError(message("retain_grad", "no gradient reaches a constant", {"tensor": self},
                                     "Set requires_grad on a tensor it is computed from."))

    @property
    def retains_grad(self) -> bool:
        """True for an interior tensor on which `retain_grad()` was called."""
        return self.creator is not None and self.creator.retains_grad_of(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is complete; what it returns, if anything, replaces it.

        Raises
            GraphError   for a constant, which no gradient reaches

        Example
            >>> x = Tensor([1.0, 2.0], requires_grad=True)
            >>> handle = x.register_hook(lambda grad: grad * 10)
            >>> x.sum().backward(); x.grad
            tensor([10., 10.])
            >>> handle.remove()
        """
        if not self.requires_grad:
            raise GraphError(message("register_hook", "no gradient reaches a constant", {"tensor": self},
                                     "Set requires_grad on it first."))
        return hooked(self if self.creator is None else self.creator, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` whenever `backward()` has added to this leaf's `.grad`; `autograd.grad` does not.

        Raises
            GraphError   for an interior tensor, or one that needs no gradient

        Example
            >>> x = Tensor([1.0, 2.0], requires_grad=True)
            >>> handle = x.register_post_accumulate_grad_hook(lambda tensor: print(tensor.grad))
            >>> (x * 3).sum().backward()
            tensor([3., 3.])
        """
        if self.creator is not None or not self.wants_grad:
            what = "no gradient reaches a constant" if self.creator is None else "only a leaf accumulates gradients"
            raise GraphError(message("register_post_accumulate_grad_hook", what, {"tensor": self},
                                     "Register it on a parameter, or use register_hook."))
        return hooked(self, AfterAccumulation(hook))

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self.creator is not None:
            raise GraphError(message("deepcopy", "an interior tensor of a graph cannot be copied without the graph",
                                     {"tensor": self}, "Copy t.detach(), or use t.clone() to stay in the graph."))
        out = object.__new__(type(self))
        Tensor.__init__(out, self.array.copy(), self.wants_grad, name=self.name)
        if self.grad is not None:
            out.grad = from_array(self.grad.array.copy())
        memo[id(self)] = out
        return out

    def __reduce__(self) -> Any:
        if self.creator is not None:
            raise GraphError(message("pickle", "an interior tensor cannot leave its graph", {"tensor": self},
                                     "Pickle t.detach()."))
        return type(self), (self.array, self.wants_grad), (None, {"name": self.name})


def from_array(array: Any) -> Tensor:
    """A constant around `array`, unchecked: the engine's door, much faster than the constructor.  A NumPy scalar, which is
    what NumPy's reductions and arithmetic without axes give, becomes an array."""
    out = new(Tensor)
    out.array = array if array.__class__ is ndarray else asarray(array)
    out.grad = out.creator = out.name = out.memory = out.hooks = None
    out.wants_grad = False
    return out


new, ndarray, asarray = Tensor.__new__, np.ndarray, np.asarray


def plain(data: Any) -> Any:
    """Nested lists with every tensor in them replaced by its array."""
    if isinstance(data, Tensor):
        return data.array
    return [plain(entry) for entry in data] if isinstance(data, (list, tuple)) else data


def as_tensor(data: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` itself if it is a tensor, converted with its gradient if it has another dtype than the one asked for; else a
    constant that shares the array's memory if it can.

    Example
        >>> array = np.zeros(3)
        >>> as_tensor(array).array is array
        True
    """
    on_cpu("as_tensor", device)
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == np.dtype(dtype) else data.to(dtype)
    return Tensor(data, dtype=dtype)
