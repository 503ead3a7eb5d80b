"""What recording and walking back costs: many ops on small arrays, so that the arithmetic is next to nothing."""

from __future__ import annotations

from typing import Any, Callable

from benchmarks.cases.case import Input, Op

__all__ = ["TAPE", "QUICK_TAPE"]

SMALL = Input((10,))
FIXED = Input((10,), grad=False)

SLOW = {"torch-compile": "its compiler had not finished a graph of this kind after minutes"}


def chain(length: int, link: Callable[..., Any]) -> Callable[..., Any]:
    """A call that applies `link` to its own result, `length` times."""
    def call(lib: Any, x: Any, *others: Any) -> Any:
        for _ in range(length):
            x = link(lib, x, *others)
        return x

    return call


def wide(branches: int) -> Callable[..., Any]:
    """A call with that many branches of two ops from one leaf, added up."""
    def call(lib: Any, x: Any, c: Any) -> Any:
        total = x
        for _ in range(branches):
            total = total + lib.tanh(x * c)
        return total

    return call


def diamonds(levels: int) -> Callable[..., Any]:
    """A call whose every level uses the one below twice: a walk by paths instead of by ops would take 2ⁿ steps."""
    def call(lib: Any, x: Any, c: Any) -> Any:
        for _ in range(levels):
            x = x * c + x * c
        return x

    return call


def tangent(lib: Any, grad: Any, y: Any) -> Any:
    """The rule of tanh, as NumPy calls."""
    return grad * (1 - y * y)


def wide_walk(branches: int) -> Callable[..., Any]:
    """What `wide` calls for walking back: per branch the rules of tanh and the product, and one sum."""
    def walk(lib: Any, grad: Any, c: Any) -> Any:
        total = grad
        for _ in range(branches):
            total = total + tangent(lib, grad, c) * c
        return total

    return walk


def perceptron(lib: Any, x: Any, w1: Any, w2: Any) -> Any:
    return lib.sum(lib.matmul(lib.tanh(lib.matmul(x, w1)), w2))


TAPE = [
    Op("chain of 100 products", "chain of 100", chain(100, lambda lib, x, c: x * c), (SMALL, FIXED), calls=100,
       walk=chain(100, lambda lib, grad, c: grad * c)),
    Op("chain of 100 sums", "chain of 100", chain(100, lambda lib, x, c: x + c), (SMALL, FIXED), calls=100,
       walk=chain(100, lambda lib, grad, c: grad)),
    Op("chain of 100 tanh", "chain of 100", chain(100, lambda lib, x: lib.tanh(x)), (SMALL,), calls=100,
       walk=chain(100, tangent)),
    Op("chain of 100 relu", "chain of 100", chain(100, lambda lib, x: lib.relu(x)), (SMALL,), calls=100,
       walk=chain(100, lambda lib, grad, y: grad * (y != 0))),
    Op("chain of 100 products with a constant", "chain of 100", chain(100, lambda lib, x: x * 0.99), (SMALL,), calls=100,
       walk=chain(100, lambda lib, grad, y: grad * 0.99)),
    Op("chain of 100 matrix products, 8×8", "chain of 100", chain(100, lambda lib, x, w: lib.matmul(x, w)),
       (Input((8, 8)), Input((8, 8), grad=False)), calls=100,
       walk=chain(100, lambda lib, grad, w: lib.matmul(grad, w.T))),
    Op("1,000 branches of a leaf", "wide graph", wide(1000), (SMALL, FIXED), calls=3000, walk=wide_walk(1000)),
    Op("100 levels of diamonds", "wide graph", diamonds(100), (SMALL, FIXED), calls=300, skips=SLOW,
       walk=diamonds(100)),
    Op("chain of 10,000 products", "deep graph", chain(10_000, lambda lib, x, c: x * c), (SMALL, FIXED), calls=10_000,
       skips=SLOW, walk=chain(10_000, lambda lib, grad, c: grad * c)),
    Op("chain of 100,000 products", "deep graph", chain(100_000, lambda lib, x, c: x * c), (SMALL, FIXED), calls=100_000,
       skips=SLOW, walk=chain(100_000, lambda lib, grad, c: grad * c)),
    Op("gradient of a gradient, two dense layers", "create_graph", perceptron,
       (Input((8, 16)), Input((16, 16)), Input((16, 4))), second=True),
]

QUICK_TAPE = [
    Op("chain of 10 products", "chain of 100", chain(10, lambda lib, x, c: x * c), (SMALL, FIXED), calls=10,
       walk=chain(10, lambda lib, grad, c: grad * c)),
    Op("10 branches of a leaf", "wide graph", wide(10), (SMALL, FIXED), calls=30, walk=wide_walk(10)),
    Op("gradient of a gradient, two dense layers", "create_graph", perceptron,
       (Input((4, 3)), Input((3, 3)), Input((3, 2))), second=True),
]
