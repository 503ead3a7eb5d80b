"""Writing into tensors in memory: what is allowed, what it does to dtype, shape and stale graphs."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad
from tensorgrad import Tensor, no_grad, tensor
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, RangeError, ShapeError, StaleTensorError
from tensorgrad.in_place.arithmetic import in_place
from tensorgrad.ops import channel_shuffle, pixel_shuffle, pixel_unshuffle


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float32), requires_grad=True)


METHODS: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "add_": (lambda t: t.add_(Tensor([1.0, 2.0])), [3.0, 6.0]),
    "add_ alpha": (lambda t: t.add_(1.0, alpha=10), [12.0, 14.0]),
    "sub_": (lambda t: t.sub_(1), [1.0, 3.0]),
    "sub_ alpha": (lambda t: t.sub_(Tensor([1.0, 1.0]), alpha=0.5), [1.5, 3.5]),
    "mul_": (lambda t: t.mul_(np.array([2.0, 3.0])), [4.0, 12.0]),
    "div_": (lambda t: t.div_(2), [1.0, 2.0]),
    "div_ floor": (lambda t: t.div_(3, rounding_mode="floor"), [0.0, 1.0]),
    "pow_": (lambda t: t.pow_(2), [4.0, 16.0]),
    "neg_": (lambda t: t.neg_(), [-2.0, -4.0]),
    "abs_": (lambda t: t.neg_().abs_(), [2.0, 4.0]),
    "sqrt_": (lambda t: t.square_().sqrt_(), [2.0, 4.0]),
    "reciprocal_": (lambda t: t.reciprocal_(), [0.5, 0.25]),
    "exp_ log_": (lambda t: t.log_().exp_().round_(), [2.0, 4.0]),
    "clamp_": (lambda t: t.clamp_(3), [3.0, 4.0]),
    "clip_": (lambda t: t.clip_(max=3), [2.0, 3.0]),
    "relu_": (lambda t: t.sub_(3).relu_(), [0.0, 1.0]),
    "zero_": (lambda t: t.zero_(), [0.0, 0.0]),
    "fill_": (lambda t: t.fill_(Tensor(7.0)), [7.0, 7.0]),
    "copy_": (lambda t: t.copy_(tensor([1, 2])), [1.0, 2.0]),
    "copy_ broadcast": (lambda t: t.copy_(5), [5.0, 5.0]),
    "masked_fill_": (lambda t: t.masked_fill_(t > 3, -1), [2.0, -1.0]),
    "addcmul_": (lambda t: t.addcmul_(t, t, value=0.5), [4.0, 12.0]),
    "add_ twice": (lambda t: t.add_(Tensor([1.0, 2.0]), alpha=2), [4.0, 8.0]),
    "addcmul_ once": (lambda t: t.addcmul_(t, Tensor([1.0, 2.0])), [4.0, 12.0]),
    "addcdiv_": (lambda t: t.addcdiv_(Tensor([1.0, 1.0]), Tensor([2.0, 4.0])), [2.5, 4.25]),
    "lerp_": (lambda t: t.lerp_(Tensor([4.0, 0.0]), 0.5), [3.0, 2.0]),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_write_in_place_keep_the_dtype_and_return_the_tensor(name: str) -> None:
    method, expected = METHODS[name]
    t = Tensor([2.0, 4.0])
    array, before = t.array, t.last_change()
    assert method(t) is t
    assert t.array is array and t.dtype == np.float32 and t.last_change() > before
    np.testing.assert_allclose(t.numpy(), expected, rtol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["add_ alpha", "sub_", "div_", "div_ floor", "pow_", "neg_", "abs_", "sqrt_", "reciprocal_",
                                  "exp_ log_", "clamp_", "clip_", "relu_", "zero_", "masked_fill_", "addcmul_"])
def test_same_as_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = METHODS[name][0](torch.tensor([2.0, 4.0]))
    np.testing.assert_allclose(METHODS[name][0](Tensor([2.0, 4.0])).numpy(), theirs.numpy(), rtol=1e-6)


# -- the three rows of the rule ----------------------------------------------------------------------------------------


AUGMENTED: list[Callable[[Any], Any]] = [lambda t: t.__iadd__(1.0), lambda t: t.__isub__(1.0), lambda t: t.__imul__(2.0),
                                         lambda t: t.__itruediv__(2.0)]


@pytest.mark.parametrize("write", [*AUGMENTED, lambda t: t.add_(1), lambda t: t.zero_(), lambda t: t.normal_(),
                                   lambda t: t.exp_(), lambda t: t.copy_(3), lambda t: t.__setitem__(0, 1.0)])
def test_a_leaf_that_requires_grad_is_not_written_while_recording(write: Callable[[Any], Any]) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(GraphError, match=r"a leaf that requires grad cannot be changed in place.*\n.*\n.*with no_grad\(\)"):
        write(x)
    assert x.tolist() == [1.0, 2.0]
    with no_grad():
        write(x)
    assert x.requires_grad and x.is_leaf


def test_augmented_assignment_of_constants_is_in_place() -> None:
    t = alias = Tensor([1.0, 2.0])
    t += 1
    t *= Tensor([2.0, 3.0])
    assert t is alias and alias.tolist() == [4.0, 9.0]
    t **= 0.5
    t //= 2
    t -= 5
    t %= 3
    assert t is alias and alias.tolist() == [2.0, 2.0]
    mask = other = tensor([True, True, False])
    mask &= tensor([True, False, False])
    mask |= tensor([False, False, True])
    mask ^= tensor([True, True, True])
    assert mask is other and other.tolist() == [False, True, False]


def test_an_update_of_a_parameter() -> None:
    p = leaf(1.0, 2.0)
    (p * p).sum().backward()
    array = p.array
    with no_grad():
        p -= 0.5 * p.grad
    assert p.array is array and p.tolist() == [0.0, 0.0] and p.is_leaf and p.requires_grad
    p.grad.zero_()
    assert p.grad.tolist() == [0.0, 0.0]


def test_detach_is_a_door_to_write_and_is_noticed() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    x.detach().mul_(10)
    assert x.tolist() == [10.0, 20.0]
    with pytest.raises(StaleTensorError, match="input 0 of mul"):
        y.sum().backward()


def test_a_leaf_becomes_a_constant() -> None:
    x = leaf(1.0, 2.0)
    assert x.detach_() is x and not x.requires_grad and not (x * 2).requires_grad


def test_methods_are_named_and_described_after_their_op() -> None:
    method = in_place("exp")
    assert method.__name__ == method.__qualname__ == Tensor.exp_.__name__ == "exp_"
    assert method.__doc__ == "`exp` of this tensor, in place."
    assert method(Tensor([0.0])).tolist() == [1.0]


# -- assignment to an index --------------------------------------------------------------------------------------------


def test_setitem() -> None:
    t = tensorgrad.zeros(3, 4)
    t[0] = 1
    t[1, 2] = Tensor(5.0)
    t[:, 3] = tensor([7, 8, 9])
    t[tensor([0, 2]), tensor([0, 0])] = Tensor([-1.0, -2.0])
    t[t == 5] = 6
    t[..., 1:2] += 0.5
    assert t.tolist() == [[-1, 1.5, 1, 7], [0, 0.5, 6, 8], [-2, 0.5, 0, 9]]
    t[[0, 2]] = 0
    assert t.tolist()[0] == t.tolist()[2] == [0.0] * 4


def test_an_integer_beside_an_array_picks_first() -> None:
    t = tensorgrad.zeros(2, 2, 3)
    t[1, :, [2, 0]] = tensor([[1, 2], [3, 4]])
    assert t.tolist() == [[[0, 0, 0], [0, 0, 0]], [[2, 0, 1], [4, 0, 3]]]
    assert t[1, :, [2, 0]].tolist() == [[1, 2], [3, 4]]


def test_setitem_is_noticed_by_a_graph() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    with no_grad():
        x[0] = 5
    with pytest.raises(StaleTensorError, match="input 0 of mul was changed in place"):
        y.sum().backward()


def test_what_a_mask_can_hold() -> None:
    mask = tensor([True, True, False])
    mask[0] = 0
    mask[1] = 0.0
    mask[2] = 2
    assert mask.tolist() == [False, False, True]
    for value in (0.5, float("nan")):
        with pytest.raises(DtypeError, match="setitem: bool cannot hold these values"):
            mask[0] = value
    counts = tensor([1, 2])
    counts[0] = True
    counts[1] = np.int8(-3)
    assert counts.tolist() == [1, -3] and counts.dtype == np.int64


def test_setitem_mistakes() -> None:
    t = tensorgrad.zeros(2, 3)
    with pytest.raises(RangeError, match=r"setitem: index 5 is outside axis 0, which has 2 entries\n.*\(2, 3\) float32"):
        t[5] = 1
    with pytest.raises(IndexError, match="setitem: 3 indices for 2 axes"):
        t[0, 0, 0] = 1
    with pytest.raises(IndexError, match="setitem: the index arrays do not broadcast together"):
        t[[0, 1], [0, 1, 2]] = 1
    with pytest.raises(ShapeError, match="setitem: the value does not fit the place"):
        t[0] = [1.0, 2.0]
    ints = tensor([1, 2])
    with pytest.raises(DtypeError, match=r"setitem: int64 cannot hold these values\n.*\n.*0.5\n.*x.float\(\)"):
        ints[0] = 0.5
    ints[0] = 3.0
    mask = tensor([True, False])
    mask[1] = 1
    assert ints.tolist() == [3, 2] and mask.tolist() == [True, True]


# -- dtypes, shapes, memory --------------------------------------------------------------------------------------------


def test_results_that_do_not_fit_the_dtype() -> None:
    ints = tensor([4, 6])
    for write in (lambda: ints.add_(0.5), lambda: ints.div_(2), lambda: ints.mul_(Tensor([1.5, 1.5]))):
        with pytest.raises(DtypeError, match=r"the result does not fit into int64\n.*\n.*\n.*x = x.float\(\)"):
            write()
    with pytest.raises(DtypeError, match="exp_: a float32 result does not fit into int64"):
        ints.exp_()
    with pytest.raises(DtypeError, match="fill_: int64 cannot hold these values"):
        ints.fill_(0.5)
    ints += 1
    ints //= 2
    assert ints.tolist() == [2, 3] and ints.copy_(Tensor([1.7, -1.7])).tolist() == [1, -1]
    narrow = Tensor([1.0])
    narrow.add_(Tensor(np.array([0.5])))
    assert narrow.dtype == np.float32 and narrow.tolist() == [1.5]


def test_results_that_do_not_fit_the_shape() -> None:
    t = Tensor([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"add_: shape \(3,\) does not fit into \(2,\)\n.*\n.*\(3,\) float32"):
        t.add_(Tensor([1.0, 2.0, 3.0]))
    with pytest.raises(ShapeError, match=r"\+=: shape \(2, 2\) does not fit"):
        t += tensorgrad.ones(2, 2)
    with pytest.raises(ShapeError, match=r"clamp_: shape \(2, 2\) does not fit into \(2,\)"):
        t.clamp_(tensorgrad.zeros(2, 2))
    with pytest.raises(ShapeError, match="fill_: the value is not one number"):
        t.fill_(Tensor([1.0, 2.0]))
    with pytest.raises(DtypeError, match="masked_fill_: the mask is not bool"):
        t.masked_fill_(tensor([1, 0]), 0)


def test_read_only_memory() -> None:
    with pytest.raises(ArgumentError, match="mul_: the memory is read-only.*\n.*\n.*clone"):
        Tensor([1.0]).expand(3).mul_(2)


def test_views_are_written_through_and_copies_are_not() -> None:
    t = Tensor(np.arange(9.0).reshape(3, 3))
    t.diagonal().zero_()
    t.expand(1, 3, 3)[0, 0] += 1
    assert t.tolist() == [[1, 2, 3], [3, 0, 5], [6, 7, 0]]
    image = t.reshape(1, 3, 3)
    for copy in (t.repeat(1, 1), tensorgrad.tile(t, (1, 1)), tensorgrad.repeat_interleave(t, 1), t.diag(), t[True],
                 pixel_shuffle(image, 1), pixel_unshuffle(image, 1), channel_shuffle(image, 1)):
        copy.fill_(100)
    t[False] = 100
    assert t.array.max() == 7
    t[True] = 2
    assert t.tolist() == [[2, 2, 2]] * 3
    with pytest.raises(ArgumentError, match="read-only"):
        Tensor(np.broadcast_to(np.float32(1), (2, 2))).diagonal().zero_()


def test_overlapping_operands() -> None:
    t = Tensor(np.arange(5.0))
    t[1:] = t[:-1]
    assert t.tolist() == [0, 0, 1, 2, 3]
    t.add_(t)
    assert t.tolist() == [0, 0, 2, 4, 6]


@given(st.lists(st.integers(1, 3), max_size=3), st.data())
def test_writes_broadcast_as_numpy_does(shape: list[int], data: Any) -> None:
    other = [data.draw(st.sampled_from([1, n])) for n in shape][data.draw(st.integers(0, len(shape))):]
    a, b = np.arange(np.prod(shape)).reshape(shape) + 1.0, np.ones(other) * 2
    expected = a.copy()
    expected += b
    assert (Tensor(a.copy()).add_(Tensor(b)).numpy() == expected).all()
    assert (Tensor(a.copy()).copy_(b).numpy() == np.broadcast_to(b, a.shape)).all()


# -- random contents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fill", "mean", "std"), [
    (lambda t: t.normal_(2.0, 3.0), 2.0, 3.0), (lambda t: t.uniform_(-1.0, 3.0), 1.0, 4 / 12**0.5),
    (lambda t: t.bernoulli_(0.25), 0.25, 0.1875**0.5), (lambda t: t.exponential_(2.0), 0.5, 0.5),
    (lambda t: t.random_(0, 4), 1.5, 1.25**0.5)])
def test_random_contents(fill: Callable[[Any], Any], mean: float, std: float) -> None:
    for dtype in (np.float16, np.float32, np.float64):
        t = Tensor(np.zeros((100, 100), dtype))
        assert fill(t) is t and t.dtype == dtype
        values = t.numpy().astype(np.float64)
        assert abs(values.mean() - mean) < 0.1 and abs(values.std() - std) < 0.1
    tensorgrad.manual_seed(0)
    first = fill(Tensor(np.zeros(3))).tolist()
    tensorgrad.manual_seed(0)
    assert fill(Tensor(np.zeros(3))).tolist() == first


def test_random_arguments() -> None:
    t = Tensor([1.0])
    for write, text in ((lambda: t.normal_(0, -1), "normal_: std=-1 is negative"),
                        (lambda: t.uniform_(1, 0), "uniform_: there is nothing between 1 and 0"),
                        (lambda: t.bernoulli_(2), "bernoulli_: p=2 is no probability"),
                        (lambda: t.exponential_(0), "exponential_: lambd=0 is no rate"),
                        (lambda: t.random_(3, 3), "random_: there is no integer from 3 to 3 - 1")):
        with pytest.raises(ArgumentError, match=text):
            write()
    with pytest.raises(DtypeError, match="normal_: int64 cannot hold these numbers"):
        tensor([1]).normal_()


def test_a_write_rounds_to_the_dtype_and_never_to_a_lower_kind() -> None:
    x = Tensor(np.zeros(2, np.float32))
    x[0] = np.float64(0.1)
    x[1] = np.array(1 / 3)
    assert x.tolist() == [np.float32(0.1), np.float32(1 / 3)]
    whole = Tensor([1, 2])
    whole[0] = 3.0
    with pytest.raises(DtypeError, match="int64 cannot hold these values"):
        whole[1] = 0.5
    assert whole.tolist() == [3, 2]
