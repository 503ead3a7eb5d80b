"""Backward rules with one planted fault each, and their healthy twins: what gradcheck and gradgradcheck must tell apart.

A rule is written as in the engine: forward on arrays, backward on whatever comes, arrays or Tensors.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np

from nn import functional as F
from tensorgrad import Tensor, ops
from tensorgrad.op import Op
from tensorgrad.ops.promotion import to


@dataclass
class Fault:
    """One kind of mistake.

    name       what is wrong
    forward    ``forward(*arrays)``
    right      ``backward(grad, *inputs)`` of the healthy twin
    wrong      the same with the fault
    inputs     arrays; all of them are checked
    order      2: gradcheck passes it, only gradgradcheck can find it
    text       what the message must contain
    options    of the check
    """

    name: str
    forward: Callable[..., Any]
    right: Callable[..., Any]
    wrong: Callable[..., Any]
    inputs: list[np.ndarray]
    order: int = 1
    text: str = "is wrong in"
    options: dict[str, Any] = field(default_factory=dict)
    wrong_forward: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    def function(self, healthy: bool) -> Callable[..., Any]:
        forward = self.forward if healthy or self.wrong_forward is None else self.wrong_forward
        return op(forward, self.right if healthy else self.wrong, len(self.inputs))

    def tensors(self) -> list[Tensor]:
        return [Tensor(array.copy(), requires_grad=True) for array in self.inputs]


def op(forward: Callable[..., Any], backward: Callable[..., Any], n: int) -> Callable[..., Any]:
    class Planted(Op):
        __slots__ = ()
        keeps = tuple(range(n))

        def forward(self, *arrays):
            return forward(*arrays)

        def backward(self, grad):
            return backward(grad, *self.inputs)

    return lambda *inputs: Planted().apply(*inputs)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def both(rule: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """The gradients that the library itself gives for ``function(*inputs)``: a healthy twin, or one with wrong options."""
    def backward(grad: Any, *inputs: Any) -> tuple[Any, ...]:
        return gradients(lambda *tensors: rule(*tensors, **options), grad, inputs)

    return backward


def gradients(function: Callable[..., Any], grad: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    from tensorgrad import autograd, enable_grad

    if any(isinstance(x, Tensor) for x in (grad, *inputs)):
        with enable_grad():
            return autograd.grad(function(*inputs), list(inputs), grad, create_graph=True)
    with enable_grad():
        leaves = [Tensor(x, requires_grad=True) for x in inputs]
        return tuple([g.numpy() for g in autograd.grad(function(*leaves), leaves, grad)])


def on_arrays(function: Callable[..., Any], **options: Any) -> Callable[..., np.ndarray]:
    return lambda *arrays: function(*[Tensor(a) for a in arrays], **options).numpy()


def like(spoilt: Callable[[Any, Callable[..., Any]], Any], rule: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients of a healthy rule, the first one spoilt."""
    def backward(grad: Any, *inputs: Any) -> Any:
        found = rule(grad, *inputs)
        first, *rest = found if isinstance(found, tuple) else (found,)
        return (spoilt(first), *rest) if rest else spoilt(first)  # type: ignore[call-arg]

    return backward


def square_rule(grad: Any, x: Any) -> Any:
    return grad * 2 * x


def square(name: str, wrong: Callable[..., Any], *shape: int, **more: Any) -> Fault:
    """A fault in the rule of x²."""
    return Fault(name, lambda x: x * x, square_rule, wrong, [normal(*(shape or (2, 3)))], **more)


def mask(shape: tuple[int, ...], index: Any, value: float) -> np.ndarray:
    array = np.ones(shape)
    array[index] = value
    return array


def layer(name: str, function: Callable[..., Any], inputs: list[np.ndarray], right: dict[str, Any],
          wrong: dict[str, Any] | Callable[..., Any], **more: Any) -> Fault:
    """A fault in the rule of one of the library's functions: it takes other options for granted, or is given."""
    rule = wrong if callable(wrong) else both(function, **wrong)
    return Fault(name, on_arrays(function, **right), both(function, **right), rule, inputs, **more)


def same_size(rule: Callable[..., Any]) -> Callable[..., Any]:
    """What backward makes of an incoming gradient of another size than it reckons with: the corner that both have."""
    def backward(grad: Any, *inputs: Any) -> Any:
        def cut(*tensors: Any) -> Any:
            out = rule(*tensors)
            return out[tuple([slice(0, n) for n in grad.shape])]
        return gradients(cut, grad, inputs)

    return backward


def padded_conv(mode: str) -> Callable[..., Any]:
    return lambda x, w: F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), w)


def by_batch(grad: Any, x: Any) -> Any:
    """Right for the first image only: the others get its gradient."""
    return grad[:1] * 2 * x[:1] + 0 * x


# -- faults that need a state ------------------------------------------------------------------------------------------

_cache: dict[str, Any] = {}
_drawn = itertools.count(1)


def caching_exp(x: np.ndarray) -> np.ndarray:
    _cache["y"] = y = np.exp(x)
    return y


def overwriting_exp(x: np.ndarray) -> np.ndarray:
    buffer = _cache.setdefault("buffer", np.empty(x.shape))
    np.exp(x, out=buffer)
    return buffer.copy()


def clamping_forward(x: np.ndarray) -> np.ndarray:
    np.maximum(x, 0, out=x)
    return x * 2


def masked_in_place(grad: Any, x: Any) -> Any:
    array = getattr(grad, "array", grad)
    array[getattr(x, "array", x) < 0] = 0
    return grad


def doubled_input(grad: Any, x: Any) -> Any:
    result = grad * 2 * x
    array = getattr(x, "array", x)
    array[array > 0.5] = 0.5
    return result


def largest(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.max())


def ties(x: Any) -> Any:
    return x == x.max()


def first_of(x: Any) -> Any:
    array = getattr(x, "array", x)
    return np.arange(array.size).reshape(array.shape) == np.argmax(array)


TIED = np.array([1.0, 3.0, 3.0, -2.0])
KINK = np.array([1.5, 0.0, -2.0])


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def relu_rule(at_zero: float) -> Callable[..., Any]:
    return lambda grad, x: grad * (x > 0) + grad * (x == 0) * at_zero


ONE_SIDED = {"kinks": "one-sided"}
X4, W3 = normal(2, 2, 5, 5), normal(2, 2, 3, 3, seed=1)
POOL = (np.random.default_rng(5).permutation(2 * 36).reshape(1, 2, 6, 6) - 30.5) * 0.1


FAULTS = [
    # -- the numbers ---------------------------------------------------------------------------------------------------
    square("wrong by a constant factor", lambda g, x: g * 2.02 * x, text="backward gives 101/100 times the gradient"),
    square("a factor forgotten", lambda g, x: g * x, text="backward gives 0.5 times the gradient"),
    square("wrong sign", lambda g, x: -g * 2 * x, text="The sign is wrong"),
    square("no gradient", lambda g, x: g * 0 * x, text="no gradient at all"),
    square("an entry wrong", lambda g, x: g * 2 * x * mask((2, 3), (1, 1), 1.5), text="wrong in 1 of 6 entries"),
    square("an offset added", lambda g, x: g * 2 * x + 0.1, text="is wrong in"),
    square("the derivative at another point", lambda g, x: g * 2 * (x + 0.01)),
    square("NaN only", lambda g, x: g * 2 * x + mask((2, 3), (0, 2), 1) * float("nan"), text="NaN or infinity"),
    square("infinite only", lambda g, x: g * 2 * x * mask((2, 3), (0, 2), float("inf")), text="NaN or infinity"),
    Fault("0 · ∞ in the branch not picked", lambda x: np.where(x > 0, np.sqrt(np.abs(x)), 0.0),
          lambda g, x: g * (x > 0) * 0.5 / ops.sqrt(abs(x)),
          lambda g, x: g * (x > 0) * 0.5 / ops.sqrt(x), [np.array([1.0, 2.0, -1.0])],
          text="NaN or infinity"),
    Fault("of the inverse function", np.exp, lambda g, x: g * ops.exp(x), lambda g, x: g / x, [normal(3) + 3]),
    Fault("the chain cut inside", lambda x: np.exp(x * x), lambda g, x: g * 2 * x * ops.exp(x * x),
          lambda g, x: g * ops.exp(x * x), [normal(3)]),

    # -- places --------------------------------------------------------------------------------------------------------
    square("transposed", lambda g, x: (g * 2 * x).swapaxes(0, 1), 3, 3, text="transposed"),
    Fault("reshaped where it should be transposed", lambda x: x.T * 1.0, lambda g, x: g.swapaxes(0, 1),
          lambda g, x: g.reshape(2, 3), [normal(2, 3)], text="not reshape"),
    square("reversed", lambda g, x: ops.flip(g * 2 * x, 0), 4, text="reversed along axis 0"),
    square("off by one", lambda g, x: ops.roll(g * 2 * x, 1, 0), 4, text="is wrong in 4 of 4"),
    square("nothing at the border", lambda g, x: g * 2 * x * np.pad(np.ones((2, 2)), 1), 4, 4, text="at the border"),
    square("the last row forgotten", lambda g, x: g * 2 * x * mask((4, 3), -1, 0), 4, 3, text="at the border"),
    square("a row forgotten inside", lambda g, x: g * 2 * x * mask((4, 3), 1, 0), 4, 3, text="part of the gradient is lost"),
    square("wrong for more than one image", by_batch, 3, 2, text="is wrong in"),
    Fault("to the wrong operand", lambda a, b: a * np.exp(b), lambda g, a, b: (g * ops.exp(b), g * a * ops.exp(b)),
          lambda g, a, b: (g * a * ops.exp(b), g * ops.exp(b)), [normal(3), normal(3, seed=1)], text="are exchanged"),
    Fault("one operand forgotten", lambda a, b: a * b, lambda g, a, b: (g * b, g * a), lambda g, a, b: (g * b, None),
          [normal(3), normal(3, seed=1)], text="input 1"),
    Fault("the same gradient to both", lambda a, b: a - b, lambda g, a, b: (g, -g), lambda g, a, b: (g, g),
          [normal(3), normal(3, seed=1)], text="The sign is wrong"),

    # -- sums ----------------------------------------------------------------------------------------------------------
    Fault("missing broadcast sum", lambda x, b: x + b, lambda g, x, b: (g, g.sum(0)), lambda g, x, b: (g, g[0]),
          [normal(4, 3), normal(3, seed=1)], text="A sum is missing"),
    Fault("a mean where a sum belongs", lambda x, b: x + b, lambda g, x, b: (g, g.sum(0)), lambda g, x, b: (g, g.mean(0)),
          [normal(4, 3), normal(3, seed=1)], text="1/4|0.25"),
    Fault("the sum over the wrong axis", lambda x, b: x + b, lambda g, x, b: (g, g.sum(0)), lambda g, x, b: (g, g.sum(1)),
          [normal(3, 3), normal(3, seed=1)]),
    Fault("a mean not divided", lambda x: x.mean(1), lambda g, x: (g / 3).reshape(2, 1) + 0 * x,
          lambda g, x: g.reshape(2, 1) + 0 * x, [normal(2, 3)], text="3 is the length of axis 1"),
    Fault("an input used twice counted once", lambda x: x[[0, 0, 1]] * 1.0, lambda g, x: ops.cat([g[:2].sum(0, keepdim=True)
          if isinstance(g, Tensor) else g[:2].sum(0, keepdims=True), g[2:]], 0), lambda g, x: g[1:], [normal(2, 3)]),

    # -- layers --------------------------------------------------------------------------------------------------------
    layer("convolution that ignores its stride", F.conv2d, [X4, W3], {"stride": 2},
          same_size(lambda x, w: F.conv2d(x, w, stride=1))),
    layer("convolution that ignores its dilation", F.conv2d, [X4, normal(2, 2, 2, 2)], {"dilation": 2},
          same_size(lambda x, w: F.conv2d(x, w))),
    layer("convolution that ignores its padding", F.conv2d, [X4, W3], {"padding": 1},
          same_size(lambda x, w: F.conv2d(F.pad(x, (0, 2, 0, 2)), w))),
    layer("convolution that mixes its groups", F.conv2d, [normal(1, 4, 3, 3), normal(2, 2, 2, 2)], {"groups": 2},
          lambda g, x, w: (gradients(lambda x, w: F.conv2d(ops.cat([x[:, 2:], x[:, :2]], 1), w, groups=2), g, (x, w)))),
    layer("convolution whose kernel is not flipped", F.conv2d, [X4, W3], {},
          lambda g, x, w: (gradients(lambda x, w: F.conv2d(x, ops.flip(w, (2, 3))), g, (x, w))[0],
                           both(F.conv2d)(g, x, w)[1])),
    Fault("padding mode ignored", on_arrays(padded_conv("reflect")), both(padded_conv("reflect")),
          both(padded_conv("constant")), [X4, W3]),
    Fault("reflected with the edge, as symmetric padding does", on_arrays(padded_conv("reflect")),
          both(padded_conv("reflect")), both(padded_conv("replicate")), [X4, W3]),
    layer("average pooling that does not count its padding", F.avg_pool2d, [X4[:, :, :4, :4]],
          {"kernel_size": 2, "padding": 1}, {"kernel_size": 2, "padding": 1, "count_include_pad": False}, text="the border"),
    layer("max pooling off by one window", F.max_pool2d, [POOL], {"kernel_size": 2},
          lambda g, x: both(F.max_pool2d, kernel_size=2)(ops.roll(g, 1, 3), x)),
    layer("max pooling that forgets an overlap", F.max_pool2d, [np.sort(POOL.reshape(-1))[::-1].reshape(POOL.shape) * 1.0],
          {"kernel_size": 3, "stride": 1}, lambda g, x: both(F.max_pool2d, kernel_size=3, stride=1)(
              g * np.indices((4, 4)).sum(0).clip(0, 1) * 1.0, x)),
    layer("normalisation with constant statistics", F.layer_norm, [normal(2, 4)], {"normalized_shape": (4,)},
          lambda g, x: g / ops.sqrt(((x - x.mean(1).reshape(2, 1)) ** 2).mean(1).reshape(2, 1) + 1e-5)),
    layer("softmax taken for entry by entry", ops.softmax, [normal(2, 3)], {"dim": 1},
          lambda g, x: g * ops.softmax(x, 1) * (1 - ops.softmax(x, 1))),
    layer("a loss not divided by the batch", F.mse_loss, [normal(4, 2), normal(4, 2, seed=1)], {},
          {"reduction": "sum"}, text="8 is the number of entries"),

    # -- kinks ---------------------------------------------------------------------------------------------------------
    Fault("halved at a kink", relu, relu_rule(0.0), relu_rule(0.5), [KINK], text="Backward gives neither of the two",
          options=ONE_SIDED),
    Fault("beyond both sides of a kink", relu, relu_rule(1.0), relu_rule(1.25), [KINK],
          text="Backward gives nothing between the two", options={"kinks": "subgradient"}),
    Fault("wrong tie, all of the equals win", largest, lambda g, x: g * first_of(x), lambda g, x: g * ties(x), [TIED],
          text="they do not add up", options=ONE_SIDED),
    Fault("wrong tie, none of the equals wins", largest, lambda g, x: g * ties(x) / 2, lambda g, x: g * 0 * x, [TIED],
          text="the tied entries do not add up", options={"kinks": "subgradient"}),
    Fault("wrong tie between two operands", np.maximum, lambda g, a, b: (g * (a >= b), g * (b > a)),
          lambda g, a, b: (g * (a >= b), g * (b >= a)),
          [np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])], text="they do not add up", options=ONE_SIDED),

    # -- the incoming gradient -----------------------------------------------------------------------------------------
    square("the incoming gradient ignored", lambda g, x: 2 * x, text="does not multiply by the incoming gradient"),
    Fault("the incoming gradient ignored by a loss", lambda x: np.asarray((x * x).sum()), square_rule, lambda g, x: 2 * x,
          [normal(3)], text="is not zero, though the incoming gradient is"),
    square("its square taken", lambda g, x: g * g * 2 * x, text="is not linear in the incoming gradient"),
    square("its positive part taken", lambda g, x: ops.relu(g) * 2 * x, text="is not linear in the incoming gradient"),
    square("clipped", lambda g, x: ops.clamp(g, -10, 10) * 2 * x, text="is not linear in the incoming gradient"),

    # -- state ---------------------------------------------------------------------------------------------------------
    Fault("a stale cache", caching_exp, lambda g, x: g * ops.exp(x), lambda g, x: g * _cache["y"], [normal(3)],
          text="changed when the function ran again"),
    Fault("a saved array that later calls overwrite", overwriting_exp, lambda g, x: g * ops.exp(x),
          lambda g, x: g * _cache["buffer"], [normal(3)], text="changed when the function ran again"),
    square("a saved array changed by backward", doubled_input, text="backward wrote into an input"),
    Fault("the incoming gradient overwritten", relu, relu_rule(0.0), masked_in_place, [np.array([1.5, 2.0, -2.0])],
          text="backward wrote into the incoming gradient"),
    Fault("the input overwritten by forward", lambda x: np.maximum(x, 0) * 2, lambda g, x: g * 2 * (x > 0),
          lambda g, x: g * 2 * (x > 0), [np.array([1.5, 2.0, -2.0])], text="the function wrote into its input",
          wrong_forward=clamping_forward),
    square("dependent on the random state", lambda g, x: g * 2 * x * (1 + 1e-12 * next(_drawn)),
           text="backward is not deterministic"),

    # -- dtypes --------------------------------------------------------------------------------------------------------
    square("dtype creep to float32", lambda g, x: to(to(g * 2 * x, "float32"), "float64"),
           text="has the digits of float32 only"),
    square("float32 gradient", lambda g, x: to(g * 2 * x, "float32"), text="has the digits of float32 only"),
    square("dtype creep to float64", lambda g, x: g * 2 * x * np.ones((2, 3)), text="for float32 inputs the gradient"),

    # -- the second order only -----------------------------------------------------------------------------------------
    Fault("detached on the way, second order only", lambda x: x ** 3, lambda g, x: g * 3 * x * x,
          lambda g, x: g * 3 * x * constant(x), [normal(3)], order=2, text="0.5 times the gradient"),
    square("the incoming gradient detached, second order only", lambda g, x: constant(g) * 2 * x, order=2),
    square("all of it detached but zero, second order only", lambda g, x: constant(g * 2 * x) + 0 * x * g, order=2),
]


def constant(value: Any) -> Any:
    """The numbers without their graph: right at first order, lost at the second."""
    return value.detach() if isinstance(value, Tensor) else value
