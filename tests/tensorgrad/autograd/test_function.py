"""Users' own ops: `tensorgrad.autograd.Function`."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import Function, FunctionCtx, grad, once_differentiable
from tensorgrad.errors import GraphError, ShapeError, StaleTensorError


class Cube(Function):
    @staticmethod
    def forward(ctx, x, scale=1.0):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * x * x * scale

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (3 * ctx.scale) * x * x, None


class Exponential(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad * y


class SumAndProduct(Function):
    """Two results and a count that has no gradient."""

    @staticmethod
    def forward(ctx, a, b):
        product = a * b
        ctx.save_for_backward(a, b, product)
        return a + b, product, np.array(a.numel())

    @staticmethod
    def backward(ctx, grad_sum, grad_product, grad_count):
        a, b, product = ctx.saved_tensors
        ctx.seen.append((grad_sum, grad_product, grad_count))
        return grad_sum + grad_product * b + 0 * product, grad_sum + grad_product * a


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def test_first_second_and_third_derivative() -> None:
    x = leaf(1.0, 2.0)
    (first,) = grad(Cube.apply(x, 2.0).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x, create_graph=True)
    (third,) = grad(second.sum(), x)
    assert first.tolist() == [6.0, 24.0] and second.tolist() == [12.0, 24.0] and third.tolist() == [12.0, 12.0]


def test_saved_result_is_in_the_graph_again_for_higher_derivatives() -> None:
    x = leaf(0.5)
    value = Exponential.apply(x)
    for _ in range(3):
        (value,) = grad(value.sum(), x, create_graph=True)
        np.testing.assert_allclose(value.numpy(), np.exp(0.5))


def test_several_results() -> None:
    a, b = leaf(2.0, 3.0), leaf(5.0, 7.0)
    FunctionCtx.seen = []
    try:
        total, product, count = SumAndProduct.apply(a, b)
        assert count.item() == 2 and not count.requires_grad
        assert total.requires_grad and product.requires_grad
        (total.sum() + (product * 10).sum()).backward()
        assert a.grad.tolist() == [51.0, 71.0] and b.grad.tolist() == [21.0, 31.0]
        # Only one of the results is used: the other gradients come as zeros.
        a.grad = b.grad = None
        SumAndProduct.apply(a, b)[0].sum().backward()
        unused = FunctionCtx.seen[-1]
        assert unused[1].tolist() == [0.0, 0.0] and unused[2].tolist() == 0
        assert a.grad.tolist() == [1.0, 1.0]
    finally:
        del FunctionCtx.seen


def test_several_results_differentiate_twice_also_when_a_saved_result_is_gone() -> None:
    a, b = leaf(2.0), leaf(5.0)
    FunctionCtx.seen = []
    try:
        product = SumAndProduct.apply(a, b)[1]
        (first,) = grad(product, a, create_graph=True)
        assert grad(first, b)[0].item() == 1.0
        total = SumAndProduct.apply(a, b)[0]
        (first,) = grad(total, a, create_graph=True)
        assert [g.item() for g in grad(first, [a, b], materialize_grads=True)] == [0.0, 0.0]
    finally:
        del FunctionCtx.seen


def test_unused_result_as_none_without_materialized_gradients() -> None:
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, one, two):
            assert two is None
            return one

    x = leaf(1.0)
    Two.apply(x)[0].backward()
    assert x.grad.item() == 1.0


def test_results_that_are_no_tensors_pass_through() -> None:
    class Noted(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return "note", y, y * 2

        @staticmethod
        def backward(ctx, note, grad_y, grad_twice):
            assert note is None
            return (grad_y + grad_twice * 2) * ctx.saved_tensors[0]

    x = leaf(0.0)
    note, y, twice = Noted.apply(x)
    assert note == "note"
    (first,) = grad(y * 3 + y * 4 + twice, x, create_graph=True)
    assert first.item() == 9.0 and grad(first, x)[0].item() == 9.0


def test_setup_context_style() -> None:
    class Square(Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, grad):
            return grad * 2 * ctx.saved_tensors[0]

    x = leaf(3.0)
    Square.apply(x).backward()
    assert x.grad.item() == 6.0


def test_needs_input_grad_and_none_for_the_rest() -> None:
    seen = []

    class Product(Function):
        @staticmethod
        def forward(ctx, a, b, note):
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx, grad):
            seen.append(ctx.needs_input_grad)
            a, b = ctx.saved_tensors
            return grad * b if ctx.needs_input_grad[0] else None, grad * a if ctx.needs_input_grad[1] else None, None

    a = leaf(2.0)
    Product.apply(a, Tensor([4.0]), "note").backward()
    assert seen == [(True, False, False)] and a.grad.item() == 4.0


def test_arrays_are_enough_and_float32_is_kept() -> None:
    class Doubled(Function):
        @staticmethod
        def forward(ctx, x):
            return x.numpy() * 2

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            return grad.numpy() * np.float64(2.0)

    x = Tensor([1.0], requires_grad=True)
    y = Doubled.apply(x)
    assert y.dtype == np.float32
    y.backward()
    assert x.grad.item() == 2.0 and x.grad.dtype == np.float32
    with pytest.raises(GraphError, match="doubled can be differentiated only once"):
        grad(Doubled.apply(x), x, create_graph=True)


def test_array_gradient_under_create_graph_is_refused() -> None:
    class Doubled(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad.numpy() * 2

    x = leaf(1.0)
    with pytest.raises(GraphError, match=r"Doubled.backward: returned a ndarray for argument 0.*\n.*once_differentiable"):
        grad(Doubled.apply(x), x, create_graph=True)


def test_non_differentiable_results_and_inputs_passed_through() -> None:
    class Split(Function):
        @staticmethod
        def forward(ctx, x):
            rounded = x * 1
            ctx.mark_non_differentiable(rounded)
            return x, rounded

        @staticmethod
        def backward(ctx, grad, grad_rounded):
            return grad

    x = leaf(1.5)
    same, rounded = Split.apply(x)
    assert same is not x and same.creator is not None and not rounded.requires_grad
    (same * 2).backward()
    assert x.grad.item() == 2.0


class Same(Function):
    """Its input, as it is."""

    @staticmethod
    def forward(ctx, x):
        ctx.own = ctx
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad


def test_an_input_passed_through_is_a_constant_where_nothing_is_recorded() -> None:
    x = leaf(1.0)
    with tensorgrad.no_grad():
        for given in (x, x * 1):
            same = Same.apply(given)
            assert not same.requires_grad and same.tolist() == [1.0]
    assert x.requires_grad
    inner = x * 2
    with tensorgrad.no_grad():
        assert not Same.apply(inner).requires_grad
    assert inner.requires_grad


def test_a_write_into_an_input_passed_through_is_noticed() -> None:
    x = leaf(1.0, 2.0)
    y, same = x * x, Same.apply(x)
    with tensorgrad.no_grad():
        same.add_(1)
    with pytest.raises(StaleTensorError, match="input 0 of mul was changed in place"):
        y.sum().backward()


def test_constants_and_results_show_in_the_nodes() -> None:
    class Two(Function):
        @staticmethod
        def forward(ctx, x, w, factor):
            return x * w, x * factor

        @staticmethod
        def backward(ctx, first, second):
            return first + second, None, None

    first, second = Two.apply(leaf(1.0, 2.0), Tensor(np.ones(2, np.float32)), 3)
    assert (first.creator.label, second.creator.label) == ("two result=0", "two result=1")
    call = first.creator.sources[0]
    assert call is second.creator.sources[0] and call.label == "two"
    assert call.constants == {1: ((2,), np.dtype("float32"), None)}


def test_saved_tensors_are_there_during_backward_only() -> None:
    contexts = []

    class Watched(Cube):
        @staticmethod
        def backward(ctx, grad):
            contexts.append((ctx, len(ctx.saved_tensors)))
            return Cube.backward(ctx, grad)

    Watched.apply(leaf(1.0)).backward()
    (ctx, during), = contexts
    assert during == 1 and ctx.saved_tensors == ()


def test_a_saved_result_that_is_gone_is_differentiated_through() -> None:
    class Power(Function):
        @staticmethod
        def forward(ctx, x):
            cube = x * x * x
            ctx.save_for_backward(x, cube)
            return cube, x * 1

        @staticmethod
        def backward(ctx, grad_cube, grad_same):
            x, cube = ctx.saved_tensors
            return grad_cube * 3 * cube / x + grad_same  # 3x², written with the result

    for keep in (False, True):
        x = leaf(2.0)
        cube, same = Power.apply(x)
        y = cube.sum() if keep else same.sum() * 0 + Power.apply(x)[0].sum()
        if not keep:
            del cube
        (first,) = grad(y, x, create_graph=True)
        assert first.item() == 12.0 and grad(first.sum(), x)[0].item() == 12.0


def test_without_recording_there_is_no_node() -> None:
    with tensorgrad.no_grad():
        assert Cube.apply(leaf(1.0)).creator is None
    assert not Cube.apply(Tensor([1.0])).requires_grad


def test_node_is_named_after_the_class_and_its_layer() -> None:
    with tensorgrad.scope("block"):
        y = Cube.apply(leaf(1.0))
    assert y.creator.label == "cube" and y.creator.where == "block/cube"
    assert Exponential.apply(leaf(1.0)).grad_fn.name == "exponential"


def test_graph_is_freed_and_free_of_cycles() -> None:
    gc.disable()
    try:
        x = leaf(1.0)
        for function in (Cube, Exponential):
            y = function.apply(x)
            watched = weakref.ref(y.creator)
            del y
            assert watched() is None
        y = Exponential.apply(x)
        y.backward()
        with pytest.raises(GraphError, match="exponential was already used by a backward pass"):
            y.backward()
    finally:
        gc.enable()


def test_stale_saved_tensors() -> None:
    x = leaf(1.0)
    inner = x * 2
    y = Cube.apply(inner)
    with tensorgrad.no_grad():
        inner += 1
    with pytest.raises(StaleTensorError, match="a tensor that cube saved was changed in place") as caught:
        y.backward()
    assert "from mul" in str(caught.value)
    y = Exponential.apply(x)
    with tensorgrad.no_grad():
        y.mul_(2)
    with pytest.raises(StaleTensorError, match="a tensor that exponential saved was changed in place"):
        y.backward()


# -- mistakes ----------------------------------------------------------------------------------------------------------


def returning(*values: Any) -> type[Function]:
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y=None):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return values

    return Wrong


def test_wrong_number_of_gradients() -> None:
    with pytest.raises(GraphError, match="Wrong.backward: returned 1 gradients for 2 arguments of forward"):
        returning(Tensor([1.0])).apply(leaf(1.0), 3).backward()
    with pytest.raises(GraphError, match="returned 2 gradients for 1 arguments"):
        returning(Tensor([1.0]), Tensor([1.0])).apply(leaf(1.0)).backward()
    returning(Tensor([1.0]), None).apply(leaf(1.0)).backward()  # extra Nones are fine, as in PyTorch


def test_gradient_of_a_wrong_shape() -> None:
    with pytest.raises(GraphError, match=r"rule of wrong returned a gradient of shape \(3,\) for an input of shape \(2,\)"):
        returning(Tensor([1.0, 2.0, 3.0])).apply(leaf(1.0, 2.0)).sum().backward()


def test_gradient_for_what_is_no_tensor() -> None:
    with pytest.raises(GraphError, match="a gradient for argument 1 of forward, which is not a tensor"):
        returning(Tensor([1.0]), Tensor([1.0])).apply(leaf(1.0), 3).backward()


def test_saving_what_is_no_tensor() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x, 3)
            return x

    with pytest.raises(GraphError, match="save_for_backward: argument 1 is a int.*\n.*ctx.name = value"):
        Wrong.apply(leaf(1.0))


def test_missing_methods() -> None:
    class Empty(Function):
        pass

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

    with pytest.raises(NotImplementedError, match=r"needs a static method forward\(ctx, ...\)"):
        Empty.apply(leaf(1.0))
    with pytest.raises(NotImplementedError, match=r"needs a static method backward\(ctx, ...\)"):
        Half.apply(leaf(1.0)).backward()


def test_instances_and_in_place_functions_are_refused() -> None:
    with pytest.raises(GraphError, match=r"Call Cube.apply\(...\)"):
        Cube()
    with pytest.raises(GraphError, match="mark_dirty: a Function cannot change its inputs in place"):
        FunctionCtx(()).mark_dirty(leaf(1.0))


def test_a_gradient_cannot_be_written_into_by_the_rule() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return grad.mul_(2)

    with pytest.raises(Exception, match="the memory is read-only"):
        Wrong.apply(leaf(1.0)).backward()


def test_errors_inside_the_rule_name_the_op() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return grad + Tensor([1.0, 2.0, 3.0])

    with pytest.raises(ShapeError) as caught:
        Wrong.apply(leaf(1.0, 2.0)).sum().backward()
    assert caught.value.__notes__ == ["in the backward rule of wrong: wrong"]


def test_a_saved_result_that_is_no_variable_is_constant_in_the_second_derivative() -> None:
    class Halves(Function):
        """x² where the sign is kept as a float that has no gradient."""

        @staticmethod
        def forward(ctx, x):
            sign = x.sign()
            ctx.mark_non_differentiable(sign)
            ctx.save_for_backward(x, sign)
            return x * x * sign, sign

        @staticmethod
        def backward(ctx, grad, _):
            x, sign = ctx.saved_tensors
            assert not sign.requires_grad
            return grad * 2 * x * sign

    x = leaf(-3.0, 2.0)
    y, sign = Halves.apply(x)
    assert not sign.requires_grad
    (first,) = grad(y.sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert first.tolist() == [6.0, 4.0] and second.tolist() == [-2.0, 2.0]


class Twin(Function):
    """eˣ twice; the rule of the first result reads the second one, saved two times."""

    @staticmethod
    def forward(ctx, x):
        ctx.noise = x * 0
        y = x.exp()
        ctx.save_for_backward(y, y)
        return y * 1, y

    @staticmethod
    def backward(ctx, grad_first, grad_second):
        u, v = ctx.saved_tensors
        ctx.seen = u.requires_grad, v.requires_grad
        return grad_first * (u + 3 * v) / 4 + grad_second * u


def test_a_saved_result_that_nobody_holds_is_part_of_the_second_derivative() -> None:
    x = leaf(0.5, -1.0)
    first = Twin.apply(x)[0]
    (slope,) = grad(first.sum(), x, create_graph=True)
    assert first.creator.sources[0].ctx.seen == (True, True)
    (second,) = grad(slope.sum(), x, create_graph=True)
    (third,) = grad(second.sum(), x)
    for derivative in (slope, second, third):
        np.testing.assert_allclose(derivative.numpy(), np.exp([0.5, -1.0]))


def test_saved_results_are_constants_where_no_graph_is_made() -> None:
    first = Twin.apply(leaf(0.5))[0]
    first.sum().backward()
    assert first.creator.sources[0].ctx.seen == (False, False)


def test_a_saved_result_is_watched_in_the_graph_of_the_gradient_too() -> None:
    x = leaf(0.5, -1.0)
    first, second = Twin.apply(x)
    (slope,) = grad(first.sum(), x, create_graph=True)
    with tensorgrad.no_grad():
        second.add_(1)
    with pytest.raises(StaleTensorError):
        slope.sum().backward()


def test_what_was_saved_goes_with_the_graph() -> None:
    class Saves(Function):
        @staticmethod
        def forward(ctx, x):
            between = x * 2
            Saves.saved = weakref.ref(between)
            ctx.save_for_backward(between)
            return between * between

        @staticmethod
        def backward(ctx, grad):
            (between,) = ctx.saved_tensors
            return grad * between * 4

    y = Saves.apply(leaf(3.0))
    assert Saves.saved() is not None
    y.sum().backward()
    gc.collect()
    assert Saves.saved() is None and y.creator is not None
