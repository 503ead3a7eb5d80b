"""Rows for `tensorgrad.ops.pooling`, `adaptive_pooling` and `unpooling`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.ops.adaptive_pooling import AdaptiveAvgPoolGrad
from tensorgrad.ops.pooling import AvgPoolGrad, GatherWinners, ScatterWinners
from tensorgrad.window import Window
from tests import loops
from tests.op_cases.case import Case, Draw, all_negative, distinct, normal, positive


def maximum(name: str, draw: Draw, ndim: int = 2, **options: Any) -> Case:
    """A row of max_pool1d, max_pool2d or max_pool3d."""
    function = name.split("-")[0]
    numbers = {key: value for key, value in options.items() if key != "return_indices"}
    windows = loops.Windows(ndim, numbers.pop("kernel_size"), **numbers)

    def reference(x: Any) -> Any:
        batch = x if x.ndim == ndim + 2 else x[None]
        y, winners = loops.max_pool(batch, windows)
        y, winners = (y, winners) if x.ndim == ndim + 2 else (y[0], winners[0])
        return (y, winners) if options.get("return_indices") else y

    return Case(name, lambda lib, x: getattr(lib.F, function)(x, **options), (draw,), reference)


def average(name: str, *shape: int, **options: Any) -> Case:
    """A row of avg_pool1d, avg_pool2d or avg_pool3d."""
    function = name.split("-")[0]
    ndim = int(function[-2])
    numbers = {key: options[key] for key in ("stride", "padding", "ceil_mode") if key in options}
    windows = loops.Windows(ndim, options["kernel_size"], **numbers)

    def reference(x: Any) -> Any:
        batch = x if x.ndim == ndim + 2 else x[None]
        y = loops.avg_pool(batch, windows, options.get("count_include_pad", True), options.get("divisor_override"))
        return y if x.ndim == ndim + 2 else y[0]

    return Case(name, lambda lib, x: getattr(lib.F, function)(x, **options), (normal(*shape),), reference)


def adaptive(name: str, draw: Draw, output_size: Any, counts: tuple[int, ...], **options: Any) -> Case:
    """A row of the adaptive pools; `counts` is what `output_size` comes to."""
    function = name.split("-")[0]

    def reference(x: Any) -> Any:
        if "avg" in function:
            return loops.adaptive_avg_pool(x, counts)
        found = loops.adaptive_max_pool(x, counts)
        return found if options.get("return_indices") else found[0]

    return Case(name, lambda lib, x: getattr(lib.F, function)(x, output_size, **options), (draw,), reference)


def lp(name: str, *shape: int, p: float, draw: Any = positive, **options: Any) -> Case:
    """A row of lp_pool1d, lp_pool2d or lp_pool3d."""
    function = name.split("-")[0]
    windows = loops.Windows(int(function[-2]), options["kernel_size"], options.get("stride"))

    def reference(x: Any) -> Any:
        if np.isinf(p):
            return loops.max_pool(np.abs(x) * np.sign(p), windows)[0] * np.sign(p)
        return (loops.avg_pool(x**p, windows) * np.prod(windows.kernel))**(1 / p)

    pool = "max" if np.isinf(p) else "avg"
    return Case(name, lambda lib, x: getattr(lib.F, function)(x, p, **options), (draw(*shape),), reference,
                ops=(function.replace("lp", pool),))


WINNERS = np.array([[[[0, 3], [9, 11]]]])
WINDOW = Window.parse("avg_pool2d", 2, 3, 2, 1)


def unpool(lib: Any, x: Any) -> Any:
    return lib.F.max_unpool2d(*lib.F.max_pool2d(x, 2, return_indices=True), 2, output_size=(5, 5))


CASES = [
    maximum("max_pool1d", distinct(2, 3, 8), 1, kernel_size=2),
    maximum("max_pool1d-stride-padding", distinct(2, 3, 7), 1, kernel_size=3, stride=2, padding=1),
    maximum("max_pool2d", distinct(2, 3, 6, 6), kernel_size=2),
    maximum("max_pool2d-one_image", distinct(3, 4, 6), kernel_size=2),
    maximum("max_pool2d-overlapping", distinct(2, 2, 6, 6), kernel_size=3, stride=1),
    maximum("max_pool2d-return_indices", distinct(2, 2, 5, 6), kernel_size=(3, 2), stride=2, return_indices=True),
    maximum("max_pool2d-padding-all_negative", all_negative(2, 2, 5, 5), kernel_size=3, stride=2, padding=1),
    maximum("max_pool2d-padding-return_indices", all_negative(2, 2, 5, 5), kernel_size=3, padding=1, return_indices=True),
    maximum("max_pool2d-ceil_mode", distinct(2, 2, 5, 6), kernel_size=2, stride=2, ceil_mode=True),
    maximum("max_pool2d-ceil_mode-padding", all_negative(2, 2, 6, 7), kernel_size=3, stride=2, padding=1, ceil_mode=True),
    maximum("max_pool2d-dilation", distinct(2, 2, 7, 7), kernel_size=2, stride=1, dilation=(2, 3)),
    maximum("max_pool2d-dilation-padding", all_negative(1, 2, 7, 7), kernel_size=3, stride=2, dilation=2, padding=1),
    maximum("max_pool2d-stride_larger_than_kernel", distinct(1, 2, 7, 7), kernel_size=2, stride=3),
    maximum("max_pool3d", distinct(1, 2, 4, 4, 4), 3, kernel_size=2),
    maximum("max_pool3d-padding-ceil_mode", all_negative(1, 2, 4, 5, 3), 3, kernel_size=(2, 3, 2), stride=2, padding=1,
            ceil_mode=True),
    average("avg_pool1d", 2, 3, 8, kernel_size=2),
    average("avg_pool1d-padding-without_pad", 2, 3, 7, kernel_size=3, stride=2, padding=1, count_include_pad=False),
    average("avg_pool2d", 2, 3, 6, 6, kernel_size=2),
    average("avg_pool2d-one_image", 3, 4, 6, kernel_size=2),
    average("avg_pool2d-overlapping", 2, 2, 5, 6, kernel_size=(3, 2), stride=1),
    average("avg_pool2d-padding", 2, 2, 5, 5, kernel_size=3, stride=2, padding=1),
    average("avg_pool2d-padding-without_pad", 2, 2, 5, 5, kernel_size=3, stride=2, padding=1, count_include_pad=False),
    average("avg_pool2d-ceil_mode", 2, 2, 6, 7, kernel_size=3, stride=2, padding=1, ceil_mode=True),
    average("avg_pool2d-ceil_mode-without_pad", 2, 2, 6, 7, kernel_size=3, stride=2, padding=1, ceil_mode=True,
            count_include_pad=False),
    average("avg_pool2d-divisor", 2, 2, 5, 5, kernel_size=2, stride=1, divisor_override=3),
    average("avg_pool2d-everything", 2, 3, 4, 4, kernel_size=4),
    average("avg_pool3d", 1, 2, 4, 4, 4, kernel_size=2),
    average("avg_pool3d-padding-without_pad", 1, 2, 4, 5, 3, kernel_size=(2, 3, 2), stride=2, padding=1,
            count_include_pad=False, divisor_override=None),
    adaptive("adaptive_avg_pool1d", normal(2, 3, 7), 3, (3,)),
    adaptive("adaptive_avg_pool2d", normal(2, 3, 6, 6), 1, (1, 1)),
    adaptive("adaptive_avg_pool2d-divides", normal(2, 3, 6, 8), (2, 4), (2, 4)),
    adaptive("adaptive_avg_pool2d-overlapping", normal(2, 3, 5, 7), (3, 4), (3, 4)),
    adaptive("adaptive_avg_pool2d-larger", normal(2, 3, 3, 4), (5, 4), (5, 4)),
    adaptive("adaptive_avg_pool2d-none", normal(2, 3, 5, 4), (None, 2), (5, 2)),
    adaptive("adaptive_avg_pool3d", normal(1, 2, 4, 5, 3), (2, 3, 1), (2, 3, 1)),
    adaptive("adaptive_max_pool1d", distinct(2, 3, 7), 3, (3,)),
    adaptive("adaptive_max_pool2d", all_negative(2, 3, 5, 7), (3, 4), (3, 4)),
    adaptive("adaptive_max_pool2d-return_indices", distinct(2, 3, 5, 4), 2, (2, 2), return_indices=True),
    adaptive("adaptive_max_pool3d", distinct(1, 2, 4, 5, 3), (2, 3, 1), (2, 3, 1)),
    Case("max_unpool2d", unpool, (distinct(2, 2, 5, 5),),
         lambda x: loops.scatter_winners(*loops.max_pool(x, loops.Windows(2, 2)), (5, 5)),
         ops=("put_winners", "max_pool2d")),
    lp("lp_pool1d", 2, 3, 7, p=3, kernel_size=3, stride=2),
    lp("lp_pool2d", 2, 2, 5, 6, p=2, kernel_size=(2, 3), draw=normal),
    lp("lp_pool2d-fraction", 2, 5, 6, 2, p=1.5, kernel_size=2, stride=1),
    lp("lp_pool2d-largest", 2, 2, 4, 4, p=float("inf"), kernel_size=2, draw=distinct),
    lp("lp_pool2d-smallest", 2, 2, 4, 4, p=-float("inf"), kernel_size=2, draw=distinct),
    lp("lp_pool3d", 1, 2, 3, 4, 4, p=2, kernel_size=2, draw=normal),
    Case("max_pool2d_with_indices", lambda lib, x: lib.F.max_pool2d_with_indices(x, 2), (distinct(2, 3, 4, 5),),
         lambda x: loops.max_pool(x, loops.Windows(2, 2)), ops=("max_pool2d",)),
    # The ops that only gradients are made of have no name in PyTorch.
    Case("scatter_winners", lambda lib, y: ScatterWinners(WINNERS, (3, 4)).apply(y), (normal(1, 1, 2, 2),),
         lambda y: loops.scatter_winners(y, WINNERS, (3, 4)), torch=False),
    Case("gather_winners", lambda lib, x: GatherWinners(WINNERS).apply(x), (normal(1, 1, 3, 4),),
         lambda x: loops.gather_winners(x, WINNERS), torch=False),
    Case("avg_pool2d_grad", lambda lib, y: AvgPoolGrad((5, 5), WINDOW, True, None).apply(y), (normal(2, 2, 3, 3),),
         lambda y: loops.avg_pool_grad(y, (5, 5), loops.Windows(2, 3, 2, 1)), ops=("avg_pool_grad",), torch=False),
    Case("adaptive_avg_pool_grad", lambda lib, y: AdaptiveAvgPoolGrad((5, 4)).apply(y), (normal(2, 2, 3, 3),),
         lambda y: loops.adaptive_avg_pool_grad(y, (5, 4)), torch=False),
]
