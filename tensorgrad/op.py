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
from typing import TYPE_CHECKING, Any, Callable, Sequence

import numpy as np

from tensorgrad import callers
from tensorgrad.errors import GraphError, StaleTensorError, message
from tensorgrad.recording import here, tick
from tensorgrad.shared_memory import Memory, Unknown
from tensorgrad.tensor import Tensor, asarray, from_array, ndarray, new

if TYPE_CHECKING:
    from typing import TypeAlias

    Source: TypeAlias = "Op | Tensor | None"

__all__ = ["Op", "restorers"]

# What gives ops back the data that they do not keep, by op: see `autograd.checkpointing`.
restorers: weakref.WeakKeyDictionary[Op, Callable[[Op], None]] = weakref.WeakKeyDictionary()


class Op:
    """One recorded operation.

    A subclass declares its options in ``__slots__`` and sets them in ``__init__``; they show in the label.

    Class attributes
        name              snake case of the class name: ``MaxPool`` is "max_pool"
        keeps             positions of the inputs that backward reads, ascending; `self.inputs` holds them in that order
        keeps_output      True if backward reads `self.output`
        differentiable    False for ops without a gradient (comparisons, argmax, rounding of indices)
        makes_views       True if the result may share the input's memory
        once              True if the rule itself cannot be differentiated; asking for it raises
        stores            worked out: True if forward stores arrays in slots of its own, which `forget` drops
        holds             worked out: True if a recorded op holds arrays, which `unpack` and `repack` see to

    Attributes once recorded
        sources      per input what made it: an Op, a leaf Tensor that wants a gradient, or None for a constant
        kept         the arrays and numbers that `keeps` names; None once they are freed
        watched      the constants among these as they were passed to `apply`, so that a write to one is noticed; may be
                     left out where these are numbers
        noted        position, shape, dtype and name of each input that is a constant array, in a row; see `constants`
        shape, dtype     of the result
        order        a tick: sorting by it is a topological sort
        scope        dotted path of the layer at work
    """

    __slots__ = ("sources", "noted", "shape", "dtype", "order", "scope",
                 "kept", "watched", "inputs", "output", "memory", "hooks", "retained", "__weakref__")

    name: str = "op"
    keeps: tuple[int, ...] = ()
    keeps_output: bool = False
    differentiable: bool = True
    makes_views: bool = False
    once: bool = False
    stores: bool
    holds: bool

    sources: Sequence[Source]
    noted: Sequence[Any]
    shape: tuple[int, ...]
    dtype: np.dtype
    order: int
    scope: str
    kept: Any
    watched: Sequence[Any]
    inputs: Any
    output: Any
    memory: Memory | None  # of the result, once it is shared or written into
    hooks: list[Callable[[Tensor], Any]] | None
    retained: weakref.ref[Tensor] | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        cls.stores = cls.forget is not Op.forget
        cls.holds = bool(cls.keeps) or cls.keeps_output or cls.stores

    def forward(self, *arrays: Any) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, grad: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.backward")

    # -- recording ----------------------------------------------------------------------------------------------------

    def apply(self, *operands: Any) -> Any:
        """Run forward.  Arrays give an array; with a Tensor among the operands the result is a Tensor, and this op is
        recorded as its creator if one of them needs a gradient."""
        # This runs once per operation of every model, and several times per backward rule, there on arrays alone.
        for operand in operands:
            if isinstance(operand, Tensor):
                break
        else:
            return self.forward(*operands)
        recording = self.differentiable and here.recording
        arrays: list[Any] = []
        sources: list[Source] = []
        noted: list[Any] = []
        needs_grad = False
        for operand in operands:
            if isinstance(operand, Tensor):
                array = operand.array
                source: Source = operand.creator
                if source is None and operand.wants_grad:
                    source = operand
                if source is not None:
                    needs_grad = True
                elif recording:  # not the data, only what it looks like: for drawings
                    noted += len(arrays), array.shape, array.dtype, operand.name
                arrays.append(array)
                sources.append(source)
            else:
                if recording and isinstance(operand, ndarray):
                    noted += len(arrays), operand.shape, operand.dtype, None
                arrays.append(operand)
                sources.append(None)

        result = self.forward(*arrays)
        if needs_grad and recording:
            keeps = self.keeps
            kept = arrays if len(keeps) == len(arrays) else [arrays[i] for i in keeps] if keeps else ()
            watched = [operands[i] for i in keeps if sources[i] is None] if noted and keeps else ()
            out = self.record(result, sources, kept, noted, watched)
        else:
            out = from_array(result)
        if self.makes_views:
            self.link_view(out, operands[0])
        return out

    def record(self, result: Any, sources: Sequence[Source], kept: Any, noted: Sequence[Any] = (),
               watched: Sequence[Any] = ()) -> Tensor:
        """Become a node of the graph: `result` as a tensor whose creator is this op."""
        out = new(Tensor)  # as in `from_array`
        out.array = array = result if result.__class__ is ndarray else asarray(result)
        out.grad = out.name = out.memory = out.hooks = None
        out.wants_grad = False
        out.creator = self
        self.sources = sources
        self.kept = kept
        self.watched = watched
        self.noted = noted
        self.output = array if self.keeps_output else None
        self.shape = array.shape
        self.dtype = array.dtype
        self.scope = here.scope
        self.hooks = self.retained = self.memory = None
        self.order = tick()
        return out

    @property
    def constants(self) -> dict[int, tuple[tuple[int, ...], np.dtype, str | None]]:
        """{position: (shape, dtype, name)} of the inputs that are constant arrays or tensors."""
        noted = self.noted
        return {position: (shape, dtype, name)
                for position, shape, dtype, name in zip(noted[::4], noted[1::4], noted[2::4], noted[3::4])}

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Per input its shape; () for a Python number or None."""
        shapes = [() if source is None else source.shape for source in self.sources]
        for position, shape in zip(self.noted[::4], self.noted[1::4]):
            shapes[position] = shape
        return shapes

    def link_view(self, out: Tensor, viewed: Any) -> None:
        """Let `out` know whose memory it shares, so that a write to one changes the other, and their graphs notice it."""
        if isinstance(viewed, Tensor) and np.may_share_memory(out.array, viewed.array):
            out.share(viewed, Unknown() if out.creator is None and viewed.requires_grad else None)

    # -- backward -----------------------------------------------------------------------------------------------------

    def unpack(self, create_graph: bool) -> None:
        """Put what was kept into `inputs` and `output`: as arrays, or under `create_graph` as Tensors.

        Raises
            GraphError         the graph was freed by an earlier backward
            StaleTensorError   something kept was changed after this op ran
        """
        if self.kept is None:
            self.restore()
        if Memory.latest > self.order:
            self.refuse_stale()
        if not create_graph:
            self.inputs = self.kept
            return
        if self.once:
            raise GraphError(f"backward: {self.where} can be differentiated only once.\n"
                             "  Drop create_graph=True, or write its backward with differentiable ops.")
        self.inputs = self.operands()
        if self.keeps_output:
            self.output = result_of(self, np.asarray(self.output))

    def restore(self) -> None:
        """Get what was kept back from whoever can compute it again."""
        if self in restorers:
            restorers[self](self)
        if self.kept is None:
            raise GraphError(f"backward: {self.where} was already used by a backward pass, which freed what it kept.\n"
                             "  Call the first backward with retain_graph=True, or compute the result again.")

    def operands(self) -> list[Any]:
        """What was kept as it was passed to `apply`: tensors of the graph and constant ones, arrays and numbers."""
        found: list[Any] = []
        constants = iter(self.watched)
        for position, kept in zip(self.keeps, self.kept):
            source = self.sources[position]
            if source is None:
                constant = next(constants, kept)
                written = isinstance(constant, Tensor) and constant.array is not kept  # it took over the result of an op
                found.append(from_array(kept) if written else constant)
            elif not isinstance(source, Tensor):
                found.append(result_of(source, kept))
            elif source.creator is None:
                found.append(source)
            else:  # requires_grad_(False), and then a write that was recorded
                raise StaleTensorError(message("backward", f"input {position} of {self.where} was a leaf, and became part "
                                               "of a graph after it was used", {"input": source},
                                               "Write into a copy: t.detach().clone()."))
        return found

    def refuse_stale(self) -> None:
        """Raise a StaleTensorError if something kept was written into since this op ran."""
        constants = iter(self.watched)
        for i, position in enumerate(self.keeps):
            owner = self.sources[position]
            memory = getattr(next(constants, None) if owner is None else owner, "memory", None)
            if memory is not None and memory.changed > self.order:
                raise StaleTensorError(message(
                    "backward", f"input {position} of {self.where} was changed in place after it was used",
                    {"input": self.operands()[i]},
                    (self.changed_at(memory) + "  Change a copy (t.clone()), or run backward before changing it.").lstrip()))
        if self.keeps_output and self.memory is not None and self.memory.changed > self.order:
            raise StaleTensorError(f"backward: the result of {self.where}, {self.shape} {self.dtype.name}, was changed in "
                                   f"place after it was computed.\n{self.changed_at(self.memory)}"
                                   "  Change a copy (t.clone()), or run backward first.")

    def changed_at(self, memory: Memory | None) -> str:
        """The lines of a message that say where the memory was written into, and where this op had read it before."""
        where = f"  Changed at {memory.line}\n" if memory is not None and memory.line else ""
        read = callers.recorded.get(self)
        return where + (f"  Used at {read}\n" if read else "")

    def repack(self, free: bool) -> None:
        """Undo `unpack`; with `free`, drop what was kept, so that its memory can be used again."""
        self.inputs = None
        if free:
            self.output = self.kept = None
            self.watched = ()
            if self.stores:
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


def result_of(op: Op, array: np.ndarray) -> Tensor:
    """The result of a recorded op, whose array somebody kept, as a tensor of the graph once more."""
    out = from_array(array)
    out.creator = op
    out.shared_memory()
    return out
