"""Hooks of modules and leaves beyond the plain ones: several gradients, errors on the way, all modules, removal."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn.modules import module as global_hooks
from tensorgrad.errors import ArgumentError, GraphError


class Two(nn.Module):
    def forward(self, a, b, factor):
        return a * factor, b * factor


class Fails(nn.Module):
    def forward(self, x):
        raise ValueError("broken")


def leaves(*values):
    return [tg.tensor([value], requires_grad=True) for value in values]


# -- backward ----------------------------------------------------------------------------------------------------------


def test_a_backward_hook_replaces_several_gradients():
    layer, (a, b) = Two(), leaves(1.0, 1.0)
    layer.register_full_backward_hook(lambda m, gin, gout: (gin[0] * 10, gin[1] * 100, None))
    y, z = layer(a, b, 2.0)
    (y + 3 * z).sum().backward()
    assert a.grad.item() == 20.0 and b.grad.item() == 600.0


def test_backward_hooks_follow_one_another():
    layer, (a, b), seen = Two(), leaves(1.0, 1.0), []
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append(("second", gin[0].item())))
    layer.register_full_backward_hook(lambda m, gin, gout: (gin[0] + 1, gin[1], None), prepend=True)
    sum(layer(a, b, 2.0)).sum().backward()
    assert seen == [("second", 3.0)] and a.grad.item() == 3.0


def test_a_pre_hook_replaces_the_gradients_of_the_outputs():
    layer, (a, b), seen = Two(), leaves(1.0, 1.0), []
    layer.register_full_backward_pre_hook(lambda m, gout: (gout[0] * 10, gout[1]))
    layer.register_full_backward_pre_hook(lambda m, gout: seen.append([g.item() for g in gout]))
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append([g.item() for g in gout]))
    sum(layer(a, b, 2.0)).sum().backward()
    assert seen == [[10.0, 1.0]] * 2 and (a.grad.item(), b.grad.item()) == (20.0, 2.0)


def test_an_output_that_nothing_depends_on_has_no_gradient():
    layer, (a, b), seen = Two(), leaves(1.0, 1.0), []
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append((gin, gout)))
    layer(a, b, 2.0)[1].sum().backward()
    (gin, gout), = seen
    assert gin[0] is None and gout[0] is None and (gin[1].item(), gout[1].item()) == (2.0, 1.0) and a.grad is None


def test_second_derivatives_pass_through_backward_hooks():
    layer, seen = nn.Tanh(), []
    layer.register_full_backward_hook(lambda m, gin, gout: (gin[0] * 2,))
    x = tg.tensor([0.3], requires_grad=True, dtype=tg.float64)
    (first,) = tg.autograd.grad(layer(x).sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.sum(), x)
    t = np.tanh(0.3)
    np.testing.assert_allclose(first.item(), 2 * (1 - t * t))
    # The hook of the first pass is part of what is differentiated; its own gradient passes the hook once more.
    assert np.isfinite(second.item()) and second.item() < 0 and not seen


@pytest.mark.parametrize("returned, text", [
    (lambda gin: gin[:1], "a hook of Two returned 1 gradients for 3 inputs"),
    (lambda gin: (gin[0], tg.zeros(2), None), r"returned gradient 1 of shape \(2,\), in place of one of shape \(1,\)"),
    (lambda gin: (gin[0], 0.5, None), "returned gradient 1 a float, in place of one of shape"),
])
def test_what_a_backward_hook_may_not_return(returned, text):
    layer, (a, b) = Two(), leaves(1.0, 1.0)
    layer.register_full_backward_hook(lambda m, gin, gout: returned(gin))
    with pytest.raises(GraphError, match=text):
        sum(layer(a, b, 2.0)).sum().backward()


def test_what_a_backward_pre_hook_may_not_return():
    layer, (a, b) = Two(), leaves(1.0, 1.0)
    layer.register_full_backward_pre_hook(lambda m, gout: gout[0])
    with pytest.raises(GraphError, match="register_full_backward_pre_hook: .* returned 1 gradients for 2 outputs"):
        sum(layer(a, b, 2.0)).sum().backward()


# -- forward -----------------------------------------------------------------------------------------------------------


def test_always_called_hooks_run_when_forward_raises():
    layer, seen = Fails(), []
    layer.register_forward_hook(lambda m, args, out: seen.append("plain"))
    layer.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        layer(tg.ones(1))
    assert seen == [None]


def test_always_called_hooks_run_once_when_a_later_hook_raises():
    layer, seen = nn.Identity(), []

    def fails(m, args, out):
        raise ValueError("broken hook")

    layer.register_forward_hook(lambda m, args, out: seen.append("first"), always_call=True)
    layer.register_forward_hook(fails)
    layer.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), always_call=True, with_kwargs=True)
    with pytest.raises(ValueError, match="broken hook"):
        layer(tg.ones(1))
    assert seen == ["first", {}]


def test_a_failing_always_called_hook_does_not_hide_the_error():
    layer = Fails()
    layer.register_forward_hook(lambda m, args, out: out.shape, always_call=True)
    with pytest.warns(UserWarning, match="Fails: a forward hook with always_call=True raised AttributeError"):
        with pytest.raises(ValueError, match="broken"):
            layer(tg.ones(1))


def test_a_pre_hook_with_keywords_returns_a_pair():
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda m, args, kwargs: args[0], with_kwargs=True)
    with pytest.raises(ArgumentError, match="returned a Tensor.\n  Return None, or the pair"):
        layer(tg.ones(1))


# -- of all modules ----------------------------------------------------------------------------------------------------


def test_hooks_of_all_modules_run_before_the_modules_own():
    net, seen = nn.Sequential(nn.Identity()), []
    net[0].register_forward_hook(lambda m, args, out: seen.append("own"))
    x = tg.ones(1).requires_grad_()
    with global_hooks.register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__)), \
            global_hooks.register_module_forward_pre_hook(lambda m, args: seen.append("before")), \
            global_hooks.register_module_full_backward_pre_hook(lambda m, gout: (gout[0] * 2,)), \
            global_hooks.register_module_full_backward_hook(lambda m, gin, gout: (gin[0] * 5,)):
        net(x).sum().backward()
    assert seen == ["before", "before", "Identity", "own", "Sequential"] and x.grad.item() == 100.0
    net(x)
    assert seen[5:] == ["own"]


def test_hooks_of_all_modules_reach_those_made_before_and_copies():
    before, seen = nn.Identity(), []
    with global_hooks.register_module_forward_hook(lambda m, args, out: seen.append(m)):
        after = copy.deepcopy(before)
        before(1)
        after(2)
    before.register_forward_hook(lambda m, args, out: seen.append("own"))
    before(3)
    after(4)
    assert seen == [before, after, "own"]


# -- of leaves ---------------------------------------------------------------------------------------------------------


def test_after_accumulation():
    x, seen = tg.tensor([1.0, 2.0], requires_grad=True), []
    handle = x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.tolist())))
    x.register_hook(lambda grad: grad * 10)
    for _ in range(2):
        (x * 3).sum().backward()
    assert seen == [(True, [30.0, 30.0]), (True, [60.0, 60.0])]
    tg.autograd.grad((x * 3).sum(), x)
    assert len(seen) == 2
    handle.remove()
    x.sum().backward()
    assert len(seen) == 2


def test_a_step_in_the_backward_pass():
    net = nn.Linear(2, 1)
    optimizers = {p: nn.optim.SGD([p], lr=0.1) for p in net.parameters()}

    def step(p):
        optimizers[p].step()
        p.grad = None

    for p in net.parameters():
        p.register_post_accumulate_grad_hook(step)
    before = net.weight.array.copy()
    net(tg.ones(4, 2)).sum().backward()
    np.testing.assert_allclose(net.weight.array, before - 0.4, rtol=1e-6)
    assert net.weight.grad is None


@pytest.mark.parametrize("make, text", [
    (lambda: tg.ones(1), "no gradient reaches a constant"),
    (lambda: tg.ones(1).requires_grad_() * 2, "only a leaf accumulates gradients"),
])
def test_after_accumulation_is_for_leaves(make, text):
    with pytest.raises(GraphError, match=text):
        make().register_post_accumulate_grad_hook(print)


# -- removal -----------------------------------------------------------------------------------------------------------


class Equal:
    """A hook that claims to be equal to anything."""

    def __init__(self, log, name):
        self.log, self.name = log, name

    def __call__(self, grad):
        self.log.append(self.name)

    def __eq__(self, other):
        return True

    __hash__ = None


def test_a_handle_removes_its_own_hook_and_once():
    x, log = tg.ones(1).requires_grad_(), []
    x.register_hook(Equal(log, "a"))
    second = x.register_hook(Equal(log, "b"))
    second.remove()
    second.remove()
    x.sum().backward()
    assert log == ["a"]


def test_the_same_hook_twice_is_removed_one_by_one():
    x, log = tg.ones(1).requires_grad_(), []
    hook = Equal(log, "a")
    first = x.register_hook(hook)
    x.register_hook(hook)
    first.remove()
    first.remove()
    x.sum().backward()
    assert log == ["a"]
