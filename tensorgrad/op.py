"""Op: one recorded operation.  The instance *is* the graph node that backward, drawings, profiles and messages share.

An op is a class with two adjacent methods and, right below it, the public function:

    class Exp(Op):
        "y = eˣ"
        __slots__ = ()
        keeps_output = True

        def forward(self, x):
            return np.exp(x)

        def backward(self, grad):
            return grad * self.output

    def exp(input):
        return Exp().apply(input)

``forward`` takes arrays and returns one array.  ``backward`` is written once and runs in two worlds: `grad`,
`self.inputs` and `self.output` are arrays in an ordinary backward pass, and Tensors under ``create_graph=True``, where the
same lines are recorded again.  That works because ``apply`` on arrays alone returns an array and records nothing.
"""

from __future__ import annotations

import re
import weakref
from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from tensorgrad.errors import GraphError, StaleTensorError, message
from tensorgrad.recording import here, tick
from tensorgrad.tensor import Tensor, from_array

if TYPE_CHECKING:
    from typing import TypeAlias

    Source: TypeAlias = "Op | Tensor | None"

__all__ = ["Op"]


class Op:
    """One recorded operation.

    A subclass declares its options in ``__slots__`` and sets them in ``__init__``; they show in the label.

    Class attributes
        name              snake case of the class name: ``MaxPool`` is "max_pool"
        keeps             positions of the inputs that backward reads, as `self.inputs` in that order
        keeps_output      True if backward reads `self.output`
        differentiable    False for ops without a gradient (comparisons, argmax, rounding of indices)
        makes_views       True if the result may share the input's memory
        once              True if the rule itself cannot be differentiated; asking for it raises

    Attributes once recorded
        sources      per input what made it: an Op, a leaf Tensor that wants a gradient, or None for a constant
        shapes       per input its shape; () for a Python number or None
        constants    {position: (shape, dtype, name)} of the inputs that are constant tensors
        shape, dtype     of the result
        order        a tick: sorting by it is a topological sort
        scope        dotted path of the layer at work
    """

    __slots__ = ("sources", "shapes", "constants", "shape", "dtype", "order", "scope",
                 "kept", "inputs", "output", "output_changed", "hooks", "retained", "__weakref__")

    name: str = "op"
    keeps: tuple[int, ...] = ()
    keeps_output: bool = False
    differentiable: bool = True
    makes_views: bool = False
    once: bool = False

    sources: tuple[Source, ...]
    shapes: tuple[tuple[int, ...], ...]
    constants: dict[int, tuple[tuple[int, ...], np.dtype, str | None]] | None
    shape: tuple[int, ...]
    dtype: np.dtype
    order: int
    scope: str
    kept: Any
    inputs: Any
    output: Any
    output_changed: int
    hooks: list[Callable[[Tensor], Any]] | None
    retained: weakref.ref[Tensor] | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def forward(self, *arrays: Any) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, grad: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.backward")

    # -- recording ----------------------------------------------------------------------------------------------------

    def apply(self, *operands: Any) -> Any:
        """Run forward.  Arrays give an array; with a Tensor among the operands the result is a Tensor, and this op is
        recorded as its creator if one of them needs a gradient."""
        arrays: list[Any] = []
        sources: list[Source] = []
        is_tensor = needs_grad = False
        for operand in operands:
            source: Source = None
            if isinstance(operand, Tensor):
                is_tensor = True
                arrays.append(operand.array)
                source = operand.creator
                if source is None and operand.wants_grad:
                    source = operand
                if source is not None:
                    needs_grad = True
            else:
                arrays.append(operand)
            sources.append(source)

        result = self.forward(*arrays)
        if not is_tensor:
            return result
        if result.__class__ is not np.ndarray:  # NumPy's reductions give scalars
            result = np.asarray(result)
        out = from_array(result)
        if needs_grad and here.recording and self.differentiable:
            self.record(out, operands, arrays, sources)
        if self.makes_views:
            first = operands[0]
            if isinstance(first, Tensor) and np.may_share_memory(result, first.array):
                out.base = first if first.base is None else first.base
        return out

    def record(self, out: Tensor, operands: tuple[Any, ...], arrays: list[Any], sources: list[Source]) -> None:
        """Become the creator of `out`."""
        out.creator = self
        self.sources = tuple(sources)
        self.shapes = tuple([a.shape if isinstance(a, np.ndarray) else () for a in arrays])
        self.constants = None
        self.shape, self.dtype = out.array.shape, out.array.dtype
        self.scope = here.scope
        self.hooks = self.retained = None
        self.kept = tuple([operands[i] for i in self.keeps])
        self.output = out.array if self.keeps_output else None
        self.output_changed = 0
        for i, source in enumerate(sources):
            if source is None and isinstance(operands[i], Tensor):
                constant = operands[i]
                self.constants = self.constants or {}
                self.constants[i] = (constant.array.shape, constant.array.dtype, constant.name)
        self.order = tick()

    # -- backward -----------------------------------------------------------------------------------------------------

    def unpack(self, create_graph: bool) -> None:
        """Put what was kept into `inputs` and `output`: as arrays, or under `create_graph` as Tensors.

        Raises
            GraphError         the graph was freed by an earlier backward
            StaleTensorError   something kept was changed after this op ran
        """
        if self.kept is None:
            raise GraphError(f"backward: {self.where} was already used by a backward pass, which freed what it kept.\n"
                             "  Call the first backward with retain_graph=True, or compute the result again.")
        for kept, position in zip(self.kept, self.keeps):
            if isinstance(kept, Tensor) and kept.last_change() > self.order:
                raise StaleTensorError(message(
                    "backward", f"input {position} of {self.where} was changed in place after it was used",
                    {"input": kept}, "Change a copy (t.clone()), or run backward before changing it."))
        if self.keeps_output and self.output_changed > self.order:
            raise StaleTensorError(f"backward: the result of {self.where}, {self.shape} {self.dtype.name}, was changed in "
                                   "place after it was computed.\n  Change a copy (t.clone()), or run backward first.")
        if create_graph:
            if self.once:
                raise GraphError(f"backward: {self.where} can be differentiated only once.\n"
                                 "  Drop create_graph=True, or write its backward with differentiable ops.")
            self.inputs = self.kept
            if self.keeps_output:
                self.output = from_array(np.asarray(self.output))
                self.output.creator = self
        else:
            self.inputs = [k.array if isinstance(k, Tensor) else k for k in self.kept]

    def repack(self, free: bool) -> None:
        """Undo `unpack`; with `free`, drop what was kept, so that its memory can be used again."""
        self.inputs = None
        if free:
            self.output = None
            if self.keeps or self.keeps_output:
                self.kept = None
            self.forget()
        elif isinstance(self.output, Tensor):
            self.output = self.output.array

    def forget(self) -> None:
        """Drop arrays that forward stored in slots of its own (winners, masks); called when the graph is freed."""

    def needs(self, position: int) -> bool:
        """True if a gradient for that input is wanted."""
        return self.sources[position] is not None

    def retain_grad_of(self, out: Tensor) -> None:
        """Store the gradient of the result in `out.grad` when backward passes."""
        self.retained = weakref.ref(out)

    def retains_grad_of(self, out: Tensor) -> bool:
        """True if `out.grad` is going to be stored."""
        return self.retained is not None and self.retained() is out

    # -- names --------------------------------------------------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        """The op's own settings by name: those slots of its class that hold no array."""
        names = [name for cls in type(self).__mro__ if cls is not Op for name in getattr(cls, "__slots__", ())]
        values = {name: getattr(self, name) for name in names if hasattr(self, name)}
        return {name: value for name, value in values.items() if not isinstance(value, (np.ndarray, Tensor))}

    @property
    def label(self) -> str:
        """Name and options: ``sum dim=1 keepdim=True``.  The one text for drawings, profiles and messages."""
        return " ".join([self.name, *(f"{name}={value}" for name, value in self.options().items())])

    @property
    def where(self) -> str:
        """Name and layer: ``features.conv1/conv2d``."""
        return f"{self.scope}/{self.name}" if getattr(self, "scope", "") else self.name

    def __repr__(self) -> str:
        return f"<{self.label}>"
