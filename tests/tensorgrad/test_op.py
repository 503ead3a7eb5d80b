"""What an op notes when it is recorded, stores beside what it keeps, and says when something is missing."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import tensorgrad
from tensorgrad import Tensor
from tensorgrad.errors import StaleTensorError
from tensorgrad.op import Op


class Weighted(Op):
    """y = x · scale + shift · factor"""

    __slots__ = ()

    def forward(self, x: Any, scale: Any, shift: Any, factor: Any) -> Any:
        return x * scale + shift * factor

    def backward(self, grad: Any) -> Any:
        return grad, None, None, None


class Positive(Op):
    """y = x where x > 0, else 0; stores where that is"""

    __slots__ = ("mask",)

    def forward(self, x: Any) -> Any:
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad: Any) -> Any:
        return grad * self.mask

    def forget(self) -> None:
        self.mask = None


def leaf(*shape: int) -> Tensor:
    return Tensor(np.arange(1.0, 1 + np.prod(shape)).reshape(shape), requires_grad=True)


def test_constants_are_noted_by_position_with_shape_dtype_and_name() -> None:
    scale = Tensor(np.ones(3, np.float32))
    scale.name = "scale"
    op = Weighted().apply(leaf(2, 3), scale, np.ones((2, 1)), 2).creator
    assert op.constants == {1: ((3,), np.dtype("float32"), "scale"), 2: ((2, 1), np.dtype("float64"), None)}
    assert op.shapes == [(2, 3), (3,), (2, 1), ()]
    swapped = Weighted().apply(np.ones(4), leaf(5, 4), 3, scale[:1]).creator
    assert list(swapped.constants) == [0, 3] and swapped.shapes == [(4,), (5, 4), (), (1,)]


def test_what_forward_stored_is_dropped_with_the_graph_and_only_then() -> None:
    x = leaf(3)
    y = Positive().apply(x - 2)
    assert Positive.stores and Positive.holds and not Weighted.stores and not Weighted.holds
    y.sum().backward(retain_graph=True)
    assert y.creator.mask.tolist() == [False, False, True]
    y.sum().backward()
    assert y.creator.mask is None and x.grad.tolist() == [0.0, 0.0, 2.0]


def test_a_subclass_without_its_methods_is_named() -> None:
    class Half(Op):
        __slots__ = ()

    with pytest.raises(NotImplementedError, match="Half.forward"):
        Half().apply(leaf(1))

    class Forward(Half):
        def forward(self, x: Any) -> Any:
            return x * 1

    with pytest.raises(NotImplementedError, match="Forward.backward"):
        Forward().apply(leaf(1)).backward()


def test_a_result_that_is_a_number_becomes_an_array() -> None:
    class Total(Op):
        __slots__ = ()

        def forward(self, x: Any) -> Any:
            return x.sum()  # NumPy's scalar

        def backward(self, grad: Any) -> Any:
            return grad

    y = Total().apply(leaf(4))
    assert type(y.array) is np.ndarray and y.shape == y.creator.shape == () and y.dtype == y.creator.dtype == np.float64
    assert y.item() == 10.0


def test_a_copy_shares_no_memory_with_what_it_was_copied_from() -> None:
    x = leaf(2, 3)
    y = x * x
    with tensorgrad.no_grad():
        copied = x.t().reshape(6)  # a view where that can be
        copied.zero_()
    y.sum().backward()
    assert x.grad.tolist() == [[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]


def test_a_change_from_an_unknown_line_is_reported_without_one() -> None:
    x = leaf(2)
    y = x * x
    x.mark_changed()
    with pytest.raises(StaleTensorError, match="input 0 of mul was changed in place") as caught:
        y.sum().backward()
    assert "Changed at" not in str(caught.value)


def test_constants_go_with_what_was_kept():
    x, c = tensorgrad.tensor([1.0, 2.0], requires_grad=True), tensorgrad.tensor([3.0, 4.0])
    y = x * c
    gone = weakref.ref(c)
    del c
    assert gone() is not None
    y.sum().backward()
    assert gone() is None and y.creator is not None and x.grad.tolist() == [3.0, 4.0]


def test_several_constants_are_noted_by_position():
    x = tensorgrad.tensor([1.0, 2.0], requires_grad=True)
    a, b = tensorgrad.tensor([[5.0, 6.0]], name="a"), tensorgrad.tensor([1.0], dtype="float64", name="b")
    op = tensorgrad.cat([a.reshape(2), x, b.float()]).creator
    assert [(position, shape) for position, (shape, *_) in op.constants.items()] == [(0, (2,)), (2, (1,))]
    mask = tensorgrad.tensor([True, False], name="mask")
    named = tensorgrad.where(mask, x, tensorgrad.tensor([7.0, 8.0], name="other")).creator
    assert named.constants == {0: ((2,), np.dtype(bool), "mask"), 2: ((2,), np.dtype(np.float32), "other")}


def test_a_subclass_may_take_part_in_the_making_of_its_subclasses():
    made = []

    class Listed:
        def __init_subclass__(cls, **options):
            made.append((cls.__name__, options))
            super().__init_subclass__()

    class Base(Op, Listed):
        __slots__ = ()

    class Derived(Base, option=1):
        __slots__ = ()

        def forget(self):
            pass

    assert made == [("Base", {}), ("Derived", {"option": 1})]
    assert not Base.stores and not Base.holds and Derived.stores and Derived.holds


@pytest.mark.parametrize("position", [0, 1])
def test_a_changed_constant_is_noticed_and_named(position):
    """Also where another operand stands before it, and under `create_graph`."""
    x, c = tensorgrad.tensor([1.0, 2.0], requires_grad=True), tensorgrad.tensor([3.0, 4.0], name="factor")
    for create_graph in (False, True):
        y = x * c if position else c * x
        c.add_(1)
        with pytest.raises(StaleTensorError, match=f"input {position} of mul was changed(.|\n)*tensor 'factor'"):
            y.sum().backward(create_graph=create_graph)
    y = (x * c).sum()
    x.mark_changed()  # the gradient of x does not read x
    with pytest.raises(StaleTensorError, match="input 0 of mul"):
        y.backward()


def test_constants_come_back_as_the_tensors_they_were():
    seen = []

    class Looks(Weighted):
        __slots__ = ()
        keeps = (0, 1, 2)

        def backward(self, grad: Any) -> Any:
            seen.append(self.inputs)
            return grad * self.inputs[1], None, None, None

    x, scale, shift = leaf(2), Tensor(np.ones(2)), np.zeros(2)
    Looks().apply(x, scale, shift, 2).sum().backward(create_graph=True)
    ((first, second, third),) = seen
    assert first is x and second is scale and third is shift
