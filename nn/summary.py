"""summary: a table of a model's layers with their shapes, parameters, multiply-adds and hyper-parameters."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import asdict, dataclass, field
from typing import Any, Iterator

import numpy as np

from nn.costs import multiply_adds, parameter_formula
from nn.module import Module
from nn.parameter import Uninitialized
from tensorgrad import dtypes, random
from tensorgrad.errors import ArgumentError
from tensorgrad.recording import no_grad
from tensorgrad.tensor import Tensor, as_tensor

__all__ = ["summary", "Summary", "Row"]

# Given by what comes before the layer, not chosen.
GIVEN = {"in_channels", "in_features", "in1_features", "in2_features", "num_features", "num_channels", "inplace", "dtype"}


@dataclass
class Row:
    """One layer of a summary.

    Attributes
        name             dotted path, as in the state dict
        type             class name
        output_shape     shape of the result (of the last call); a list of shapes for several results; None: never called
        formula          how its parameters are counted: "(3·3·1+1)·6"
        parameters       how many it has that no earlier row has counted
        trainable        those of them that have a gradient
        shared           names of parameters that an earlier row has counted
        buffers          entries of state that is not learned
        multiply_adds    over all calls; None where it is not defined
        hyperparameters  the options it was constructed with
        calls            how often it ran
    """

    name: str
    type: str
    output_shape: Any = None
    formula: str = ""
    parameters: int = 0
    trainable: int = 0
    shared: list[str] = field(default_factory=list)
    buffers: int = 0
    multiply_adds: int | None = None
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    calls: int = 0

    @property
    def count(self) -> str:
        """Formula and number of parameters: ``(3·3·1+1)·6 = 60``."""
        if not self.formula:
            return "-"
        if self.shared:
            new = f" = {self.parameters:,} new" if self.parameters else ""
            return f"{self.formula}{new}, shared: {', '.join(self.shared)}"
        number = "" if self.formula.isdigit() else f" = {self.parameters:,}"
        frozen = self.parameters - self.trainable
        note = f" ({frozen:,} frozen)" if frozen and self.trainable else " frozen" if frozen else ""
        return self.formula + number + note

    @property
    def options(self) -> str:
        """The hyper-parameters that are chosen here: ``out_channels=6 kernel_size=5 stride=1 padding=2``."""
        return " ".join(f"{name}={plain(value)}" for name, value in self.hyperparameters.items() if name not in GIVEN)


@dataclass
class Summary:
    """What `summary` found; `str()` of it is the table.

    Attributes
        rows                one per layer, in the order of definition
        input_shapes        of the pass that was made
        trainable, frozen   numbers of parameters, each counted once
        buffers             entries of state that is not learned
        multiply_adds       of one pass, where they are defined
        parameter_bytes     memory of parameters and buffers
        activation_bytes    memory of all results of layers in one pass
    """

    model: str
    input_shapes: list[tuple[int, ...]]
    rows: list[Row] = field(default_factory=list)
    trainable: int = 0
    frozen: int = 0
    buffers: int = 0
    multiply_adds: int = 0
    parameter_bytes: int = 0
    activation_bytes: int = 0

    @property
    def parameters(self) -> int:
        """Trainable and frozen parameters together."""
        return self.trainable + self.frozen

    def to_dict(self) -> dict[str, Any]:
        """Everything as dicts, lists and numbers, for JSON."""
        return {**asdict(self), "parameters": self.parameters}

    def __str__(self) -> str:
        head = ["layer", "type", "output shape", "parameters", "multiply-adds", "hyper-parameters"]
        body = [[row.name or "(model)", row.type + (f" ×{row.calls}" if row.calls > 1 else ""), shape_text(row.output_shape),
                 row.count, "-" if row.multiply_adds is None else f"{row.multiply_adds:,}", row.options]
                for row in self.rows]
        widths = [max(map(len, column)) for column in zip(head, *body)]
        lines = ["  ".join(cell.rjust(width) if i == 4 else cell.ljust(width)
                           for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in [head, *body]]
        rule = "-" * max(map(len, lines))
        inputs = ", ".join(map(str, self.input_shapes))
        return "\n".join([f"{self.model}, input {inputs}", rule, lines[0], rule, *lines[1:], rule,
                          f"parameters     {self.parameters:,} ({self.trainable:,} trainable, {self.frozen:,} frozen)",
                          f"buffers        {self.buffers:,} (state that is not learned)",
                          f"multiply-adds  {self.multiply_adds:,}",
                          f"memory         {bytes_text(self.parameter_bytes)} parameters and buffers, "
                          f"{bytes_text(self.activation_bytes)} activations"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape
        return f"<pre>{escape(str(self))}</pre>"


def summary(model: Module, input_size: Any, *, batch: int = 1, dtype: Any = None) -> Summary:
    """A table of the model's layers: output shapes, parameters, multiply-adds, hyper-parameters.

    *Parameters* are the numbers that training changes: weights and biases.  How many there are follows from the layer, by
    the formula in the table: a filter of 3×3 over 1 channel has 3·3·1 weights and a bias, and 6 of them (3·3·1+1)·6 = 60.
    *Hyper-parameters* are what a person, or a search, chooses before training and what training leaves alone: the number of
    filters, kernel size, stride, padding, the share that dropout drops.  *Buffers* are neither: they are measured, not
    learned, such as the running means of batch norm.

    One pass is made with zeros, in evaluation mode and without a graph; afterwards modes, buffers and the random generator
    are as before.  Shared parameters are counted where they first appear.  Lazy layers take
    their sizes from it.

    Arguments
        input_size   the shape of one input without the batch axis, such as (1, 28, 28); a list of shapes for several
                     inputs; or the inputs themselves, as a tensor, an array or a list of these
        batch        length of the batch axis that is put in front of each shape
        dtype        of the inputs; default: that of the model's parameters.  Use int64 for an embedding.

    Raises
        ArgumentError   an `input_size` that is no shape
        whatever the model raises for such an input, with the layer's name

    Example
        >>> import nn
        >>> print(summary(nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 10)), (1, 8, 8)))
        Sequential, input (1, 1, 8, 8)
        ---...
        layer  type     output shape  parameters          multiply-adds  hyper-parameters
        ---...
        0      Conv2d   (1, 6, 6, 6)  (3·3·1+1)·6 = 60            1,944  out_channels=6 kernel_size=3 stride=1 padding=0
        1      ReLU     (1, 6, 6, 6)  -                               -
        2      Flatten  (1, 216)      -                               -
        3      Linear   (1, 10)       (216+1)·10 = 2,170          2,160  out_features=10
        ---...
        parameters     2,230 (2,230 trainable, 0 frozen)
        buffers        0 (state that is not learned)
        multiply-adds  4,104
        memory         8.7 KiB parameters and buffers, 2.6 KiB activations
    """
    inputs = make_inputs(model, input_size, batch, dtype)
    calls = one_pass(model, inputs)
    found = Summary(type(model).__name__, [value.shape for value in inputs])
    counted: dict[int, str] = {}
    for path, module in model.named_modules():
        own = [(f"{path}.{name}" if path else name, parameter) for name, parameter in module._own_parameters()]
        buffers = [(f"{path}.{name}" if path else name, buffer) for name, buffer in module._own_buffers()]
        leaf = not [child for name, child in module._own_modules() if name != "parametrizations"]
        if not (leaf and calls.get(id(module)) or own or buffers):
            continue
        row = Row(path, type(module).__name__, formula=parameter_formula(module) if own else "",
                  hyperparameters=hyperparameters(module))
        for name, parameter in own:
            if id(parameter) in counted:
                row.shared.append(counted[id(parameter)])
                continue
            counted[id(parameter)] = name
            size = parameter.numel()
            row.parameters += size
            row.trainable += size if parameter.requires_grad else 0
            found.parameter_bytes += parameter.nbytes
        for name, buffer in buffers:
            if id(buffer) not in counted:
                counted[id(buffer)] = name
                row.buffers += buffer.numel()
                found.parameter_bytes += buffer.nbytes
        for input_shape, row.output_shape, nbytes in calls.get(id(module), ()):
            row.calls += 1
            cost = None if input_shape is None else multiply_adds(module, input_shape, row.output_shape)
            if cost is not None:
                row.multiply_adds = (row.multiply_adds or 0) + cost
                found.multiply_adds += cost
            if leaf:
                found.activation_bytes += nbytes
        found.trainable += row.trainable
        found.frozen += row.parameters - row.trainable
        found.buffers += row.buffers
        found.rows.append(row)
    return found


def make_inputs(model: Module, input_size: Any, batch: int, dtype: Any) -> list[Tensor]:
    """Zeros of the shapes asked for, or the inputs that were given."""
    several = isinstance(input_size, (list, tuple)) and any(not isinstance(n, (int, np.integer)) for n in input_size)
    floats = (p.dtype for p in model.parameters() if dtypes.is_float(p.dtype))
    kind = next(floats, dtypes.get_default_dtype()) if dtype is None else dtypes.as_dtype(dtype)
    inputs = []
    for size in input_size if several else [input_size]:
        if isinstance(size, (Tensor, np.ndarray)):
            inputs.append(as_tensor(size))
        elif isinstance(size, (list, tuple)) and all(isinstance(n, (int, np.integer)) and n >= 0 for n in size):
            inputs.append(Tensor(np.zeros((batch, *size), kind)))
        else:
            raise ArgumentError(f"summary: input_size={input_size!r} is no shape.\n  Pass the shape of one input without "
                                "the batch axis, such as (1, 28, 28), or a list of shapes.")
    return inputs


def one_pass(model: Module, inputs: list[Tensor]) -> dict[int, list[tuple[Any, Any, int]]]:
    """Run the model once; per module (by id) and call the shape of its first input, and shape and bytes of its result."""
    calls: dict[int, list[tuple[Any, Any, int]]] = {}

    def remember(module: Module, args: tuple[Any, ...], output: Any) -> None:
        shape = args[0].shape if args and isinstance(args[0], (Tensor, np.ndarray)) else None
        results = tensors_in(output)
        shapes = [tensor.shape for tensor in results]
        calls.setdefault(id(module), []).append((shape, shapes[0] if len(shapes) == 1 else shapes,
                                                 sum(tensor.nbytes for tensor in results)))

    with unchanged(model), no_grad():
        handles = [module.register_forward_hook(remember) for module in model.modules()]
        try:
            model.eval()(*inputs)
        finally:
            for handle in handles:
                handle.remove()
    return calls


@contextlib.contextmanager
def unchanged(model: Module) -> Iterator[None]:
    """Put modes, hooks, buffers and the process-wide generator back as they were."""
    state = random.get_rng_state()
    own = [(module, {key: vars(module)[key] for key in ("training", "_hooks") if key in vars(module)})
           for module in model.modules()]
    buffers = [(buffer, buffer.array.copy()) for buffer in model.buffers()
               if not isinstance(buffer, Uninitialized)]
    try:
        yield
    finally:
        random.set_rng_state(state)
        for module, values in own:
            for key in ("training", "_hooks"):
                vars(module).pop(key, None)
            vars(module).update(values)
        for buffer, before in buffers:
            if not np.array_equal(buffer.array, before, equal_nan=True):
                buffer.data = before


def hyperparameters(module: Module) -> dict[str, Any]:
    """Arguments of the constructor that the module keeps under the same name, unless they have their default value.

    Kernel size, stride and padding are always among them.
    """
    found = {}
    for name, argument in inspect.signature(type(module).__init__).parameters.items():
        value = getattr(module, name, inspect.Parameter.empty)
        if name == "bias":
            value = value is not None
        if value is inspect.Parameter.empty or name == "self" or isinstance(value, (Module, Tensor)) or callable(value):
            continue
        usual = argument.default in (value, value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value)
        if not usual or hasattr(module, "kernel_size") and name in ("kernel_size", "stride", "padding"):
            found[name] = value
    return found


def tensors_in(output: Any) -> list[Tensor]:
    """The tensors in a module's result."""
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return [tensor for value in values for tensor in tensors_in(value)]


def shape_text(shape: Any) -> str:
    """A shape or a list of shapes, as the table shows it."""
    if shape is None:
        return "not called"
    return ", ".join(map(str, shape)) if isinstance(shape, list) else str(shape)


def plain(value: Any) -> str:
    """(5, 5) as 5, (5, 3) as 5×3."""
    if isinstance(value, tuple) and value and all(isinstance(n, int) for n in value):
        return str(value[0]) if len(set(value)) == 1 else "×".join(map(str, value))
    return str(value).replace(" ", "")


def bytes_text(number: int) -> str:
    """1,536 bytes as "1.5 KiB"."""
    size, units = float(number), ["B", "KiB", "MiB", "GiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{size:.1f} {units[0]}" if units[0] != "B" else f"{number} B"
