"""Runs all there is, forward and backward, and prints which kernels had to be compiled for it.

Ops by the op table, layers, losses, models, optimizers, in both dtypes, with one thread and with two, in both memory
layouts, and with nothing so small that NumPy would do it instead: ``python -m tests.nn.commands.everything``.
"""

from __future__ import annotations

import math
import sys
from typing import Any, Iterator

import numpy as np

import nn
import tensorgrad
from nn import functional as F
from tensorgrad import Tensor, kernels
from tests.libraries import TENSORGRAD, outputs_of
from tests.op_cases import ALL
from tests.op_cases.case import Case

IMAGES = {1: (4, 8, 9), 2: (4, 8, 9, 8), 3: (4, 8, 6, 5, 7)}
LOSSES = ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCEWithLogitsLoss", "KLDivLoss", "PoissonNLLLoss",
          "SoftMarginLoss", "MultiLabelSoftMarginLoss", "HingeEmbeddingLoss"]
OPTIMIZERS = [("SGD", {"lr": 0.1}), ("SGD", {"lr": 1, "momentum": 0.9, "nesterov": True}), ("Adam", {}),
              ("Adam", {"amsgrad": True}), ("AdamW", {}), ("RMSprop", {}), ("RMSprop", {"centered": True, "momentum": 0.5}),
              ("Adagrad", {}), ("Adadelta", {}), ("Adamax", {}), ("NAdam", {}), ("RAdam", {}), ("Rprop", {}), ("ASGD", {}),
              ("Lion", {})]
ACTIVATIONS = ["ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "CELU", "SELU", "GELU", "SiLU", "Mish", "GLU",
               "Sigmoid", "LogSigmoid", "Hardsigmoid", "Hardswish", "Tanh", "Hardtanh", "Tanhshrink", "Hardshrink",
               "Softshrink", "Softplus", "Softsign", "Dropout", "AlphaDropout", "Softmax2d", "Flatten", "Identity"]
CONVOLUTIONS = [{}, {"stride": 2, "groups": 2}, {"dilation": 2, "padding": 2, "bias": False}, {"groups": 8}, {"groups": 4}]
# Channels, filters, side of the image, side of the kernel: one or more for each algorithm.
SHAPES = [(3, 64, 32, 3), (1, 32, 28, 3), (16, 16, 32, 3), (32, 64, 14, 3), (192, 192, 16, 3), (16, 3, 16, 3),
          (3, 16, 64, 7), (32, 32, 16, 5), (64, 256, 8, 1), (6, 16, 14, 5)]


def layers() -> Iterator[tuple[nn.Module, tuple[int, ...]]]:
    """Layers and the shape of an input."""
    yield nn.Linear(64, 32), (16, 64)
    yield nn.Linear(64, 32, bias=False), (4, 8, 64)
    for spatial, shape in IMAGES.items():
        for options in CONVOLUTIONS:
            for kernel in (1, 3, 5):
                if spatial < 3 or kernel < 5:
                    yield getattr(nn, f"Conv{spatial}d")(8, 8, kernel, **{"padding": kernel // 2, **options}), shape
                yield getattr(nn, f"ConvTranspose{spatial}d")(8, 8, kernel, **options), shape
        for size in (2, 3):
            for name in ("MaxPool", "AvgPool"):
                yield getattr(nn, f"{name}{spatial}d")(size, padding=size // 3), shape
                yield getattr(nn, f"{name}{spatial}d")(size, 1, ceil_mode=True), shape
            yield getattr(nn, f"LPPool{spatial}d")(2, size), shape
        for name in ("AdaptiveAvgPool", "AdaptiveMaxPool"):
            for size in (1, 3):
                yield getattr(nn, f"{name}{spatial}d")(size), shape
        for name in ("BatchNorm", "InstanceNorm"):
            yield getattr(nn, f"{name}{spatial}d")(8), shape
            yield getattr(nn, f"{name}{spatial}d")(8, affine=name != "BatchNorm"), shape
        yield getattr(nn, f"Dropout{spatial}d")(), shape
        yield nn.GroupNorm(2, 8), shape
        yield nn.GroupNorm(8, 8, affine=False), shape
    yield nn.BatchNorm1d(8), (64, 8)
    for channels, filters, size, window in SHAPES:
        yield nn.Conv2d(channels, filters, window, padding=window // 2), (4, channels, size, size)
        yield nn.Conv2d(channels, filters, window, 2, bias=False), (1, channels, size, size)
        yield nn.ConvTranspose2d(channels, filters, window, 2), (2, channels, size // 2, size // 2)
    yield nn.LayerNorm(64), (16, 64)
    yield nn.LayerNorm((8, 9, 8), elementwise_affine=False), IMAGES[2]
    yield nn.RMSNorm(64), (16, 64)
    yield nn.LocalResponseNorm(3), IMAGES[2]
    for name in ACTIVATIONS:
        yield getattr(nn, name)(), IMAGES[2]
    yield nn.GELU("tanh"), IMAGES[2]
    yield nn.Threshold(0.1, 2), IMAGES[2]
    for dim in (0, 1, -1):
        yield nn.Softmax(dim), IMAGES[2]
        yield nn.LogSoftmax(dim), IMAGES[2]
    yield nn.Upsample(scale_factor=2), IMAGES[2]
    yield nn.UpsamplingBilinear2d(scale_factor=2), IMAGES[2]


def lazy_layers() -> Iterator[tuple[nn.Module, tuple[int, ...]]]:
    """Layers that learn the number of their channels from the input, and the shape of one."""
    yield nn.LazyLinear(32), (16, 64)
    for spatial, shape in IMAGES.items():
        yield getattr(nn, f"LazyConv{spatial}d")(8, 3, padding=1), shape
        yield getattr(nn, f"LazyConvTranspose{spatial}d")(8, 3, stride=2), shape
        yield getattr(nn, f"LazyBatchNorm{spatial}d")(), shape
        yield getattr(nn, f"LazyInstanceNorm{spatial}d")(affine=True), shape


def moving_layers() -> Iterator[tuple[nn.Module, tuple[int, ...]]]:
    """Layers that pad, rearrange or compare, and the shape of an input."""
    for spatial, shape in IMAGES.items():
        for name in ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"):
            for padding in (1, (2, 1) * spatial):
                yield getattr(nn, f"{name}{spatial}d")(padding), shape
        yield getattr(nn, f"ConstantPad{spatial}d")(2, 0.5), shape
        for mode in ("reflect", "replicate", "circular"):
            yield getattr(nn, f"Conv{spatial}d")(8, 8, 3, padding=1, padding_mode=mode), shape
    yield nn.Unfold(3, padding=1, stride=2), IMAGES[2]
    yield nn.Fold((9, 8), 3, dilation=(1, 2), padding=1), (4, 18, 54)
    yield nn.PixelShuffle(2), IMAGES[2]
    yield nn.PixelUnshuffle(2), (4, 3, 8, 6)
    yield nn.ChannelShuffle(2), IMAGES[2]
    yield nn.UpsamplingNearest2d(scale_factor=2), IMAGES[2]
    yield nn.Softmin(1), IMAGES[2]
    yield nn.Unflatten(1, (2, 4)), IMAGES[2]
    yield nn.FeatureAlphaDropout(), IMAGES[2]


def layers_of_several() -> Iterator[tuple[nn.Module, tuple[np.ndarray, ...]]]:
    """Layers with several inputs, or with indices, and those."""
    rng = np.random.default_rng(0)
    x, y, far = rng.normal(size=(3, 16, 10))
    classes, signs = np.arange(16) % 10, np.where(np.arange(16) % 2, 1.0, -1.0)
    for bias in (True, False):
        yield nn.Bilinear(10, 10, 6, bias=bias), (x, y)
    for options in ({}, {"padding_idx": 1, "scale_grad_by_freq": True}, {"max_norm": 0.5}):
        yield nn.Embedding(20, 8, **options), (rng.integers(0, 20, (16, 5)),)
    for spatial, shape in IMAGES.items():
        pooled = [size // 2 for size in shape[2:]]
        places = np.broadcast_to(np.arange(math.prod(pooled)).reshape(pooled), (*shape[:2], *pooled)).copy()
        yield getattr(nn, f"MaxUnpool{spatial}d")(2), (rng.normal(size=places.shape), places)
    yield nn.CosineSimilarity(), (x, y)
    yield nn.PairwiseDistance(), (x, y)
    yield nn.AdaptiveLogSoftmaxWithLoss(10, 10, [2, 6]), (x, classes)
    for reduction in ("mean", "sum", "none"):
        yield nn.CosineEmbeddingLoss(reduction=reduction), (x, y, signs)
        yield nn.MarginRankingLoss(reduction=reduction), (x[:, 0], y[:, 0], signs)
        yield nn.TripletMarginLoss(reduction=reduction), (x, y, far)
        yield nn.TripletMarginWithDistanceLoss(reduction=reduction), (x, y, far)
        yield nn.MultiMarginLoss(reduction=reduction), (x, classes)
        yield nn.MultiLabelMarginLoss(reduction=reduction), (x, np.repeat(classes[:, None], 10, 1))
        yield nn.GaussianNLLLoss(reduction=reduction), (x, y, np.abs(far) + 0.1)
        yield nn.LinearCrossEntropyLoss(10, 10, reduction=reduction), (x, classes)


def arrays_of(array: np.ndarray, dtype: Any) -> Iterator[np.ndarray]:
    """The numbers in that dtype, as they lie, channels last, with gaps, and as an array that cannot be written to."""
    array = array.astype(dtype) if array.dtype.kind == "f" else array
    yield array
    if array.ndim > 2:
        yield np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1)
    if array.ndim:
        yield np.repeat(array, 2, axis=-1)[..., ::2]
    fixed = np.array(array)
    fixed.flags.writeable = False
    yield fixed


def walk(outputs: Any) -> None:
    """Backward from all outputs that have a gradient, from a gradient that lies in memory, and from one number."""
    found = [out for out in outputs_of(outputs) if isinstance(out, Tensor) and out.requires_grad]
    for out in found:
        out.backward(Tensor(np.ones(out.shape, out.dtype)), retain_graph=True)
        out.sum().backward(retain_graph=True)


def row(case: Case, dtype: Any) -> None:
    """A row of the op table, in every layout of its inputs."""
    drawn = [[*arrays_of(array, dtype)] for array in case.draw()]
    for i in range(max(map(len, drawn), default=0)):
        inputs = [Tensor(each[min(i, len(each) - 1)]) for each in drawn]
        for at, tensor in enumerate(inputs):
            tensor.requires_grad = bool(case.orders) and tensor.dtype.kind == "f" and at not in case.constant
        if case.float32 or dtype is np.float64:
            walk(case.build(TENSORGRAD, *inputs))


def layer(module: nn.Module, shape: tuple[int, ...], dtype: Any) -> None:
    """A layer in training and in evaluation."""
    for array in arrays_of(np.random.default_rng(0).normal(size=shape), dtype):
        walk(module(Tensor(array, requires_grad=True)))
    with tensorgrad.no_grad():
        module.eval()(Tensor(np.ones(shape, dtype)))


def layer_of_several(module: nn.Module, inputs: tuple[np.ndarray, ...], dtype: Any) -> None:
    """A layer in every layout of its first input; further ones have no gradient where they are targets."""
    first, *others = inputs
    for array in arrays_of(first, dtype):
        rest = [Tensor(other.astype(dtype) if other.dtype.kind == "f" else other) for other in others]
        walk(module(Tensor(array, requires_grad=array.dtype.kind == "f"), *rest))


def losses(dtype: Any) -> None:
    x = np.random.default_rng(0).uniform(0.1, 0.9, size=(64, 10))
    for reduction in ("mean", "sum", "none"):
        for array in arrays_of(x, dtype):
            for name in LOSSES:
                walk(getattr(nn, name)(reduction=reduction)(Tensor(array, requires_grad=True), Tensor(array.round())))
            walk(nn.BCELoss(reduction=reduction)(Tensor(array, requires_grad=True), Tensor(array.round())))
            for classes in (np.arange(64) % 10, (np.arange(64) % 10).astype(np.int32)):
                for smoothing in (0.0, 0.1):
                    options = {"reduction": reduction, "label_smoothing": smoothing}
                    for weight in (None, Tensor(np.ones(10, dtype))):
                        walk(F.cross_entropy(Tensor(array, requires_grad=True), Tensor(classes), weight, **options))
                walk(F.nll_loss(F.log_softmax(Tensor(array, requires_grad=True), 1), Tensor(classes), reduction=reduction))


def training(dtype: Any) -> None:
    """Two steps and an inference of every model with SGD, of one with every optimizer."""
    tensorgrad.set_default_dtype(dtype)
    todo = [(name, n, size, OPTIMIZERS[1]) for name in nn.models.available() for n, size in ((1, 28), (1, 32), (4, 32))]
    todo += [("lenet5", n, 28, optimizer) for optimizer in OPTIMIZERS for n in (1, 64)]
    for name, n, size, (optimizer, options) in todo:
        model = nn.models.create(name, in_channels=3 if size == 32 else 1, image_size=size)
        updates = getattr(nn.optim, optimizer)(model.parameters(), **options)
        x, target = tensorgrad.rand(n, 3 if size == 32 else 1, size, size), tensorgrad.tensor([i % 10 for i in range(n)])
        for _ in range(2):
            updates.zero_grad()
            if n > 1:  # batch norm needs more than one
                F.cross_entropy(model(x), target).backward()
                updates.step()
        with tensorgrad.no_grad():
            model.eval()(x)
    tensorgrad.set_default_dtype(np.float32)


def nothing_is_little() -> None:
    """Let every kernel run compiled, and in several slices if there are several threads, however small its arrays are."""
    for name, module in sys.modules.items():
        if name.startswith("tensorgrad.kernels.compiled."):
            for limit in ("FEW", "VERY_FEW", "LEAST_WORK"):
                if hasattr(module, limit):
                    setattr(module, limit, 0)


def everything() -> Iterator[tuple[str, Any]]:
    """Names, and functions that do a part of it."""
    for dtype in (np.float32, np.float64):
        yield f"training {np.dtype(dtype)}", lambda dtype=dtype: training(dtype)
    yield "the rest", nothing_is_little
    for dtype in (np.float32, np.float64):  # models were trained as users do
        yield f"losses {np.dtype(dtype)}", lambda dtype=dtype: losses(dtype)
        for module, shape in layers():
            yield f"{module} {np.dtype(dtype)}", lambda m=module, s=shape, d=dtype: layer(m.to(d), s, d)
        for module, shape in (*lazy_layers(), *moving_layers()):
            yield f"{module} {np.dtype(dtype)}", lambda m=module, s=shape, d=dtype: layer(m.to(d), s, d)
        for module, inputs in layers_of_several():
            yield f"{module} {np.dtype(dtype)}", lambda m=module, i=inputs, d=dtype: layer_of_several(m.to(d), i, d)
        for case in ALL:
            yield f"{case} {np.dtype(dtype)}", lambda c=case, d=dtype: row(c, d)


def main() -> None:
    kernels.use("compiled")
    from tensorgrad.kernels.compiled.cache import KernelCache

    load = KernelCache.load_overload
    parts = [*everything()]
    at = ""

    def watched(self: Any, sig: Any, target_context: Any) -> Any:
        found = load(self, sig, target_context)
        if found is None:
            print(f"{at}, {kernels.get_num_threads()} threads: {self._py_func.__name__} {sig}", flush=True)
        return found

    KernelCache.load_overload = watched  # type: ignore[method-assign]
    for threads in (1, 2):
        kernels.set_num_threads(threads)
        for at, part in parts:
            part()


if __name__ == "__main__":
    main()
