"""What a set of kernels provides: each signature, its shapes and its tie rules, written once.

A kernel takes arrays and returns new arrays; it keeps no state and knows neither tensors nor the graph.  One whose name
ends in an underscore writes over its first argument instead.

Common to all
    * Any number of spatial axes from 1 to 3: (N, C, W), (N, C, H, W), (N, C, D, H, W).  Below, H W stands for them.
    * Arrays may have any strides.  Results (other than weight gradients) have the shape (N, C, H', W') and in memory the
      channel innermost, "channels last": a window is then one long run, and elementwise results keep the layout.
    * Results have the dtype of the first argument.  float32 and float64 are fast; other dtypes are correct.
    * The window's padding is numbers (`Window.resolve`), and at least one window fits.  Nothing is checked here.
    * N may be 0.

`sets` in `tensorgrad.kernels` lists the implementations.
"""

from __future__ import annotations

from typing import Callable, Mapping, Protocol

import numpy as np

from tensorgrad.window import Window

__all__ = ["Kernels", "KERNELS", "FORMULAS"]

Array = np.ndarray
Sizes = tuple[int, ...]


class Kernels(Protocol):
    """The functions of a kernel set."""

    name: str

    # (grad, x) → x_grad of "relu", "exp", "sigmoid", "square" and "tanh", as `relu_grad` and `unary_grad` have it: what
    # takes the fewest calls for a few entries in float32 or float64.
    gradients_of_few: Mapping[str, Callable[[Array, Array], Array]]

    # -- convolution: three products of the same triple, each linear in its two arrays ---------------------------------

    def conv(self, x: Array, w: Array, bias: Array | None, window: Window, groups: int) -> Array:
        """y[n, f, o] = bias[f] + Σ_c Σ_t  w[f, c, t] · x[n, c, o·stride - before + t·dilation], 0 outside the image.

        x (N, C, H, W), w (F, C / groups, K, L), bias (F,) → y (N, F, H', W').  Filter f of group g sees the channels of
        group g.  Negative padding crops.
        """

    def conv_input_grad(self, grad: Array, w: Array, sizes: Sizes, window: Window, groups: int) -> Array:
        """The x-shaped array that pairs with x as `grad` pairs with conv(x, w): ⟨grad, conv(x, w)⟩ = ⟨result, x⟩.

        grad (N, F, H', W'), w (F, C / groups, K, L), sizes (H, W) → (N, C, H, W).  This is transposed convolution.
        """

    def conv_weight_grad(self, grad: Array, x: Array, window: Window, groups: int) -> Array:
        """The w-shaped array that pairs with w as `grad` pairs with conv(x, w): ⟨grad, conv(x, w)⟩ = ⟨result, w⟩.

        grad (N, F, H', W'), x (N, C, H, W) → (F, C / groups, K, L), in row-major memory like w.
        """

    def channel_sum(self, x: Array) -> Array:
        """y[c] = Σ x over every axis but the channels: the gradient of a bias.  x (N, C, *) → y (C,)."""

    # -- matrices: of any strides; results row-major --------------------------------------------------------------------

    def matmul(self, a: Array, b: Array) -> Array:
        """y = a · b.  a (m, k), b (k, n) → y (m, n)."""

    def linear(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """y = x · weightᵀ + bias.  x (m, k), weight (n, k), bias (n,) → y (m, n)."""

    # -- normalisation: x (N, C) or (N, C, H, W), parameters (C,); results lie in memory like x, or channels last -------

    def batch_norm(self, x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
        """y = weight · (x - mean) / √(var + eps) + bias, and the mean and variance (C,) of each channel.

        The variance has n in the denominator, and is computed around the mean: no digits cancel.
        """

    def batch_norm_grad(self, grad: Array, x: Array, mean: Array, var: Array, weight: Array | None, eps: float,
                        reuse: bool = False) -> tuple[Array, Array, Array]:
        """What `grad`, a gradient of y, is for x, for the weight and for the bias; mean and variance as above.

        `reuse`: `grad` is needed no more, and the result for x may be written into it, if it is writable.
        """

    def channel_affine(self, x: Array, scale: Array, shift: Array | None) -> Array:
        """y = scale[c] · x + shift[c]."""

    def channel_affine_(self, x: Array, scale: Array, shift: Array, relu: bool) -> None:
        """x = scale[c] · x + shift[c], bit by bit as in `channel_affine`; if `relu`, then x = relu(x)."""

    # -- normalisation of each example by itself: moments and results as in `batch_norm` -------------------------

    def layer_norm(self, x: Array, axes: int, weight: Array | None, bias: Array | None,
                   eps: float) -> tuple[Array, Array, Array]:
        """y = weight · (x - mean) / √(var + eps) + bias, and mean and variance, over the last `axes` ≥ 1 axes.

        x (*, *last axes), weight and bias (*last axes) → y (*, *last axes), mean and variance (*).  y lies in memory as x
        does, or row-major.
        """

    def layer_norm_grad(self, grad: Array, x: Array, axes: int, mean: Array, var: Array, weight: Array | None,
                        eps: float) -> tuple[Array, Array, Array]:
        """What `grad`, a gradient of y, is for x, for the weight and for the bias; mean and variance as above."""

    def rms_norm(self, x: Array, axes: int, weight: Array | None, eps: float) -> tuple[Array, Array]:
        """y = weight · x / √(square + eps), and the mean `square` of x²; shapes as in `layer_norm`."""

    def rms_norm_grad(self, grad: Array, x: Array, axes: int, square: Array, weight: Array | None,
                      eps: float) -> tuple[Array, Array]:
        """What `grad`, a gradient of y, is for x and for the weight; the mean square as above."""

    def group_norm(self, x: Array, groups: int, weight: Array | None, bias: Array | None,
                   eps: float) -> tuple[Array, Array, Array]:
        """y = weight · (x - mean) / √(var + eps) + bias, mean and variance over H, W and the C / groups channels of a group.

        x (N, C) or (N, C, H, W), weight and bias (C,) → y like x, mean and variance (N, groups).  y lies in memory as x
        does, or channels last.
        """

    def group_norm_grad(self, grad: Array, x: Array, groups: int, mean: Array, var: Array, weight: Array | None,
                        eps: float) -> tuple[Array, Array, Array]:
        """What `grad`, a gradient of y, is for x, for the weight and for the bias; mean and variance as above."""

    # -- sums ----------------------------------------------------------------------------------------------------------

    def sum(self, x: Array, axes: Sizes, keepdims: bool = False) -> Array:
        """y = Σ x over `axes` ≥ 0, in the dtype of x, whose axes may lie in memory in any order."""

    # -- extremes: the largest entries, or the `smallest` ones; NaN wins, and no axis that is reduced is empty ----------

    def extreme(self, x: Array, axes: Sizes, keepdims: bool, smallest: bool) -> Array:
        """The largest x over `axes` ≥ 0, whose axes may lie in memory in any order."""

    def extreme_index(self, x: Array, axis: int, smallest: bool) -> Array:
        """Where along `axis` ≥ 0 the largest x is, as int64, the axis kept: of ties the first, of NaN the first."""

    def extreme_grad(self, grad: Array, x: Array, y: Array, among_nan: bool) -> Array:
        """`grad`, a gradient of y = extreme(x) with its axes kept, in equal shares where x is y, else 0 · it.

        Where y is NaN its shares go to NaN entries if `among_nan`, else all entries get NaN.
        """

    # -- classes -------------------------------------------------------------------------------------------------------

    def softmax(self, x: Array, dim: int) -> Array:
        """y = eˣ / Σ eˣ along axis `dim` ≥ 0, the largest entry taken out first; any memory order."""

    def log_softmax(self, x: Array, dim: int) -> Array:
        """y = x - log Σ eˣ along axis `dim` ≥ 0, the largest entry taken out first; any memory order."""

    def softmax_grad(self, grad: Array, y: Array, dim: int) -> Array:
        """y · (grad - Σ grad · y) along axis `dim`, for y = softmax(x)."""

    def log_softmax_grad(self, grad: Array, y: Array, dim: int) -> Array:
        """grad - eʸ · Σ grad along axis `dim`, for y = log_softmax(x)."""

    def cross_entropy(self, x: Array, classes: Array) -> tuple[Array, Array]:
        """log Σ eˣ - x[class] of each row, and what normalises it: its largest entry, and log Σ e^(x - largest).

        x (R, C), classes (R,) integers → losses (R,), norms (R, 2).  A negative class makes a loss of 0.
        """

    def cross_entropy_grad(self, factors: Array, x: Array, classes: Array, norms: Array) -> Array:
        """factor · (softmax(x) - 1 at the class) of each row; 0 in rows of a negative class.  factors (R,) → (R, C)."""

    # -- entry by entry: any axes; results lie in memory as NumPy's do -------------------------------------------------

    def add(self, a: Array, b: Array) -> Array:
        """y = a + b, with broadcasting; b may be a number."""

    def copy(self, x: Array) -> Array:
        """x in memory of its own, without gaps, in the order in which it lies; repeated entries innermost."""

    def multiply(self, a: Array, b: Array) -> Array:
        """y = a · b, with broadcasting; b may be a number."""

    def sum_of_products(self, a: Array, b: Array, shape: Sizes) -> Array:
        """Σ a · b, b shaped like a, over the axes along which an array of `shape` repeats when it is broadcast to that."""

    def relu(self, x: Array) -> Array:
        """y = x where x > 0, else 0; NaN stays."""

    def relu_grad(self, grad: Array, y: Array, reuse: bool = False) -> Array:
        """grad where y, the result of relu, is not 0; else 0.

        `reuse`: `grad` is needed no more, and the result may be written into it, if it is writable.
        """

    def unary(self, x: Array, formula: str, *numbers: float) -> Array:
        """y = f(x), f and its numbers as in `FORMULAS`."""

    def unary_grad(self, grad: Array, x: Array, formula: str, *numbers: float) -> Array:
        """grad · f'(x); of sigmoid, exp and tanh the second array is y.  0 · grad is 0 where f is flat, whatever grad is."""

    def deviation(self, x: Array, target: Array, formula: str, *numbers: float) -> Array:
        """Σ f(x - target) over all entries, f as in `FORMULAS`; the shapes broadcast."""

    def deviation_grad(self, x: Array, target: Array, factor: float, formula: str, *numbers: float) -> Array:
        """factor · f'(x - target)."""

    def dropout(self, x: Array, mask: Array, scale: float) -> Array:
        """y = scale · x where the bool mask, which broadcasts to x, holds, else 0 · x."""

    # -- steps of optimizers: written into `param` and the buffers, which have its shape and any strides ----------------
    #
    # What is descended along is g = grad, negated under `maximize`, + decay · param.  A buffer that is None is not used.

    def sgd_step(self, param: Array, grad: Array, velocity: Array | None, lr: float, momentum: float, dampening: float,
                 decay: float, nesterov: bool, maximize: bool, first: bool) -> None:
        """v ← momentum · v + (1 - dampening) · g, or g the first time;  p ← p - lr · v, or lr · (g + momentum · v).

        Without a velocity p ← p - lr · g.
        """

    def adagrad_step(self, param: Array, grad: Array, total: Array, lr: float, eps: float, decay: float,
                     maximize: bool) -> None:
        """s ← s + g²;  p ← p - lr · g / (√s + eps)."""

    def rmsprop_step(self, param: Array, grad: Array, square: Array, mean: Array | None, velocity: Array | None, lr: float,
                     alpha: float, eps: float, momentum: float, decay: float, maximize: bool) -> None:
        """s ← alpha · s + (1 - alpha) · g²;  m ← m + (1 - alpha) · (g - m);  d = √(s - m²) + eps, or √s + eps without m;
        b ← momentum · b + g / d;  p ← p - lr · b, or p - lr · g / d without b."""

    def adam_step(self, param: Array, grad: Array, mean: Array, square: Array, largest: Array | None, step_size: float,
                  root: float, beta1: float, beta2: float, eps: float, decay: float, shrink: float, maximize: bool) -> None:
        """p ← shrink · p;  m ← m + (1 - beta1) · (g - m);  v ← beta2 · v + (1 - beta2) · g²;  w ← max(w, v), or v without w;
        p ← p - step_size · m / (√w / root + eps)."""

    # -- maximum: the winner of a window is a cell's row-major index in its H × W plane --------------------------------

    def max_pool(self, x: Array, window: Window) -> tuple[Array, Array]:
        """The largest entry of each window, and which cell it is.  x (N, C, H, W) → y, winners (N, C, H', W'), integers.

        Padding never wins, not even against -∞.  A tie goes to the first cell in row-major order.  NaN wins over
        numbers, the last NaN over earlier ones.  Every window has a tap on a cell.
        """

    def adaptive_max_pool(self, x: Array, output_size: Sizes) -> tuple[Array, Array]:
        """Like `max_pool`; along an axis of n cells, window i of m has the cells ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ - 1."""

    def scatter_winners(self, y: Array, winners: Array, sizes: Sizes, window: Window | None = None) -> Array:
        """Each entry of y added to the cell that won it.  y, winners (N, C, H', W'), sizes (H, W) → (N, C, H, W).

        With a `window` the winners are those of `max_pool`: each is a cell of its window.
        """

    def gather_winners(self, x: Array, winners: Array) -> Array:
        """The winning cells' entries: the transpose of `scatter_winners`.  x (N, C, H, W) → (N, C, H', W')."""

    # -- average -------------------------------------------------------------------------------------------------------

    def avg_pool(self, x: Array, window: Window, count_include_pad: bool, divisor_override: int | None) -> Array:
        """The sum of each window over `divisor_override`, or else over the number of its cells.

        With `count_include_pad` padding counts; cells past the padding (`ceil_mode`) never do.  Dilation is 1.
        """

    def avg_pool_grad(self, grad: Array, sizes: Sizes, window: Window, count_include_pad: bool,
                      divisor_override: int | None) -> Array:
        """The transpose of `avg_pool`.  grad (N, C, H', W'), sizes (H, W) → (N, C, H, W)."""

    def adaptive_avg_pool(self, x: Array, output_size: Sizes) -> Array:
        """The mean of each window; windows as in `adaptive_max_pool`."""

    def adaptive_avg_pool_grad(self, grad: Array, sizes: Sizes) -> Array:
        """The transpose of `adaptive_avg_pool`.  grad (N, C, H', W'), sizes (H, W) → (N, C, H, W)."""


# What `unary` and `unary_grad` know.  Kinks have the slope that PyTorch gives them.
FORMULAS = {
    "sigmoid": "1 / (1 + e⁻ˣ)",
    "logsigmoid": "-log(1 + e⁻ˣ)",
    "softplus": "log(1 + exp(beta · x)) / beta, x where beta · x > threshold; numbers beta, threshold",
    "silu": "x / (1 + e⁻ˣ)",
    "mish": "x · tanh(log(1 + eˣ))",
    "exp": "eˣ",
    "tanh": "(e²ˣ - 1) / (e²ˣ + 1)",
    "tanhshrink": "x - tanh x",
    "erf": "2 / √π · ∫ exp(-t²) dt from 0 to x",
    "erfc": "1 - erf x",
    "gelu": "x · erfc(-x / √2) / 2",
    "gelu_tanh": "x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))",
    "elu": "scale · x where x > 0, else scale · alpha · (exp(input_scale · x) - 1); numbers alpha, scale, input_scale",
    "leaky_relu": "x where x > 0, else slope · x; number slope",
    "hardtanh": "x limited to [low, high]; flat at the limits; numbers low, high",
    "hardsigmoid": "x / 6 + ½ limited to [0, 1]; flat at ±3",
    "hardswish": "x · (x / 6 + ½ limited to [0, 1]); flat at -3, slope 1 at 3",
    "threshold": "x where x > threshold, else value; flat at the threshold; numbers threshold, value",
    "hardshrink": "0 where |x| ≤ lambd, else x; number lambd",
    "softshrink": "0 where |x| ≤ lambd, else x moved towards 0 by lambd; number lambd",
    "softsign": "x / (1 + |x|)",
    "absolute": "|x|; flat at 0",
    "magnitude": "|x|; flat at 0 and at NaN",
    "square": "x²",
    "huber": "scale · x² / 2 where |x| < delta, else scale · delta · (|x| - delta / 2); numbers delta, scale",
}

KERNELS = tuple([name for name in vars(Kernels) if not name.startswith("_")])
