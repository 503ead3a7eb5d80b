"""What every op must do, generated from the op table: one test per check and row.

Value, gradients of both orders, dtypes, memory layouts, what the graph keeps alive, names.  Nothing here knows an op.
"""

from __future__ import annotations

import weakref
from typing import Any, Iterator

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor, kernels
from tensorgrad.autograd import grad, gradcheck, gradgradcheck
from tensorgrad.op import Op
from tensorgrad.random import manual_seed
from tests.libraries import TENSORGRAD, numpy_of, outputs_of
from tests.op_cases import ALL
from tests.op_cases.case import Case

TOLERANCE = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-10}
STRICT = {"atol": 1e-7, "rtol": 1e-6}
DIFFERENTIABLE = [case for case in ALL if case.orders >= 1]
TWICE = [case for case in ALL if case.orders >= 2]
FLOAT32 = [case for case in ALL if case.float32]


def rows(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=str)


# -- running a row -----------------------------------------------------------------------------------------------------


def tensors_of(case: Case, arrays: list[np.ndarray]) -> list[Tensor]:
    """A leaf per input; it requires grad if the row says that it can be differentiated."""
    return [Tensor(a, requires_grad=i in varied(case, arrays)) for i, a in enumerate(arrays)]


def varied(case: Case, arrays: list[np.ndarray]) -> list[int]:
    """Positions of the inputs that have a gradient."""
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f" and i not in case.constant]
    return floats if case.orders else []


def run(case: Case, *inputs: Any) -> tuple[Any, ...]:
    """What the row builds; ops that draw random numbers draw the same ones each time."""
    manual_seed(5)
    return outputs_of(case.build(TENSORGRAD, *inputs))


def weights_of(outputs: tuple[Any, ...]) -> list[np.ndarray]:
    """One random gradient per output that has one: the weights of a projection to one number."""
    rng = np.random.default_rng(11)
    return [rng.normal(size=out.shape).astype(out.dtype) for out in outputs if wants_grad(out)]


def wants_grad(out: Any) -> bool:
    return isinstance(out, Tensor) and out.requires_grad


def first_gradients(case: Case, arrays: list[np.ndarray], weights: list[np.ndarray] | None = None) -> list[np.ndarray]:
    """Gradient per varied input, through the ordinary backward pass."""
    tensors = tensors_of(case, arrays)
    outputs = [out for out in run(case, *tensors) if wants_grad(out)]
    assert outputs, "nothing in the result requires grad"
    found = grad(outputs, [tensors[i] for i in varied(case, arrays)],
                 weights_of(tuple(outputs)) if weights is None else weights, materialize_grads=True)
    return [g.numpy() for g in found]


def as_float32(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays]


def nodes(outputs: tuple[Any, ...]) -> list[Op]:
    """Every op from which the outputs were computed, found without recursion."""
    seen: dict[Op, None] = {}
    stack = [out.creator for out in outputs if isinstance(out, Tensor) and out.creator is not None]
    while stack:
        op = stack.pop()
        if op not in seen:
            seen[op] = None
            stack += [source for source in op.sources if isinstance(source, Op)]
    return list(seen)


def same(actual: Any, expected: Any, tolerance: float | None = None) -> None:
    """Equal shape and kind of dtype, and close values; NaN equals NaN."""
    actual, expected = numpy_of(actual), numpy_of(expected)
    assert actual.shape == expected.shape
    if tolerance is None:
        tolerance = TOLERANCE.get(actual.dtype.name, 0.0)
    scale = np.max(np.abs(expected), initial=1.0, where=np.isfinite(expected)) if expected.dtype.kind in "fiu" else 1.0
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * float(scale))


# -- values ------------------------------------------------------------------------------------------------------------


@rows(ALL)
def test_value_and_inputs_unmodified(case: Case) -> None:
    arrays = case.draw()
    copies = [a.copy() for a in arrays]
    outputs = run(case, *tensors_of(case, arrays))
    for array, copy in zip(arrays, copies):
        np.testing.assert_array_equal(array, copy, err_msg="forward wrote into an input")
    assert all(isinstance(out, Tensor) for out in outputs)
    if case.reference is not None:
        expected = outputs_of(case.reference(*copies))
        assert len(outputs) == len(expected)
        for out, wanted in zip(outputs, expected):
            same(out, wanted, max(case.rtol, TOLERANCE.get(out.dtype.name, 0.0)))


@rows(ALL)
def test_no_grad_and_plain_arrays(case: Case) -> None:
    """Under no_grad the same values and no graph; arrays alone give an array, as backward rules need."""
    arrays = case.draw()
    recorded = run(case, *tensors_of(case, arrays))
    with tensorgrad.no_grad():
        free = run(case, *tensors_of(case, arrays))
    for out, wanted in zip(free, recorded):
        assert out.dtype == wanted.dtype and out.creator is None
        same(out, wanted, 1e-12)
    try:
        plain = run(case, *arrays)
    except (AttributeError, TypeError) as error:  # the row calls methods that only tensors have
        assert "ndarray" in str(error) or "argument" in str(error), error
        return
    for value, wanted in zip(plain, recorded):
        assert not isinstance(value, Tensor), "an op on arrays must return an array"
        same(value, wanted, 1e-6)


# -- gradients ---------------------------------------------------------------------------------------------------------


@rows(DIFFERENTIABLE)
def test_first_gradient(case: Case) -> None:
    """Backward in float64 against central differences, in one random direction per input."""
    assert gradcheck(lambda *inputs: run(case, *inputs), tensors_of(case, case.draw()), fast_mode=True, **STRICT)


@rows(TWICE)
def test_second_gradient(case: Case) -> None:
    """The recorded backward pass gives the ordinary one's numbers, and its own gradients agree with differences."""
    arrays = case.draw()
    tensors = tensors_of(case, arrays)
    outputs = [out for out in run(case, *tensors) if wants_grad(out)]
    weights = [Tensor(w, requires_grad=True) for w in weights_of(tuple(outputs))]
    recorded = grad(outputs, [tensors[i] for i in varied(case, arrays)], weights, create_graph=True, materialize_grads=True)
    assert any(g.requires_grad for g in recorded), "the recorded gradient is a constant"
    for gradient, ordinary in zip(recorded, first_gradients(case, arrays)):
        same(gradient, ordinary)
    assert gradgradcheck(lambda *inputs: run(case, *inputs), tensors_of(case, arrays), weights, fast_mode=True, **STRICT)


@rows(DIFFERENTIABLE)
def test_repeated_and_zero_gradients(case: Case) -> None:
    """A retained graph gives the same again, on top of what `.grad` holds; a zero gradient gives zeros."""
    arrays = case.draw()
    tensors = tensors_of(case, arrays)
    outputs = [out for out in run(case, *tensors) if wants_grad(out)]
    weights = weights_of(tuple(outputs))
    inputs = [tensors[i] for i in varied(case, arrays)]
    once = grad(outputs, inputs, weights, retain_graph=True, materialize_grads=True)
    kept = [w.copy() for w in weights]
    again = grad(outputs, inputs, weights, retain_graph=True, materialize_grads=True)
    for first, second in zip(once, again):
        np.testing.assert_array_equal(first.numpy(), second.numpy())
    for weight, copy in zip(weights, kept):
        np.testing.assert_array_equal(weight, copy, err_msg="backward wrote into the incoming gradient")
    for _ in range(2):
        for out, weight in zip(outputs, weights):
            out.backward(weight, retain_graph=True)
    for tensor, gradient in zip(inputs, once):
        if tensor.grad is not None:
            same(tensor.grad, 2 * gradient.numpy())
    for gradient in grad(outputs, inputs, [np.zeros_like(w) for w in weights], materialize_grads=True):
        np.testing.assert_array_equal(gradient.numpy(), 0.0)


# -- dtypes and memory layouts -----------------------------------------------------------------------------------------


class Watched(np.ndarray):
    """An array that notes in `wide` every float64 array of several entries that NumPy derives from it."""

    wide: list[tuple[int, ...]] = []

    def __array_finalize__(self, source: Any) -> None:
        if self.dtype == np.float64 and self.size > 1:
            Watched.wide.append(self.shape)


@rows(FLOAT32)
def test_float32_stays_float32(case: Case) -> None:
    """Result and gradients are float32 and close to the float64 ones, and no temporary is float64."""
    arrays = case.draw()
    narrow = as_float32(arrays)
    exact = run(case, *tensors_of(case, arrays))
    tensors = tensors_of(case, narrow)
    outputs = run(case, *tensors)
    for out, wanted in zip(outputs, exact):
        if wanted.dtype.kind == "f":
            assert out.dtype == np.float32
            same(out, wanted, 2e-5)
    if case.orders:
        differentiable = [out for out in outputs if wants_grad(out)]
        weights = weights_of(tuple(exact))
        found = grad(differentiable, [tensors[i] for i in varied(case, arrays)],
                     [w.astype(np.float32) for w in weights], materialize_grads=True)
        for gradient, wanted in zip(found, first_gradients(case, arrays, weights)):
            assert gradient.dtype == np.float32
            same(gradient, wanted, 1e-4)
    if any(a.dtype == np.float64 for a in arrays):
        check_no_wide_temporaries(case, narrow)


def check_no_wide_temporaries(case: Case, narrow: list[np.ndarray]) -> None:
    tensors = tensors_of(case, narrow)
    for tensor in tensors:
        if tensor.dtype == np.float32:
            tensor.array = tensor.array.view(Watched)
    Watched.wide.clear()
    with kernels.use("reference"):  # the compiled ones do not take subclasses
        outputs = [out for out in run(case, *tensors) if wants_grad(out)]
        assert not Watched.wide, f"forward made float64 temporaries of shapes {Watched.wide}"
        if outputs:
            grad(outputs, [tensors[i] for i in varied(case, narrow)], weights_of(tuple(outputs)), allow_unused=True)
            assert not Watched.wide, f"backward made float64 temporaries of shapes {Watched.wide}"


def layouts(array: np.ndarray) -> Iterator[np.ndarray]:
    """The same numbers in other places of memory."""
    yield array.copy()
    yield array.copy(order="F")
    if array.ndim >= 3:
        yield np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1)
    if array.ndim:
        spaced = np.full((*array.shape[:-1], 2 * array.shape[-1]), 77, dtype=array.dtype)
        spaced[..., ::2] = array
        yield spaced[..., ::2]
        yield np.ascontiguousarray(np.flip(array)).reshape(array.shape)[(slice(None, None, -1),) * array.ndim]


@rows(ALL)
def test_memory_layout_does_not_matter(case: Case) -> None:
    arrays = case.draw()
    outputs = run(case, *tensors_of(case, arrays))
    gradients = first_gradients(case, arrays) if case.orders else []
    for laid_out in zip(*[padded(layouts(a)) for a in arrays]):
        for out, wanted in zip(run(case, *tensors_of(case, list(laid_out))), outputs):
            same(out, wanted)
        if case.orders:
            for gradient, wanted in zip(first_gradients(case, list(laid_out)), gradients):
                same(gradient, wanted)


def padded(variants: Iterator[np.ndarray]) -> list[np.ndarray]:
    """Five layouts, the last one repeated where an input has fewer."""
    found = list(variants)
    return (found + [found[-1]] * 5)[:5]


@rows(DIFFERENTIABLE)
def test_broadcast_input(case: Case) -> None:
    """Inputs that repeat one entry along an axis with stride 0, read-only as NumPy makes them, equal their copies."""
    arrays = case.draw()
    repeated = [np.broadcast_to(a[..., :1], a.shape) if a.dtype == np.float64 and a.ndim else a for a in arrays]
    copies = [a.copy() for a in repeated]
    for out, wanted in zip(run(case, *tensors_of(case, repeated)), run(case, *tensors_of(case, copies))):
        same(out, wanted)
    for gradient, wanted in zip(first_gradients(case, repeated), first_gradients(case, copies)):
        same(gradient, wanted)


# -- the graph ---------------------------------------------------------------------------------------------------------


@rows(DIFFERENTIABLE)
def test_graph_names_and_labels(case: Case) -> None:
    ops = nodes(run(case, *tensors_of(case, case.draw())))
    assert set(case.ops) <= {op.name for op in ops}
    for op in ops:
        assert op.label.startswith(op.name) and "\n" not in op.label and len(op.label) < 200
        assert len(op.sources) == len(op.shapes) and op.where.endswith(op.name)
        assert not any(order_of(source) >= op.order for source in op.sources)


def order_of(source: Any) -> int:
    return source.order if isinstance(source, Op) else 0


@rows(DIFFERENTIABLE)
def test_only_what_is_declared_is_kept(case: Case) -> None:
    """The graph holds the arrays in `keeps` and outputs with `keeps_output`; after backward it holds none."""
    arrays = case.draw()
    leaves = tensors_of(case, arrays)
    interior = [leaf.clone() if leaf.requires_grad else Tensor(leaf.array.copy()) for leaf in leaves]
    outputs = run(case, *interior)
    watched = [weakref.ref(tensor.array) for tensor in interior]
    del interior
    ops = nodes(outputs)
    declared = [k.array if isinstance(k, Tensor) else k for op in ops for k in op.kept]
    declared += [op.output for op in ops if op.keeps_output] + [out.array for out in outputs]
    for i, reference in enumerate(watched):
        array = reference()
        if array is not None:
            assert any(isinstance(d, np.ndarray) and np.may_share_memory(d, array) for d in declared), (
                f"input {i} is alive, though no op declares that it keeps it")
        del array
    del declared
    differentiable = [out for out in outputs if wants_grad(out)]
    grad(differentiable, [leaf for leaf in leaves if leaf.requires_grad], weights_of(outputs), allow_unused=True)
    for op in ops:
        held = [name for cls in type(op).__mro__ for name in getattr(cls, "__slots__", ())
                if name != "sources" and holds_array(getattr(op, name, None))]
        assert not held, f"{op} holds {held} after backward; drop them in forget()"


def holds_array(value: Any) -> bool:
    """True for an array or tensor of several entries, or a tuple or list with one in it."""
    if isinstance(value, (tuple, list)):
        return any(holds_array(entry) for entry in value)
    return isinstance(value, (np.ndarray, Tensor)) and numpy_of(value).size > 1
