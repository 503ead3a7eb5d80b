"""Optimizer: groups, checks, what a step touches and what it never does."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tensorgrad
from nn import optim
from nn.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError, StaleTensorError
from tensorgrad.tensor import Tensor, from_array

ALL = [SGD, Adagrad, RMSprop, Adam, AdamW]
RICH = [(SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}), (Adagrad, {}), (RMSprop, {"centered": True, "momentum": 0.9}),
        (Adam, {"amsgrad": True}), (AdamW, {"amsgrad": True})]


def leaf(*shape, dtype=np.float64, seed=0):
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(dtype), requires_grad=True)


def with_grad(p, seed=1):
    p.grad = from_array(np.random.default_rng(seed).normal(size=p.shape).astype(p.dtype))
    return p


# -- parameters and groups --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params, error, text", [
    ([], ArgumentError, "no parameters to optimize"),
    (iter([]), ArgumentError, "can be walked once: call it again"),
    ([{"params": []}], ArgumentError, "parameter group 0 is empty"),
    (Tensor([1.0]), DtypeError, "params is one tensor"),
    ([1.0], DtypeError, "parameter 0 of group 0 is a float, not a tensor"),
    ("weights", DtypeError, "not an iterable of tensors"),
    (3, DtypeError, "not an iterable of tensors"),
    ({Tensor([1.0])}, DtypeError, "order changes from run to run"),
    ([Tensor([1])], DtypeError, "not of a float dtype"),
    ([{"lr": 0.1}], DtypeError, "a dict with the key 'params'"),
    ([("a", Tensor([1.0])), Tensor([2.0])], ArgumentError, "1 of 2 parameters come with a name"),
])
def test_parameters_that_are_none(params, error, text):
    with pytest.raises(error, match=text):
        SGD(params, lr=0.1)


def test_an_exhausted_generator_is_named_as_the_likely_cause():
    parameters = (p for p in [leaf(2)])
    SGD(parameters, lr=0.1)
    with pytest.raises(ArgumentError, match="model.parameters\\(\\) can be walked once"):
        SGD(parameters, lr=0.1)


def test_a_parameter_twice():
    p = leaf(2)
    with pytest.raises(ArgumentError, match="parameter 2 of group 0 is there twice, first as parameter 0 of group 0"):
        SGD([p, leaf(2), p], lr=0.1)
    with pytest.raises(ArgumentError, match="parameter 0 of group 1 is there twice, first as parameter 0 of group 0"):
        SGD([{"params": [p]}, {"params": [p]}], lr=0.1)


def test_an_interior_tensor():
    with pytest.raises(ArgumentError, match="parameter 0 of group 0 is not a leaf(.|\n)*from mul"):
        SGD([leaf(2) * 2], lr=0.1)


def test_a_read_only_array():
    array = np.ones(3)
    array.flags.writeable = False
    with pytest.raises(ArgumentError, match="read-only"):
        SGD([Tensor(array, requires_grad=True)], lr=0.1)


def test_names_come_with_named_parameters():
    a, b = leaf(2), leaf(3)
    assert SGD([("a", a), ("b", b)], lr=0.1).param_groups[0]["param_names"] == ["a", "b"]
    assert SGD({"a": a, "b": b}, lr=0.1).param_groups[0]["params"] == [a, b]


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("option, value", [("lr", -0.1), ("lr", float("nan")), ("lr", "fast"), ("weight_decay", -1)])
def test_options_out_of_range(cls, option, value):
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: {option}="):
        cls([leaf(2)], **{"lr": 0.1, option: value})
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: {option}="):  # of one group, too
        cls([{"params": [leaf(2)], option: value}], lr=0.1)


@pytest.mark.parametrize("cls, options, text", [
    (SGD, {"momentum": -0.1}, "momentum=-0.1"), (SGD, {"nesterov": True}, "Nesterov momentum needs momentum > 0"),
    (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening=0"),
    (Adagrad, {"lr_decay": -1}, "lr_decay"), (Adagrad, {"initial_accumulator_value": -1}, "initial_accumulator_value"),
    (Adagrad, {"eps": -1}, "eps"), (RMSprop, {"alpha": -1}, "alpha"), (RMSprop, {"momentum": -1}, "momentum"),
    (Adam, {"betas": (0.9, 1.0)}, r"betas\[1\]=1.0 is not allowed.\n  Use a number in \[0, 1\)"),
    (Adam, {"betas": 0.9}, "Use two numbers"), (AdamW, {"betas": (-0.1, 0.9)}, r"betas\[0\]"), (AdamW, {"eps": -1}, "eps"),
])
def test_options_of_each_rule(cls, options, text):
    with pytest.raises(ArgumentError, match=text):
        cls([leaf(2)], **options)


def test_groups_have_options_of_their_own_and_can_be_added():
    a, b, c = leaf(2), leaf(3), leaf(4)
    given = {"params": b, "lr": 0.5}
    optimizer = SGD([{"params": [a]}, given], lr=0.1, momentum=0.9)
    assert [(group["lr"], group["momentum"]) for group in optimizer.param_groups] == [(0.1, 0.9), (0.5, 0.9)]
    assert given == {"params": b, "lr": 0.5}
    optimizer.add_param_group({"params": c, "momentum": 0.0})
    assert optimizer.param_groups[2]["params"] == [c] and optimizer.param_groups[2]["lr"] == 0.1
    with pytest.raises(ArgumentError, match="there twice"):
        optimizer.add_param_group({"params": [a]})
    with pytest.raises(ArgumentError, match="parameter group 3 is empty"):
        optimizer.add_param_group({"params": []})
    with pytest.raises(DtypeError, match="a dict with the key 'params'"):
        optimizer.add_param_group([leaf(2)])
    assert len(optimizer.param_groups) == 3


def test_numpy_numbers_as_options_do_not_widen():
    p = with_grad(leaf(3, dtype=np.float32))
    optimizer = Adam([p], lr=np.float64(0.1), betas=(np.float64(0.9), 0.99))
    assert type(optimizer.param_groups[0]["lr"]) is float
    optimizer.param_groups[0]["lr"] = np.float64(0.2)
    optimizer.step()
    assert p.dtype == np.float32 and optimizer.state[p]["exp_avg"].dtype == np.float32


def test_repr_shows_groups_and_options():
    text = repr(SGD([{"params": [leaf(2)]}, {"params": [leaf(2), leaf(2)], "lr": 0.5}], lr=0.1))
    assert "group 0: 1 parameters, lr=0.1, momentum=0" in text and "group 1: 2 parameters, lr=0.5" in text


# -- steps ------------------------------------------------------------------------------------------------------------


def test_the_base_class_has_no_rule():
    p = with_grad(leaf(2))
    with pytest.raises(NotImplementedError, match="Optimizer.update"):
        optim.Optimizer([p], {"lr": 0.1}).step()


@pytest.mark.parametrize("cls, options", RICH)
def test_a_step_writes_in_place_and_never_into_the_gradient(cls, options):
    p, q = with_grad(leaf(3, 4)), leaf(3, 4, seed=5)
    q.grad = p.grad  # one gradient for two parameters, as `a + a` may give
    array, before = p.array, p.grad.array.copy()
    p.grad.array.flags.writeable = False
    optimizer = cls([p, q], **options)
    for _ in range(3):
        optimizer.step()
    assert p.array is array and not np.array_equal(array, leaf(3, 4).array)
    np.testing.assert_array_equal(p.grad.array, before)


@pytest.mark.parametrize("cls, options", RICH)
def test_parameters_without_gradient_are_left_alone(cls, options):
    p, frozen = with_grad(leaf(2)), Tensor([1.0, 2.0])
    optimizer = cls([p, frozen], **options)
    optimizer.step()
    assert frozen.tolist() == [1.0, 2.0]
    assert frozen not in optimizer.state and p in optimizer.state


@pytest.mark.parametrize("cls, options", RICH)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (7, 3, 2, 2), (130, 140), (2, 20_000), (3, 0)])
def test_memory_order_does_not_matter(cls, options, dtype, shape):
    def strided(array, seed):
        """The same values, axes in another order in memory, every second entry of a larger array."""
        axes = np.random.default_rng(seed).permutation(array.ndim)
        base = np.zeros([2 * array.shape[a] for a in axes], array.dtype)
        view = base[(..., *(slice(None, None, 2) for _ in axes))].transpose(np.argsort(axes))
        view[...] = array
        return view

    a = leaf(*shape, dtype=dtype)
    b = Tensor(strided(a.array, 1), requires_grad=True)
    optimizers = cls([a], **options), cls([b], **options)
    for step in range(3):
        with_grad(a, seed=step)
        b.grad = from_array(strided(a.grad.array, step))
        for optimizer in optimizers:
            optimizer.step()
    assert b.dtype == dtype and all(v.dtype == dtype for v in optimizers[1].state[b].values() if isinstance(v, np.ndarray))
    np.testing.assert_array_equal(a.array, b.array)


def test_a_gradient_of_another_shape_is_refused_before_anything_moves():
    a, b = with_grad(leaf(2)), leaf(3)
    b.grad = Tensor(np.ones(2))
    before = a.array.copy()
    with pytest.raises(ShapeError, match=r"another shape than its parameter(.|\n)*gradient   \(2,\) float64"):
        SGD([a, b], lr=0.1).step()
    np.testing.assert_array_equal(a.array, before)


def test_a_gradient_of_another_dtype_is_converted():
    p = Tensor(np.ones(2, np.float32), requires_grad=True)
    p.grad = Tensor(np.ones(2, np.float64))
    SGD([p], lr=0.5).step()
    assert p.dtype == np.float32 and p.tolist() == [0.5, 0.5]


def test_a_step_makes_old_graphs_stale():
    p = leaf(3)
    loss = (p * p).sum()
    with_grad(p)
    SGD([p], lr=0.1).step()
    with pytest.raises(StaleTensorError):
        loss.backward()


def test_zero_grad():
    p, q = with_grad(leaf(2)), leaf(2)
    shared = p.grad.array
    optimizer = SGD([p, q], lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0, 0.0] and shared.any() and q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_closure_computes_the_loss_first_with_the_graph_recorded():
    p = Tensor([3.0], requires_grad=True)
    optimizer = SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tensorgrad.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert p.tolist() == [1.5]


@pytest.mark.parametrize("cls, options", RICH)
def test_divergence_is_silent(cls, options):
    p = Tensor([1.0, 2.0], requires_grad=True)
    optimizer = cls([p], **options)
    for value in (np.inf, np.nan, 1e30):
        p.grad = from_array(np.full(2, value, np.float32))
        optimizer.step()
    assert np.isnan(p.array).all()


@pytest.mark.parametrize("cls, options", RICH)
def test_every_rule_descends(cls, options):
    p = Tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = cls([p], **{**options, "lr": 0.02})
    losses = []
    for _ in range(50):
        losses.append(optimizer.step(lambda: (optimizer.zero_grad(), (loss := (p * p).sum()).backward(), loss)[2]).item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("cls, options", RICH)
def test_deepcopy_of_parameters_and_optimizer_together(cls, options):
    p = with_grad(leaf(3))
    optimizer = cls([p], **options)
    optimizer.step()
    q, twin = copy.deepcopy((p, optimizer))
    assert twin.param_groups[0]["params"][0] is q
    for one, its in ((p, optimizer), (q, twin)):
        with_grad(one, seed=9)
        its.step()
    np.testing.assert_array_equal(p.array, q.array)
