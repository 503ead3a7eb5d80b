"""Writes that become part of a graph: who sees them, what keeps the old numbers, and what is refused."""

from __future__ import annotations

import gc
import weakref
from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor, no_grad
from tensorgrad.autograd import Function, checkpoint, detect_anomaly, grad, gradcheck, gradgradcheck, why_grad
from tensorgrad.errors import AnomalyError, ArgumentError, DtypeError, GraphError, RangeError, ShapeError, StaleTensorError
from tensorgrad.in_place.arithmetic import in_place
from tensorgrad.shared_memory import Memory


def leaf(*values: float, name: str | None = None) -> Tensor:
    return Tensor(np.array(values or (1.0, 2.0, 3.0)), requires_grad=True, name=name)


def matrix() -> Tensor:
    return Tensor(np.arange(6.0).reshape(2, 3) + 1, requires_grad=True)


WRITES: dict[str, tuple[Callable[[Any], Any], list[float], list[float]]] = {  # of y = 2x, x = [1, 2, 3]: y, dΣy/dx
    "+=": (lambda y: y.__iadd__(1), [3, 5, 7], [2, 2, 2]),
    "-=": (lambda y: y.__isub__(1), [1, 3, 5], [2, 2, 2]),
    "*=": (lambda y: y.__imul__(3), [6, 12, 18], [6, 6, 6]),
    "/=": (lambda y: y.__itruediv__(4), [0.5, 1, 1.5], [0.5, 0.5, 0.5]),
    "**=": (lambda y: y.__ipow__(2), [4, 16, 36], [8, 16, 24]),
    "//=": (lambda y: y.__ifloordiv__(4), [0, 1, 1], [0, 0, 0]),
    "add_": (lambda y: y.add_(y, alpha=2), [6, 12, 18], [6, 6, 6]),
    "sub_": (lambda y: y.sub_(1, alpha=2), [0, 2, 4], [2, 2, 2]),
    "mul_": (lambda y: y.mul_(y), [4, 16, 36], [8, 16, 24]),
    "div_": (lambda y: y.div_(2), [1, 2, 3], [1, 1, 1]),
    "div_ floor": (lambda y: y.div_(4, rounding_mode="floor"), [0, 1, 1], [0, 0, 0]),
    "addcmul_": (lambda y: y.addcmul_(y, y, value=0.5), [4, 12, 24], [6, 10, 14]),
    "addcdiv_": (lambda y: y.addcdiv_(y, Tensor([2.0, 2.0, 2.0])), [3, 6, 9], [3, 3, 3]),
    "lerp_": (lambda y: y.lerp_(y * 0, 0.5), [1, 2, 3], [1, 1, 1]),
    "square_": (lambda y: y.square_(), [4, 16, 36], [8, 16, 24]),
    "clamp_": (lambda y: y.clamp_(max=5), [2, 4, 5], [2, 2, 0]),
    "floor_": (lambda y: y.floor_(), [2, 4, 6], [0, 0, 0]),
    "zero_": (lambda y: y.zero_(), [0, 0, 0], [0, 0, 0]),
    "fill_": (lambda y: y.fill_(7), [7, 7, 7], [0, 0, 0]),
    "copy_": (lambda y: y.copy_(y * y), [4, 16, 36], [8, 16, 24]),
    "masked_fill_": (lambda y: y.masked_fill_(y > 3, -1), [2, -1, -1], [2, 0, 0]),
    "normal_": (lambda y: y.normal_(5, 0), [5, 5, 5], [0, 0, 0]),
    "index_add_": (lambda y: y.index_add_(0, tg.tensor([0, 0]), y[1:]), [12, 4, 6], [2, 4, 4]),
    "setitem": (lambda y: (y.__setitem__(0, y[2]), y)[1], [6, 4, 6], [0, 2, 4]),
    "setitem mask": (lambda y: (y.__setitem__(y > 5, 0), y)[1], [2, 4, 0], [2, 2, 0]),
}


@pytest.mark.parametrize("name", WRITES)
def test_the_tensor_itself_becomes_the_result(name: str) -> None:
    write, expected, gradient = WRITES[name]
    x = leaf()
    y = alias = x * 2
    assert write(y) is y and alias is y and y.requires_grad and y.dtype == np.float64
    np.testing.assert_allclose(alias.numpy(), expected)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), gradient)


@pytest.mark.parametrize("name", sorted(WRITES.keys() - {"//=", "floor_", "div_ floor"}))
def test_gradients_of_first_and_second_order(name: str) -> None:
    def program(x: Tensor) -> Tensor:
        y = x * x
        before = y * 3
        WRITES[name][0](y)
        return y * y + before

    x = leaf(0.7, 1.3, 1.9)
    assert gradcheck(program, (x,)) and gradgradcheck(program, (x,))


def test_what_kept_the_old_numbers_goes_on_with_them() -> None:
    x = leaf()
    y = x * x
    z = y * y
    constant = Tensor(np.array([1.0, 1.0, 1.0]))
    w = x * constant
    y.zero_()
    constant.add_(x)
    (z + w).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 4 * np.array([1.0, 8.0, 27.0]) + 1)


def test_constants_are_as_they_were_in_a_second_derivative() -> None:
    x, constant = leaf(), Tensor(np.array([5.0, 6.0, 7.0]))
    y = (x * constant) ** 2
    constant.mul_(x)
    assert constant.requires_grad
    (first,) = grad(y.sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    np.testing.assert_allclose(second.numpy(), 2 * np.array([25.0, 36.0, 49.0]))


def test_a_write_without_a_graph_is_noticed_before_and_after_a_recorded_one() -> None:
    x, constant = leaf(), Tensor(np.array([5.0, 6.0, 7.0]))
    early = x * constant
    with no_grad():
        constant.zero_()
    constant.add_(x)
    with pytest.raises(StaleTensorError, match="input 1 of mul was changed in place"):
        early.sum().backward()
    late = x * constant
    with no_grad():
        constant.zero_()
    with pytest.raises(StaleTensorError, match="input 1 of mul was changed in place"):
        late.sum().backward()


def test_a_write_keeps_the_dtype_and_the_graph() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y += leaf(1.0, 1.0)
    assert y.dtype == np.float32 and y.creator.name == "to" and y.tolist() == [3, 5]
    y.eq_(3)
    assert y.dtype == np.float32 and y.requires_grad and y.tolist() == [1, 0]
    y.sum().backward()
    assert x.grad.tolist() == [0, 0] and y.round_() is y


def test_what_was_a_leaf() -> None:
    x, other = leaf(), leaf()
    y = x * x
    x.requires_grad_(False)
    x += other
    assert x.creator is not None
    with pytest.raises(StaleTensorError, match="input 0 of mul was a leaf, and became part of a graph after it was used"):
        y.sum().backward(create_graph=True)


def test_a_function_gets_what_it_saved() -> None:
    class Cube(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, incoming: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            return incoming * 3 * x * x

    x = leaf()
    y = x * 2
    z = Cube.apply(y)
    y.zero_()
    (first,) = grad(z.sum(), x, create_graph=True, retain_graph=True)
    np.testing.assert_allclose(first.tolist(), [24.0, 96.0, 216.0])
    np.testing.assert_allclose(grad(first.sum(), x)[0].tolist(), [48.0, 96.0, 144.0])
    y = x * 2
    z = Cube.apply(y)
    with no_grad():
        y.zero_()
    y += 1
    with pytest.raises(StaleTensorError, match="a tensor that cube saved was changed in place afterwards"):
        z.sum().backward()


# -- who shares memory -------------------------------------------------------------------------------------------------


def test_all_views_stay_together() -> None:
    x = matrix()
    y = x * 1
    row, turned, flat, constant = y[0], y.t(), y.view(-1), y.detach()
    for _ in range(2):
        row += 1
        turned[0] = 9.0
        flat *= 2
        assert y.tolist() == turned.t().tolist() == flat.view(2, 3).tolist() == constant.tolist()
        assert row.tolist() == y[0].tolist() and not constant.requires_grad
    with no_grad():
        constant.zero_()
    assert not any(t.array.any() for t in (y, row, turned, flat))
    assert y.memory is row.memory is flat.memory is constant.memory


def test_a_view_whose_base_is_gone_costs_no_copy() -> None:
    y = (matrix() * 1).view(-1)
    y += 1
    assert y.creator.name == "add" and y.memory is None
    z = matrix() * 1
    row = z[0]
    del row
    z += 1
    assert z.creator.name == "add"


def test_parts_that_do_not_overlap_do_not_see_each_other() -> None:
    y = matrix() * 1
    left, right = y[:, :2], y[:, 2:]
    del y
    left += 1
    assert left.creator.name == "add" and right.creator.name == "getitem" and right.tolist() == [[3.0], [6.0]]


def test_a_base_in_another_order() -> None:
    x = Tensor(np.asfortranarray(np.arange(12.0).reshape(3, 4))[::-1, 1:], requires_grad=True)
    y = tg.Tensor(x.array)
    row = y[1]
    row *= x[0]
    y += x
    expected = x.array * 2
    expected[1] = x.array[1] * x.array[0] + x.array[1]
    assert y.tolist() == expected.tolist() and row.tolist() == expected[1].tolist()
    y.sum().backward()
    assert x.grad.tolist() == [(1 + x.array[1]).tolist(), [1, 1, 1], [1, 1, 1]]


def test_an_expanded_view_follows_and_stays_read_only() -> None:
    y = leaf() * 1
    wide, one = y.expand(2, 3), y[1:2]
    y += 1
    assert wide.tolist() == [[2, 3, 4]] * 2 and one.tolist() == [3]
    assert not wide.array.flags.writeable and one.array.flags.writeable
    wide.sum().backward()
    with pytest.raises(ArgumentError, match="several entries lie at one place"):
        wide.zero_()


def test_what_was_stale_stays_so_when_its_place_changes() -> None:
    x, constant = leaf(), Tensor(np.array([5.0, 6.0, 7.0]))
    part = constant[1:]
    y = x * constant
    with no_grad():
        constant.zero_()
    part += x[0]
    assert constant.creator is not None and constant.memory is part.memory is constant.creator.memory
    with pytest.raises(StaleTensorError, match=r"input 1 of mul was changed in place(.|\n)*constant\.zero_\(\)"):
        y.sum().backward()


def test_a_tensor_beside_what_was_written_moves_with_its_base() -> None:
    y = matrix() * 1
    first, second = y[0], y[1]
    first += 1
    before = second.creator
    assert second.creator is before and before.name == "getitem" and before.memory is y.memory is second.memory
    square = second * second
    with no_grad():
        y.zero_()
    assert second.tolist() == [0, 0, 0]
    with pytest.raises(StaleTensorError, match="input 0 of mul was changed in place"):
        square.sum().backward()


def test_values_with_more_axes_than_the_place() -> None:
    x = matrix()
    y = x * 1
    y[0] = x[None, None, 1]
    y[[1, 1]] = x[None, :1]
    assert y.tolist() == [[4, 5, 6], [1, 2, 3]]
    for index in (0, [0]):
        with pytest.raises(ShapeError, match="the value does not fit the place"):
            y[index] = x[None]
    z = leaf(1.0, 2.0) * 1
    z[[1, 0]] = 5.0
    z[tg.tensor([True, False])] = 3.0
    assert z.tolist() == [3, 5]
    y[tg.tensor([True, False])] = 0.0
    y[:, [True, False, True]] = 9.0
    assert y.tolist() == [[9, 0, 9], [9, 2, 9]]


def test_a_sign_and_an_index_write_once() -> None:
    y = matrix() * 1
    y[0] += 1
    assert y.creator.name == "overwrite" and y.tolist()[0] == [2, 3, 4]


def test_a_buffer_that_nobody_else_reads_is_not_copied() -> None:
    x = matrix()
    buffer = tg.zeros(2, 3, dtype=tg.float64)
    array = buffer.array
    del array
    before = buffer.array.ctypes.data
    buffer[0] = x[1]
    buffer[1] = x[0] * x[0]
    assert buffer.array.ctypes.data == before
    held = buffer.array
    buffer[1] = 0.0
    assert buffer.array is not held and held.tolist() == [[4, 5, 6], [1, 4, 9]]
    square = buffer * buffer  # keeps the array
    buffer[0] = 1.0
    square.sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [8, 10, 12]] and x.grad.array is not held


@pytest.mark.parametrize(("write", "error", "text"), [
    (lambda x, y: x[0].mul_(2), GraphError,
     r"mul_: a view of a leaf that requires grad.*\n.*\n +leaf +\(2, 3\)(.|\n)*no_grad"),
    (lambda x, y: tg.no_grad()(lambda: y[0])().add_(x[0]), GraphError,
     r"add_: the numbers of another tensor that requires grad would change(.|\n)*shares its memory(.|\n)*clone"),
    (lambda x, y: y[:1].expand(2, 3).add_(1), ArgumentError, r"add_: several entries lie at one place(.|\n)*clone"),
    (lambda x, y: y.unfold(1, 2, 1).zero_(), ArgumentError, "zero_: several entries lie at one place"),
    (lambda x, y: y[0].add_(x), ShapeError, r"add_: shape \(2, 3\) does not fit into \(3,\)"),
    (lambda x, y: tg.ones(2, 3, dtype=tg.int64).add_(x), DtypeError, "add_: a float64 result does not fit into int64"),
    (lambda x, y: tg.ones(2, 3, dtype=tg.int64).copy_(x), DtypeError, "copy_: a float64 result does not fit into int64"),
    (lambda x, y: tg.ones(2, dtype=tg.int64).__setitem__(0, y[0, 0]), DtypeError, "setitem: a float64 result does not fit"),
    (lambda x, y: y.__setitem__(0, x[:, 0]), ShapeError, r"setitem: the value does not fit the place, .*\(3,\)"),
    (lambda x, y: y.__setitem__([0, 1], x[0, :2]), ShapeError, r"setitem: the value does not fit the place, .*\(2, 3\)"),
    (lambda x, y: y.__setitem__(2, 0), RangeError, "setitem: index 2 is outside axis 0"),
    (lambda x, y: y.__setitem__(([0, 1], [0, 1, 2]), 0), RangeError, "setitem: the index arrays do not broadcast"),
    (lambda x, y: tg.nn.functional.relu(x, inplace=True), GraphError, r"relu: a leaf that(.|\n)*Drop inplace=True"),
    (lambda x, y: tg.nn.functional.silu(tg.ones(2, dtype=tg.int64), inplace=True), DtypeError,
     "silu: a float32 result does not fit into int64")])
def test_refused(write: Callable[[Any, Any], Any], error: type[Exception], text: str) -> None:
    x = matrix()
    y = x * 1
    values = x.tolist(), y.tolist()
    with pytest.raises(error, match=text):
        write(x, y)
    assert (x.tolist(), y.tolist()) == values


def test_the_result_of_a_function_that_passes_its_input_on() -> None:
    class Same(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, incoming: Tensor) -> Tensor:
            return incoming * 10

    y = matrix() * 1
    z = Same.apply(y)
    with pytest.raises(GraphError, match="the numbers of another tensor that requires grad would change"):
        z += 1
    del y
    z += 1
    assert z.creator.name == "add"


# -- activations -------------------------------------------------------------------------------------------------------


def test_an_activation_writes_over_constants() -> None:
    relu = tg.nn.functional.relu
    held = np.array([-1.0, 2.0])
    t = Tensor(held)
    before = t.last_change()
    assert relu(t, inplace=True) is t and t.array is held and held.tolist() == [0, 2] and t.last_change() > before
    viewed = Tensor([-1.0, 2.0])
    view = viewed.view(1, 2)
    relu(viewed, inplace=True)
    assert view.tolist() == [[0, 2]]
    alone = Tensor([-1.0, 2.0])
    assert relu(alone, inplace=True) is alone and alone.tolist() == [0, 2]
    assert tg.nn.functional.dropout(alone, 0.5, False, True) is alone
    with pytest.raises(ArgumentError, match="relu: the memory is read-only"):
        relu(Tensor([-1.0]).expand(3), inplace=True)


def test_an_activation_in_a_graph_is_the_tensor() -> None:
    silu = tg.nn.functional.silu
    x = leaf(-1.0, 2.0)
    y, retained = x * 1, x * 1
    retained.retain_grad()
    with no_grad():
        z = silu(x * 1, inplace=True)
    assert silu(y, inplace=True) is y and silu(retained, inplace=True) is retained and not z.requires_grad
    (y * retained).sum().backward()
    value = x.array / (1 + np.exp(-x.array))
    np.testing.assert_allclose([*y.tolist(), *z.tolist(), *retained.grad.tolist()], [*value, *value, *value])
    kept = x * 1
    square = kept * kept
    with no_grad():
        silu(kept, inplace=True)
    with pytest.raises(StaleTensorError, match="was changed in place"):
        square.sum().backward()


# -- memory ------------------------------------------------------------------------------------------------------------


def test_no_more_is_remembered_than_lives() -> None:
    x = matrix()
    views = [x.view(-1)]
    for _ in range(1000):
        x.detach()
    memory = x.memory
    assert isinstance(memory, Memory) and len(memory.lying) <= 8 and len(memory.others(x)) == 1
    views += [x[0] for _ in range(100)]
    assert len(memory.others(x)) == 101 and memory.family(views[50]) is memory.family(x)
    assert memory.family(x.detach()) is not memory.family(x) and memory.family(leaf()) is None


def test_nothing_is_kept_alive() -> None:
    gc.disable()
    try:
        y = matrix() * 1
        row = y[0]
        row += 1
        y[1] = 0
        alive = weakref.ref(y), weakref.ref(row), weakref.ref(y.creator)
        del y, row
        assert [reference() for reference in alive] == [None] * 3
    finally:
        gc.enable()


# -- those who look on -------------------------------------------------------------------------------------------------


def test_gradients_and_hooks_belong_to_a_value() -> None:
    x, seen = leaf(), []
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: seen.append(g.tolist()))
    y *= 5
    assert y.retains_grad
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.sum().backward()
    assert y.grad.tolist() == [1, 1, 1] and seen == [[1, 1, 1], [5, 5, 5]]
    assert grad((y * 3).sum(), y)[0].tolist() == [3, 3, 3]


def test_names_and_lineage() -> None:
    x = leaf(name="x")
    y = x * 2
    y.name = "y"
    y[0] = 3.0
    y += 1
    assert y.name == "y" and y.creator.name == "add" and y.creator.sources[0].label == "setitem index=[0]"
    y.zero_()
    assert "setitem is flat here: its gradient is 0 everywhere" in str(why_grad(x, y.sum()))


def test_anomaly_mode_names_the_line() -> None:
    x = leaf(0.0, 1.0)
    y = x * 1
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"log: made 1 infinite of 2 entries.*\n +at .*y\.log_\(\)"):
            y.log_()
        z = x * 2
        z[0] = 4.0
        z *= z
        z.sum().backward()
    assert y.tolist() == [0.0, 1.0] and x.grad.tolist() == [0.0, 8.0]


def test_checkpoints_get_their_arguments_as_they_were() -> None:
    def part(x: Tensor) -> Tensor:
        x *= x
        x[0] = 5.0
        return x.exp() * x

    for run in (part, lambda x: checkpoint(part, x)):
        x = leaf(0.5, 0.25, 2.0)
        y = run(x * 1)
        y.sum().backward()
        u = np.array([0.25, 2.0])
        np.testing.assert_allclose(x.grad.numpy(), [0, *(np.exp(u**2) * (1 + u**2) * 2 * u)])
    constant, x = Tensor(np.array([1.0, 2.0, 3.0])), leaf()
    with pytest.raises(GraphError, match=r"checkpoint: the function writes into the memory of an argument(.|\n)*clone"):
        checkpoint(lambda c: c.mul_(2) * x, constant)


def test_a_checkpoint_that_writes_into_what_is_no_argument() -> None:
    y = leaf() * 1
    z = checkpoint(lambda: y.mul_(2).exp())
    with pytest.raises(GraphError, match="checkpoint: the second time, the function started from what it had computed"):
        z.sum().backward()


def test_methods_keep_their_names() -> None:
    assert in_place("exp").__name__ == "exp_" and Tensor.__ipow__.__doc__ == "``self **= other``"
