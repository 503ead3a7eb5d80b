"""`backward` and `grad`: accumulation, hooks, retained gradients, unused inputs, higher derivatives, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import grad
from tensorgrad.errors import ArgumentError, GraphError, ShapeError, TensorgradError
from tensorgrad.op import Op


def leaf(*values: float, dtype: Any = np.float64) -> Tensor:
    return Tensor(np.array(values, dtype), requires_grad=True)


# -- accumulation ------------------------------------------------------------------------------------------------------


def test_gradients_add_up_over_calls() -> None:
    x = leaf(1.0, 2.0)
    for n in (1, 2, 3):
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0 * n, 4.0 * n]
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_numbers_without_axes_accumulate_as_arrays() -> None:
    x = Tensor(np.array(3.0), requires_grad=True)
    for _ in range(2):
        (x * x).backward()
    assert type(x.grad.array) is np.ndarray and x.grad.shape == () and x.grad.item() == 12.0


def test_accumulation_writes_into_the_same_array() -> None:
    x = leaf(1.0)
    (x * 2).backward()
    array = x.grad.array
    (x * 2).backward()
    assert x.grad.array is array and array.tolist() == [4.0]


def test_a_read_only_gradient_set_by_hand_is_replaced() -> None:
    x = leaf(1.0, 2.0)
    x.grad = Tensor(np.broadcast_to(1.0, (2,)))
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_one_tensor_used_many_times() -> None:
    x = leaf(2.0)
    y = x * x
    (y + y * x + x).backward()
    assert x.grad.item() == 2 * 2 + 3 * 4 + 1


@pytest.mark.parametrize("before", [0, 3, 8])
def test_a_view_of_all_of_an_array_that_nobody_else_holds_is_kept(before: int) -> None:
    factor = np.arange(6.0).reshape(3, 2)
    made: list[Any] = []

    class Turned(tensorgrad.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            array = np.append(np.zeros(before), factor)[before:].reshape(3, 2)  # it begins within a longer one
            made.append(array.ctypes.data)
            return array.T

    for get in (lambda x, y: (y.sum().backward(), x.grad)[1], lambda x, y: grad(y.sum(), x)[0]):
        x = Tensor(np.ones((2, 3)), requires_grad=True)
        found = get(x, Turned.apply(x))
        np.testing.assert_array_equal(found.numpy(), factor.T)
        assert found.array.ctypes.data == made[-1]


def views(array: np.ndarray) -> list[np.ndarray]:
    """Gradients (2, 3) that show an array somebody holds."""
    return [array, array.T.copy().T, array[::-1], array.reshape(3, 2).reshape(2, 3), np.asarray(memoryview(array)),
            array.view(), np.broadcast_to(array[:1], (2, 3)), np.zeros((2, 6))[:, ::2], np.zeros((2, 3), complex).real]


@pytest.mark.parametrize("kind", range(9))
@pytest.mark.parametrize("by_grad", [False, True])
def test_nobody_sees_what_is_added_to_a_gradient_later(kind: int, by_grad: bool) -> None:
    memory = np.arange(6.0).reshape(2, 3)
    held = views(memory)[kind]
    before = held.copy(), memory.copy()

    class Held(tensorgrad.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return held[:]  # a view of the array that this frame holds, or of its base

    x = Tensor(np.ones((2, 3)), requires_grad=True)
    if by_grad:
        found = grad(Held.apply(x).sum(), x)[0]
        if found.array.flags.writeable:
            found.array += 1
    else:
        Held.apply(x).sum().backward()
        Held.apply(x).sum().backward()
        assert x.grad is not None
        np.testing.assert_array_equal(x.grad.numpy(), 2 * before[0])
    np.testing.assert_array_equal(held, before[0])
    np.testing.assert_array_equal(memory, before[1])


def test_two_leaves_and_an_interior_node_do_not_share_a_turned_gradient() -> None:
    a, b = [Tensor(np.ones((2, 3)), requires_grad=True) for _ in range(2)]
    for _ in range(2):
        inner = a.t()
        inner.retain_grad()
        ((inner + b.t()) * 3).sum().backward()
        assert inner.grad is not None and a.grad is not None and b.grad is not None
        np.testing.assert_array_equal(inner.grad.numpy(), np.full((3, 2), 3.0))
    arrays = [a.grad.array, b.grad.array, inner.grad.array]
    for array, value in zip(arrays, (6, 6, 3)):
        assert (array == value).all()
    assert not any(np.shares_memory(p, q) for i, p in enumerate(arrays) for q in arrays[:i])


@pytest.mark.parametrize("create_graph", [False, True])
def test_no_two_gradients_share_an_array(create_graph: bool) -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    incoming = np.ones(2)
    (a + b).backward(incoming, create_graph=create_graph)
    (c := leaf(1.0, 2.0)).backward(incoming)
    gradients = [a.grad, b.grad, c.grad]
    with tensorgrad.no_grad():
        for i, gradient in enumerate(gradients):
            gradient.fill_(i)
    assert [g.tolist() for g in gradients] == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]] and incoming.tolist() == [1.0, 1.0]


def test_an_optimizer_writing_into_a_gradient_changes_no_other() -> None:
    a = leaf(1.0, 2.0)
    (a + a).sum().backward()
    assert a.grad.tolist() == [2.0, 2.0]
    x, y = leaf(1.0, 2.0), leaf(1.0, 2.0)
    s = x + y
    s.retain_grad()
    (s * 3).sum().backward()
    x.grad.data += 100
    assert y.grad.tolist() == [3.0, 3.0] and s.grad.tolist() == [3.0, 3.0]


def test_results_of_grad_can_be_written_into() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    incoming = np.ones(2)
    gx, gy, again = grad(x + y, [x, y, x], incoming)
    gx.mul_(5)
    assert gy.tolist() == [1.0, 1.0] and again.tolist() == [1.0, 1.0] and incoming.tolist() == [1.0, 1.0]


def test_gradient_has_the_dtype_of_its_leaf() -> None:
    a, b = leaf(1.0, dtype=np.float32), leaf(2.0)
    (a * b).backward()
    assert a.grad.dtype == np.float32 and b.grad.dtype == np.float64
    h = leaf(1.0, dtype=np.float16)
    (h * 2).backward(np.array([1.0]))
    assert h.grad.dtype == np.float16


def test_leaf_itself() -> None:
    x = leaf(3.0)
    x.backward()
    assert x.grad.tolist() == [1.0]


# -- interior gradients and hooks --------------------------------------------------------------------------------------


def test_interior_gradients_only_where_retained() -> None:
    x = leaf(1.0, 2.0)
    y, z = x * 2, x * 3
    y.retain_grad()
    assert y.retains_grad and not z.retains_grad and not x.retains_grad
    (y * z).sum().backward()
    assert y.grad.tolist() == [3.0, 6.0] and z.grad is None
    x.retain_grad()  # of no consequence, as in PyTorch
    with pytest.raises(GraphError, match="retain_grad: no gradient reaches a constant"):
        Tensor([1.0]).retain_grad()


def test_retained_gradients_add_up_and_see_the_hooks() -> None:
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    for _ in range(2):
        y.sum().backward(retain_graph=True)
    assert y.grad.item() == 20.0 and x.grad.item() == 40.0


def test_hook_on_a_leaf_sees_the_complete_gradient_once() -> None:
    x = leaf(1.0, 2.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5.0, 5.0]] and x.grad.tolist() == [5.0, 5.0]


def test_hook_on_an_interior_tensor_replaces_what_flows_on() -> None:
    x = leaf(1.0)
    y = x * 2
    z = y * 3
    y.register_hook(lambda g: g * 0 + 7)
    (z + y).sum().backward()
    assert x.grad.item() == 14.0


def test_hooks_run_in_order_and_can_be_removed() -> None:
    x = leaf(1.0)
    order: list[str] = []
    first = x.register_hook(lambda g: order.append("first"))
    second = x.register_hook(lambda g: order.append("second") or g * 2)
    third = x.register_hook(lambda g: order.append(f"third {g.item()}"))
    x.sum().backward()
    assert order == ["first", "second", "third 2.0"] and x.grad.item() == 2.0
    second.remove()
    second.remove()
    x.grad = None
    x.sum().backward()
    assert order[3:] == ["first", "third 1.0"] and x.grad.item() == 1.0
    with first, third:
        pass
    x.sum().backward()
    assert len(order) == 5


def test_hook_may_remove_itself() -> None:
    x = leaf(1.0)
    seen = []

    def once(gradient: Tensor) -> None:
        seen.append(gradient.item())
        handle.remove()

    handle = x.register_hook(once)
    x.sum().backward()
    x.sum().backward()
    assert seen == [1.0]


def test_hook_is_differentiated_through() -> None:
    x = leaf(3.0)
    y = x * x
    y.register_hook(lambda g: g * x)
    (first,) = grad(y, x, create_graph=True)
    assert first.item() == 18.0 and grad(first, x)[0].item() == 12.0


def test_hook_mistakes() -> None:
    x = leaf(1.0, 2.0)
    handle = x.register_hook(lambda g: g.sum())
    with pytest.raises(GraphError, match=r"hook: <lambda> returned a gradient of shape \(\) for one of shape \(2,\)"):
        x.sum().backward()
    handle.remove()
    handle = x.register_hook(lambda g: 3.0)
    with pytest.raises(GraphError, match="hook: <lambda> returned a gradient of type float"):
        x.sum().backward()
    handle.remove()
    x.register_hook(lambda g: g.mul_(2))
    with pytest.raises(ArgumentError, match="mul_: the memory is read-only"):
        x.sum().backward()
    with pytest.raises(GraphError, match="register_hook: no gradient reaches a constant"):
        Tensor([1.0]).register_hook(print)


# -- which inputs ------------------------------------------------------------------------------------------------------


def test_backward_from_several_tensors_at_once() -> None:
    x = leaf(1.0, 2.0)
    shared = x * x
    tensorgrad.autograd.backward([shared.sum(), shared * 2], [None, np.array([1.0, 10.0])])
    assert x.grad.tolist() == [2.0 + 4.0, 4.0 + 80.0]
    tensorgrad.autograd.backward((x.sum(), x.sum()))
    with pytest.raises(ArgumentError, match="backward: 1 grad_outputs for 2 outputs"):
        tensorgrad.autograd.backward([x, x], [np.ones(2)])


def test_backward_for_some_inputs_only() -> None:
    x, w = leaf(1.0), leaf(2.0)
    y = x * w
    (y * y).backward(inputs=[w])
    assert w.grad.item() == 4.0 and x.grad is None
    y = x * w
    (y * 3).backward(inputs=y)
    assert y.grad.item() == 3.0 and x.grad is None
    y = x * w
    y.retain_grad()
    (y * 3).backward(inputs=y)
    assert y.grad.item() == 3.0
    with pytest.raises(GraphError, match="backward: input 0 does not require grad"):
        (x * w).backward(inputs=[Tensor([1.0])])
    with pytest.raises(GraphError, match="backward: there are no inputs"):
        (x * w).backward(inputs=[])


def test_grad_touches_no_grad_attribute() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    gx, gy = grad(y.sum(), [x, y])
    assert gx.tolist() == [2.0, 4.0] and gy.tolist() == [1.0, 1.0] and x.grad is None and y.grad is None


def test_grad_of_several_outputs_with_weights() -> None:
    x = leaf(1.0, 2.0)
    (g,) = grad([x * 2, (x * x).sum()], x, [Tensor(np.array([1.0, 10.0])), None])
    assert g.tolist() == [4.0, 24.0]
    with pytest.raises(ArgumentError, match="grad: 1 grad_outputs for 2 outputs"):
        grad([x * 2, x * 3], x, [np.ones(2)])


def test_grad_unused_inputs() -> None:
    x, unused = leaf(1.0), leaf(2.0)
    y = x * 2
    with pytest.raises(GraphError, match="the outputs do not depend on input 1.*\n.*\n.*allow_unused=True"):
        grad(y, [x, unused], retain_graph=True)
    assert grad(y, [x, unused], allow_unused=True, retain_graph=True)[1] is None
    assert grad(y, [x, unused], materialize_grads=True, retain_graph=True)[1].tolist() == [0.0]
    with pytest.raises(ArgumentError, match="Drop one of them"):
        grad(y, [x, unused], allow_unused=False, materialize_grads=True)
    with pytest.raises(GraphError, match="grad: input 0 does not require grad"):
        grad(y, Tensor([1.0]))


def test_paths_that_lead_nowhere_are_not_walked() -> None:
    walked = []

    class Noted(Op):
        __slots__ = ()

        def forward(self, x):
            return x * 1

        def backward(self, grad):
            walked.append(1)
            return grad

    x, w = leaf(1.0), leaf(2.0)
    side = Noted().apply(x)
    y = side * w
    grad(y, w, retain_graph=True)
    assert walked == []
    grad(y, side, retain_graph=True)  # stops at the interior tensor
    assert walked == []
    grad(y, x)
    assert walked == [1]


# -- higher derivatives ------------------------------------------------------------------------------------------------


def test_third_and_fourth_derivatives() -> None:
    x = leaf(2.0)
    value = x**5
    for expected in (5 * 16, 20 * 8, 60 * 4, 120 * 2):
        (value,) = grad(value, x, create_graph=True)
        assert value.item() == expected
    (value,) = grad(value, x)
    assert value.item() == 120 and not value.requires_grad


def test_create_graph_fills_differentiable_gradients() -> None:
    x = leaf(3.0)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    penalty = (x.grad * x.grad).sum()
    x.grad = None
    penalty.backward()
    assert x.grad.item() == 2 * 27 * 18


def test_accumulating_onto_a_gradient_with_a_graph() -> None:
    x = leaf(3.0)
    (x**2).backward(create_graph=True)
    (x**3).backward(create_graph=True)
    assert x.grad.item() == 6 + 27 and grad(x.grad, x)[0].item() == 2 + 18
    x.grad = None
    (x**2).backward(create_graph=True)
    (x * 1).backward()
    assert x.grad.item() == 7.0


def test_mixed_derivatives_and_hessian_vector_product() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    f = (x * x * y).sum()
    gx, gy = grad(f, [x, y], create_graph=True)
    (hv,) = grad((gx * Tensor(np.array([1.0, 0.0]))).sum(), x, retain_graph=True)
    assert hv.tolist() == [6.0, 0.0]
    assert grad(gx.sum(), y)[0].tolist() == [2.0, 4.0]


# -- freed graphs and other refusals -----------------------------------------------------------------------------------


def test_a_freed_graph_says_so() -> None:
    x = leaf(1.0)
    with tensorgrad.scope("head"):
        y = x * x
    y.backward()
    with pytest.raises(GraphError, match="backward: head/mul was already used.*\n.*retain_graph=True"):
        y.backward()


def test_a_graph_that_kept_nothing_can_be_used_again() -> None:
    x = leaf(1.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.item() == 2.0


def test_retained_graph_and_shared_part() -> None:
    x = leaf(2.0)
    shared = x * x
    a, b = shared * 2, shared * 3
    a.backward(retain_graph=True)
    b.backward()
    assert x.grad.item() == 20.0
    with pytest.raises(GraphError, match="already used"):
        a.backward()


def test_constants_have_no_backward() -> None:
    with pytest.raises(GraphError, match=r"this tensor is a constant.*\n.*\(1,\) float32\n.*requires_grad=True"):
        Tensor([1.0]).backward()
    x = leaf(1.0)
    with tensorgrad.no_grad():
        y = x * 2
    with pytest.raises(RuntimeError, match="outside no_grad"):
        y.backward()


def test_gradient_argument() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    with pytest.raises(ShapeError, match="a gradient is needed for a tensor of several entries.*\n.*from mul\n.*loss.mean"):
        y.backward()
    with pytest.raises(ShapeError, match=r"the gradient has shape \(3,\)"):
        y.backward(np.ones(3))
    y.backward([1.0, 10.0])
    assert x.grad.tolist() == [3.0, 30.0]


def test_a_rule_with_the_wrong_number_or_shape_of_gradients() -> None:
    class Wrong(Op):
        __slots__ = ("gradients",)

        def __init__(self, gradients: Any):
            self.gradients = gradients

        def forward(self, x):
            return x * 1

        def backward(self, grad):
            return self.gradients

        def options(self) -> dict[str, Any]:
            return {}

    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match="the rule of wrong returned 2 gradients for 1 inputs"):
        Wrong((np.ones(2), None)).apply(x).sum().backward()
    with pytest.raises(GraphError, match=r"returned a gradient of shape \(3,\) for an input of shape \(2,\)"):
        Wrong(np.ones(3)).apply(x).sum().backward()


def test_an_error_in_a_rule_is_annotated() -> None:
    class Fails(Op):
        __slots__ = ("size",)

        def __init__(self, size: int):
            self.size = size

        def forward(self, x):
            return x * 1

        def backward(self, grad):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        with tensorgrad.scope("conv1"):
            y = Fails(3).apply(leaf(1.0))
        y.backward()
    assert caught.value.__notes__ == ["in the backward rule of conv1/fails: fails size=3"]


def test_once_differentiable_ops_refuse_create_graph() -> None:
    class Opaque(Op):
        __slots__ = ()
        keeps = (0,)
        once = True

        def forward(self, x):
            return x * x

        def backward(self, grad):
            return grad * 2 * self.inputs[0]

    x = leaf(3.0)
    Opaque().apply(x).backward()
    assert x.grad.item() == 6.0
    with pytest.raises(GraphError, match="opaque can be differentiated only once"):
        Opaque().apply(x).backward(create_graph=True)


def test_everything_raised_is_a_tensorgrad_error_and_a_builtin() -> None:
    for error, builtin in ((GraphError, RuntimeError), (ShapeError, ValueError), (ArgumentError, ValueError)):
        assert issubclass(error, TensorgradError) and issubclass(error, builtin)
