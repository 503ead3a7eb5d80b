"""Single ops: convolutions by kind, pooling, normalisation, entry by entry, reductions, losses, optimizers."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from benchmarks.cases.case import Input, Op, Update
from tensorgrad import costs

__all__ = ["OPS", "QUICK_OPS", "conv"]


def conv(family: str, n: int, c: int, side: int, filters: int, kernel: int, stride: int = 1, padding: int = -1,
         dilation: int = 1, groups: int = 1, transposed: bool = False, first: bool = False, name: str = "",
         **more: Any) -> Op:
    """A row for a convolution of `n` images of c × side × side; the padding keeps the size at stride 1 if not given.

    first   True: the images are given data, their gradient is not wanted
    """
    padding = dilation * (kernel // 2) if padding < 0 else padding
    extras = [text for text, said in ((f"stride {stride}", stride > 1), (f"dilation {dilation}", dilation > 1),
                                      (f"{groups} groups", groups > 1), ("transposed", transposed)) if said]
    weight = (c, filters // groups, kernel, kernel) if transposed else (filters, c // groups, kernel, kernel)
    if transposed:
        result = (side - 1) * stride - 2 * padding + kernel

        def call(lib: Any, x: Any, w: Any) -> Any:
            return lib.conv_transpose2d(x, w, None, stride, padding)
    else:
        result = (side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1

        def call(lib: Any, x: Any, w: Any) -> Any:
            return lib.conv2d(x, w, None, stride, padding, dilation, groups)
    cost = costs.multiply_adds("conv_transpose2d" if transposed else "conv2d", [(n, c, side, side), weight],
                               (n, filters, result, result))
    return Op(name or ", ".join([f"conv {kernel}×{kernel} {c}→{filters}", *extras, f"{n}×{side}×{side}"]), family, call,
              (Input((n, c, side, side), grad=not first), Input(weight)), multiply_adds=cost or 0, **more)


CONVOLUTIONS = [
    conv("3×3", 64, 16, 32, 16, 3),
    conv("3×3", 64, 32, 28, 32, 3),
    conv("3×3", 64, 32, 14, 64, 3),
    conv("3×3", 64, 64, 32, 64, 3),
    conv("3×3", 64, 64, 14, 64, 3),
    conv("3×3", 64, 64, 8, 64, 3),
    conv("3×3", 64, 64, 16, 128, 3),
    conv("3×3", 64, 128, 16, 128, 3),
    conv("3×3", 64, 256, 8, 256, 3),
    conv("3×3", 1, 64, 56, 64, 3),
    conv("3×3", 8, 512, 7, 512, 3),
    conv("5×5", 64, 6, 14, 16, 5, padding=0),
    conv("5×5", 64, 32, 14, 64, 5),
    conv("5×5", 8, 64, 27, 192, 5),
    conv("first layer", 64, 1, 28, 6, 5, first=True),
    conv("first layer", 64, 1, 28, 32, 3, first=True),
    conv("first layer", 64, 3, 32, 64, 3, first=True),
    conv("first layer", 8, 3, 224, 64, 11, stride=4, padding=2, first=True),
    conv("strided", 64, 16, 32, 32, 3, stride=2),
    conv("strided", 64, 32, 16, 64, 3, stride=2),
    conv("strided", 64, 64, 32, 128, 3, stride=2),
    conv("1×1", 8, 64, 56, 256, 1),
    conv("1×1", 8, 256, 56, 64, 1),
    conv("1×1", 64, 64, 16, 128, 1),
    conv("depthwise", 32, 128, 28, 128, 3, groups=128),
    conv("depthwise", 64, 64, 16, 64, 3, groups=64),
    conv("depthwise", 64, 64, 16, 64, 3, stride=2, groups=64),
    conv("dilated", 32, 64, 28, 64, 3, dilation=2),
    conv("dilated", 32, 32, 32, 32, 3, dilation=4),
    conv("grouped", 32, 128, 16, 128, 3, groups=4),
    conv("grouped", 32, 128, 16, 128, 3, groups=32),
    conv("transposed", 16, 64, 16, 32, 2, stride=2, padding=0, transposed=True),
    conv("transposed", 16, 64, 16, 32, 4, stride=2, padding=1, transposed=True),
]


def op(name: str, family: str, call: Callable[..., Any], *inputs: Input | Sequence[int], **more: Any) -> Op:
    """A row; an input may be given by its shape."""
    return Op(name, family, call, tuple(x if isinstance(x, Input) else Input(tuple(x)) for x in inputs), **more)


def batch_norm(lib: Any, x: Any, w: Any, b: Any) -> Any:
    return lib.batch_norm(x, None, None, w, b, True)


IMAGES = (64, 64, 32, 32)

LAYERS = [
    op("max pool 2×2, 64×64×32×32", "pooling", lambda lib, x: lib.max_pool2d(x, 2), IMAGES),
    op("max pool 2×2, 64×6×28×28", "pooling", lambda lib, x: lib.max_pool2d(x, 2), (64, 6, 28, 28)),
    op("max pool 3×3 stride 2, 8×64×55×55", "pooling", lambda lib, x: lib.max_pool2d(x, 3, 2), (8, 64, 55, 55)),
    op("average pool 2×2, 64×64×32×32", "pooling", lambda lib, x: lib.avg_pool2d(x, 2), IMAGES),
    op("adaptive average pool to 1×1, 64×64×8×8", "pooling", lambda lib, x: lib.adaptive_avg_pool2d(x, 1), (64, 64, 8, 8)),
    op("batch norm, 64×64×32×32", "batch norm", batch_norm, IMAGES, (64,), (64,)),
    op("batch norm, 64×16×32×32", "batch norm", batch_norm, (64, 16, 32, 32), (16,), (16,)),
    op("batch norm, 64×256×8×8", "batch norm", batch_norm, (64, 256, 8, 8), (256,), (256,)),
    op("layer norm, 512×768", "normalisation", lambda lib, x, w, b: lib.layer_norm(x, (768,), w, b),
       (512, 768), (768,), (768,)),
    op("group norm, 8 groups, 32×64×16×16", "normalisation", lambda lib, x, w, b: lib.group_norm(x, 8, w, b),
       (32, 64, 16, 16), (64,), (64,)),
    op("cross-entropy, 64×10", "cross-entropy", lambda lib, x, y: lib.cross_entropy(x, y), (64, 10),
       Input((64,), grad=False, classes=10)),
    op("cross-entropy, 1024×1000", "cross-entropy", lambda lib, x, y: lib.cross_entropy(x, y), (1024, 1000),
       Input((1024,), grad=False, classes=1000)),
    op("cross-entropy per pixel, 8×10×64×64", "cross-entropy", lambda lib, x, y: lib.cross_entropy(x, y), (8, 10, 64, 64),
       Input((8, 64, 64), grad=False, classes=10)),
    op("mean squared error, 64×1000", "loss", lambda lib, x, y: lib.mse_loss(x, y), (64, 1000),
       Input((64, 1000), grad=False)),
    op("softmax, 1024×1000", "softmax", lambda lib, x: lib.softmax(x, 1), (1024, 1000)),
    op("linear 784→512, batch 64", "linear", lambda lib, x, w, b: lib.linear(x, w, b), (64, 784), (512, 784), (512,),
       multiply_adds=64 * 784 * 512),
    op("matrix product 1024×1024", "linear", lambda lib, a, b: lib.matmul(a, b), (1024, 1024), (1024, 1024),
       multiply_adds=1024**3),
    op("dropout 0.5, 64×64×32×32", "entry by entry", lambda lib, x: lib.dropout(x, 0.5, True), IMAGES),
]

ENTRIES = [
    op("relu, 64×64×32×32", "entry by entry", lambda lib, x: lib.relu(x), IMAGES),
    op("relu, 64×64×8×8", "entry by entry", lambda lib, x: lib.relu(x), (64, 64, 8, 8)),
    op("sigmoid, 1M", "entry by entry", lambda lib, x: lib.sigmoid(x), (1024, 1024)),
    op("tanh, 1M", "entry by entry", lambda lib, x: lib.tanh(x), (1024, 1024)),
    op("exp, 1M", "entry by entry", lambda lib, x: lib.exp(x), (1024, 1024)),
    op("gelu, 1M", "entry by entry", lambda lib, x: lib.gelu(x), (1024, 1024)),
    op("x + y, 1M", "entry by entry", lambda lib, x, y: x + y, (1024, 1024), (1024, 1024)),
    op("x · y, 1M", "entry by entry", lambda lib, x, y: x * y, (1024, 1024), (1024, 1024)),
    op("x · row, 1M", "entry by entry", lambda lib, x, y: x * y, (1024, 1024), (1024,)),
    op("x / y, 16", "entry by entry", lambda lib, x, y: x / y, (16,), (16,)),
    op("sum of all, 1M", "reduction", lambda lib, x: lib.sum(x), (1024, 1024)),
    op("sum of rows, 1M", "reduction", lambda lib, x: lib.sum(x, 1), (1024, 1024)),
    op("sum of columns, 1M", "reduction", lambda lib, x: lib.sum(x, 0), (1024, 1024)),
    op("sum over images, 64×64×32×32", "reduction", lambda lib, x: lib.sum(x, (0, 2, 3)), IMAGES),
    op("largest of rows, 1M", "reduction", lambda lib, x: lib.amax(x, 1), (1024, 1024)),
]

VGG = (*((after, before, 3, 3) for before, after in ((3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256))),
       (512, 4096), (512,), (10, 512), (10,))
LENET = ((6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,))

UPDATES = [Update(f"{label}, parameters of {net}", "optimizer step", name, options, shapes)
           for net, shapes in (("VGG-small", VGG), ("LeNet-5", LENET))
           for label, name, options in (("SGD with momentum", "SGD", {"lr": 0.01, "momentum": 0.9}),
                                        ("Adam", "Adam", {"lr": 0.001}), ("AdamW", "AdamW", {"lr": 0.001}))]

OPS = [*CONVOLUTIONS, *LAYERS, *ENTRIES, *UPDATES]

QUICK_OPS = [
    conv("3×3", 2, 16, 8, 16, 3),
    conv("first layer", 2, 1, 8, 6, 5, first=True),
    conv("strided", 2, 4, 8, 8, 3, stride=2),
    conv("depthwise", 2, 8, 8, 8, 3, groups=8),
    conv("transposed", 2, 4, 4, 2, 2, stride=2, padding=0, transposed=True),
    op("max pool 2×2", "pooling", lambda lib, x: lib.max_pool2d(x, 2), (2, 4, 8, 8)),
    op("batch norm", "batch norm", batch_norm, (4, 4, 4, 4), (4,), (4,)),
    op("cross-entropy", "cross-entropy", lambda lib, x, y: lib.cross_entropy(x, y), (4, 10),
       Input((4,), grad=False, classes=10)),
    op("relu", "entry by entry", lambda lib, x: lib.relu(x), (16, 16)),
    Update("SGD with momentum", "optimizer step", "SGD", {"lr": 0.01, "momentum": 0.9}, ((8, 8), (8,))),
]
