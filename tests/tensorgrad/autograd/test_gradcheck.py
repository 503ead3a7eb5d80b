"""The checker itself: it must find rules that are wrong, say where, and recognise the kind of mistake."""

from __future__ import annotations

import re
from typing import Any, Callable

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.autograd import Function, gradcheck, gradgradcheck
from tensorgrad.errors import ArgumentError, DtypeError, GradcheckError

STRICT = {"atol": 1e-7, "rtol": 1e-5}


def leaf(*shape: int, seed: int = 0, name: str | None = None) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=shape), requires_grad=True, name=name)


def rule(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    """An op with the given rule: ``backward(grad, *inputs)``."""
    class Rule(Function):
        @staticmethod
        def forward(ctx, *inputs):
            ctx.save_for_backward(*inputs)
            return forward(*inputs)

        @staticmethod
        def backward(ctx, grad):
            return backward(grad, *ctx.saved_tensors)

    return Rule.apply


def report(func: Callable[..., Any], inputs: Any, check: Callable[..., bool] = gradcheck, **options: Any) -> str:
    """The text of the failure, which both modes find."""
    assert check(func, inputs, raise_exception=False, **options) is False
    with pytest.raises(GradcheckError) as fast:
        check(func, inputs, fast_mode=True, **options)
    with pytest.raises(GradcheckError) as slow:
        check(func, inputs, **options)
    assert str(fast.value) == str(slow.value)
    return str(slow.value)


# -- right rules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fast_mode", [False, True])
def test_right_rules_pass(fast_mode: bool) -> None:
    def f(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        return (x * w).exp(), (x / (w * w + 1)).sum(1)

    inputs = (leaf(2, 3), leaf(3, seed=1))
    assert gradcheck(f, inputs, fast_mode=fast_mode, **STRICT)
    assert gradgradcheck(f, inputs, fast_mode=fast_mode, **STRICT)
    linear = rule(lambda x: x * 3, lambda grad, x: grad * 3)
    assert gradcheck(linear, leaf(3), fast_mode=fast_mode) and gradgradcheck(linear, leaf(3), fast_mode=fast_mode)


def test_inputs_are_left_as_they_were() -> None:
    x = Tensor(np.broadcast_to(np.array([1.0, 2.0]), (2, 2)), requires_grad=True)
    array = x.array
    assert gradcheck(lambda x: x * x, x) and x.array is array and x.grad is None
    with tensorgrad.no_grad():
        assert gradcheck(lambda x: x * x, x)
        assert not tensorgrad.is_grad_enabled()


def test_constants_and_other_arguments_are_passed_on() -> None:
    assert gradcheck(lambda x, c, k: x * c ** k, (leaf(2), Tensor(np.array([2.0, 3.0])), 2))


def test_variables_reached_through_a_closure() -> None:
    w = leaf(3)
    assert gradcheck(lambda _: w * w * w, (w,), **STRICT)


def test_empty_and_single_number_inputs() -> None:
    assert gradcheck(lambda x: x * 2, leaf(0)) and gradcheck(lambda x: x * x, leaf())


# -- wrong rules -------------------------------------------------------------------------------------------------------


def test_wrong_by_a_thousandth() -> None:
    text = report(rule(lambda x: x * x, lambda grad, x: grad * x * 2.002), leaf(3), **STRICT)
    assert "gradcheck: the gradient of input 0 is wrong in 3 of 3 entries" in text
    assert "A constant factor is wrong: backward gives 1.001 times the gradient." in text


def test_report_names_input_index_and_both_values() -> None:
    def wrong_product(x: Tensor, weight: Tensor) -> Tensor:
        def backward(grad: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
            spoilt = np.ones(weight.shape)
            spoilt[1, 0] = 3
            return grad * weight, grad * x * spoilt

        return rule(lambda x, w: x * w, backward)(x, weight)

    x = leaf(2, 2)
    text = report(wrong_product, (x, leaf(2, 2, seed=1, name="conv1.weight")))
    value = x.numpy()[1, 0]
    lines = text.split("\n")
    assert lines[0] == ("gradcheck: the gradient of input 1 (weight, tensor 'conv1.weight') is wrong in 1 of 4 entries")
    assert lines[1] == "    weight  (2, 2) float64   tensor 'conv1.weight'"
    assert lines[2].startswith("    output  (2, 2) float64")
    assert lines[3].startswith("  d output[1, 0] / d weight[1, 0]: backward gives ")
    shown = [float(number) for number in re.findall(r"gives? (-?[0-9.e-]+)", lines[3])]
    np.testing.assert_allclose(shown, [3 * value, value], rtol=1e-7)


def test_sign() -> None:
    assert "The sign is wrong" in report(rule(lambda x: x.exp(), lambda grad, x: -grad * x.exp()), leaf(3))


def test_constant_factor_is_named_with_the_length_it_may_come_from() -> None:
    text = report(rule(lambda x: x.mean(1), lambda grad, x: grad.unsqueeze(1).expand(2, 3)), leaf(2, 3))
    assert "backward gives 3 times the gradient.  3 is the length of axis 1 of the input: should it be divided by" in text
    text = report(rule(lambda x: x.sum(1), lambda grad, x: (grad / 3).unsqueeze(1).expand(2, 3)), leaf(2, 3))
    assert "backward gives 1/3 times the gradient.  3 is the length of axis 1" in text and "multiplied by that" in text


def test_no_gradient() -> None:
    assert "Backward gives no gradient at all" in report(rule(lambda x: x * 2, lambda grad, x: None), leaf(3))
    assert "Backward gives no gradient at all" in report(lambda x, y: x + y.detach(), (leaf(3), leaf(3)))


def test_missing_sum_over_a_broadcast_axis() -> None:
    add = rule(lambda x, bias: x + bias, lambda grad, x, bias: (grad, grad[0]))
    text = report(add, (leaf(4, 3), leaf(3)))
    assert "input 1" in text and "A sum is missing: of axis 0 of the output only index 0 reaches this input" in text


def test_transpose() -> None:
    wrong = rule(lambda x: x * x, lambda grad, x: (grad * x * 2).transpose(0, 1))
    assert "transposed: axes 0 and 1 of this input are exchanged" in report(wrong, leaf(3, 3))
    reshaped = rule(lambda x: x.transpose(0, 1) * 1, lambda grad, x: grad.reshape(2, 3))
    assert "Use transpose or permute, not reshape" in report(reshaped, leaf(2, 3))


def test_reversed() -> None:
    wrong = rule(lambda x: x * x, lambda grad, x: (grad * x * 2)[::-1])
    assert "reversed along axis 0 of this input" in report(wrong, leaf(4))


def test_a_kernel_that_was_not_flipped() -> None:
    wrong = rule(lambda x: x * x, lambda grad, x: (grad * x * 2)[:, ::-1, ::-1])
    assert "reversed along axes 1 and 2 of this input: a kernel that must be flipped" in report(wrong, leaf(2, 3, 3))


def test_mistakes_without_a_pattern_are_still_reported() -> None:
    spoilt = np.array([1.0, 2.0, 3.0, 4.0])
    text = report(rule(lambda x: x * 2, lambda grad, x: grad * 2 * spoilt), leaf(4))
    assert "wrong in 3 of 4 entries" in text and len(text.split("\n")) == 4
    text = report(rule(lambda x: x * 0 + 1, lambda grad, x: grad * x), leaf(4))
    assert "wrong in 4 of 4 entries" in text and len(text.split("\n")) == 4


def test_a_point_outside_the_domain() -> None:
    x = Tensor(np.array([1.0, 0.0]), requires_grad=True)
    with pytest.raises(GradcheckError, match="The function itself is not finite around this input"):
        gradcheck(lambda x: x.log() * 2, x)


def test_functions_without_a_signature() -> None:
    with pytest.raises(GradcheckError, match="the gradient of input 0 is wrong"):
        gradcheck(NoSignature(), leaf(2))


class NoSignature:
    __signature__ = "none"

    def __call__(self, x: Tensor) -> Tensor:
        return rule(lambda x: x * 2, lambda grad, x: grad * 3)(x)


def test_ignored_incoming_gradient() -> None:
    text = report(rule(lambda x: x * 2, lambda grad, x: x * 0 + 2), leaf(3))
    assert "does not multiply by the incoming gradient" in text
    # With one output, a rule that ignores its gradient is right for 1 and wrong for 0.
    text = report(rule(lambda x: (x * x).sum(), lambda grad, x: x * 2), leaf(3))
    assert "gives input 0 a gradient that is not zero, though the incoming gradient is" in text


def test_only_the_border() -> None:
    def backward(grad: Tensor, x: Tensor) -> Tensor:
        inside = np.zeros(x.shape)
        inside[:, 1:-1, 1:-1] = 1
        return grad * 2 * x * inside

    text = report(rule(lambda x: x * x, backward), leaf(1, 4, 5))
    assert "Only entries at the border of the last 2 axes are wrong: look at the padding" in text


def test_part_of_the_gradient_is_lost_or_scaled() -> None:
    scale = np.array([1.0, 2.0, 1.0, 2.0, 1.0])
    text = report(rule(lambda x: x * 3, lambda grad, x: grad * 3 * scale), leaf(5))
    assert "The wrong entries are 2 times the gradient, the others are right" in text
    keep = np.array([1.0, 0.0, 1.0, 1.0, 1.0])
    text = report(rule(lambda x: x * 3, lambda grad, x: grad * 3 * keep), leaf(5))
    assert "The wrong entries are 0: part of the gradient is lost" in text


def test_not_a_number() -> None:
    text = report(rule(lambda x: x * 2, lambda grad, x: grad * 2 + float("nan")), leaf(3))
    assert "Backward gives NaN or infinity where the function is smooth" in text


def test_exchanged_inputs() -> None:
    product = rule(lambda a, b: a * a.exp() * b, lambda grad, a, b: (grad * a * a.exp(), grad * b * (a + 1) * a.exp()))
    text = report(product, (leaf(3), leaf(3, seed=1)))
    assert "The gradients of input 0 and input 1 are exchanged." in text and "Also wrong: input 1." in text


def test_kink_nearby() -> None:
    x = Tensor(np.array([1.0, 0.0, -2.0]), requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x: x.clamp(min=0.0) * 3, x)
    assert "wrong in 1 of 3 entries" in str(caught.value)
    assert "There is a kink within 1e-06 of x[1] = 0: differences from the left and from the right" in str(caught.value)


def test_not_deterministic() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match="the function is not deterministic: two runs differ by .*\n.*dropout"):
        gradcheck(lambda x: x * Tensor(rng.random(3)), leaf(3))
    noisy = rule(lambda x: x * 2, lambda grad, x: grad * 2 + grad * Tensor(rng.random(3)) * 1e-9)
    with pytest.raises(GradcheckError, match="backward is not deterministic"):
        gradcheck(noisy, leaf(3))
    assert gradcheck(noisy, leaf(3), nondet_tol=1e-6)


# -- the second order --------------------------------------------------------------------------------------------------


def test_a_rule_that_is_wrong_only_in_its_second_derivative() -> None:
    # The value of the gradient is right, but x left the graph on the way.
    half = rule(lambda x: x * x * x, lambda grad, x: grad * 3 * x * x.detach())
    x = leaf(3)
    assert gradcheck(half, x, **STRICT)
    text = report(half, x, gradgradcheck)
    assert text.startswith("gradgradcheck: the gradient of input 0 is wrong in 3 of 3 entries")
    assert "backward gives 0.5 times the gradient" in text


def test_second_order_names_the_incoming_gradient() -> None:
    wrong = rule(lambda x: x * 2, lambda grad, x: grad.detach() * 2 + 0 * x)
    text = report(wrong, leaf(3), gradgradcheck)
    assert "input 1 (grad_output)" in text and "no gradient at all" in text


def test_given_incoming_gradients() -> None:
    x = leaf(3)
    assert gradgradcheck(lambda x: x.exp(), x, Tensor(np.ones(3), requires_grad=True))
    with pytest.raises(ArgumentError, match="2 grad_outputs for 1 outputs"):
        gradgradcheck(lambda x: x.exp(), x, [leaf(3), leaf(3)])


# -- what it cannot check ----------------------------------------------------------------------------------------------


def test_inputs_must_be_float64_and_require_grad() -> None:
    with pytest.raises(DtypeError, match=r"gradcheck: input 0 \(x\) is float32, in which differences are too coarse"):
        gradcheck(lambda x: x * 2, Tensor([1.0], requires_grad=True))
    with pytest.raises(ArgumentError, match="no input requires grad, so there is nothing to check"):
        gradcheck(lambda x: x * 2, Tensor(np.ones(2)))


def test_outputs_that_left_the_graph_or_are_float32() -> None:
    with pytest.raises(GradcheckError, match="no output requires grad, though an input does"):
        gradcheck(lambda x: x.detach() * 2, leaf(2))
    with pytest.raises(GradcheckError, match="output 0 is float32, though the inputs are float64"):
        gradcheck(lambda x: x.to("float32") * 2, leaf(2))


def test_errors_of_the_function_pass_through() -> None:
    with pytest.raises(ZeroDivisionError):
        gradcheck(lambda x: x / (1 // 0), leaf(2), raise_exception=False)


def test_a_projection_too_large_to_explain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorgrad.autograd.differences.LARGEST", 4)
    with pytest.raises(GradcheckError, match="Along a random direction backward gives .*, differences give"):
        gradcheck(rule(lambda x: x * 2, lambda grad, x: grad * 3), leaf(3), fast_mode=True)


def test_outputs_that_are_alike_are_not_taken_for_a_gradient_that_is_ignored():
    twice = rule(lambda x: tensorgrad.stack([x.sum(), x.sum()]), lambda grad, x: 2 * grad.sum() + 0 * x)
    text = report(twice, leaf(3))
    assert "the same for every output" not in text and "2" in text


def test_two_wrong_gradients_that_are_not_exchanged():
    product = rule(lambda a, b: a * b, lambda grad, a, b: (grad * b * 2, grad * a * 3))
    text = report(product, (leaf(3), leaf(3, seed=1)))
    assert "exchanged" not in text and "Also wrong" in text
    swapped = rule(lambda a, b: a * b, lambda grad, a, b: (grad * a, grad * b))
    assert "exchanged" in report(swapped, (leaf(3), leaf(3, seed=1)))
