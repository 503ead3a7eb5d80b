"""A float32 pass through each layer, each loss and each optimizer makes no float64 array."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import optim
from nn.optim import swa_utils
from tensorgrad import Tensor, kernels, watching
from tests.nn.test_float32_training import Widest
from tests.tensorgrad.ops.test_all_ops import Watched

IMAGES = {1: (3, 4, 6), 2: (3, 4, 6, 6), 3: (3, 4, 4, 4, 4)}
SMALL, ROWS, CLASSES, SIGNS = (3, 4), (5, 4), [0, 3, 1, 2, 0], [1.0, -1.0, 1.0, -1.0, 1.0]

# Class: arguments of its constructor, by name if they are a dict, and what it is called with: a shape of normal numbers,
# or a list.
LAYERS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    **{f"{name}{n}d": (arguments, (IMAGES[n],)) for n in (1, 2, 3) for name, arguments in {
        "Conv": (4, 2, 3), "ConvTranspose": (4, 2, 3), "LazyConv": (2, 3), "LazyConvTranspose": (2, 3), "MaxPool": (2,),
        "AvgPool": (2,), "LPPool": (2, 2), "AdaptiveAvgPool": (2,), "AdaptiveMaxPool": (2,), "BatchNorm": (4,),
        "InstanceNorm": (4,), "LazyBatchNorm": (), "LazyInstanceNorm": (), "Dropout": (), "CircularPad": (1,),
        "ConstantPad": (1, 0.5), "ReflectionPad": (1,), "ReplicationPad": (1,), "ZeroPad": (1,)}.items()},
    **{name: ((), (IMAGES[2],)) for name in (
        "AlphaDropout", "CELU", "Dropout", "ELU", "FeatureAlphaDropout", "Flatten", "GELU", "GLU", "Hardshrink",
        "Hardsigmoid", "Hardswish", "Hardtanh", "Identity", "LeakyReLU", "LogSigmoid", "Mish", "PReLU", "RReLU", "ReLU",
        "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax2d", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink")},
    **{name: ((1,), (IMAGES[2],)) for name in ("Softmax", "LogSoftmax", "Softmin")},
    **{name: ((2,), (IMAGES[2],)) for name in (
        "ChannelShuffle", "PixelShuffle", "PixelUnshuffle", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d",
        "Unfold", "LocalResponseNorm")},
    "Threshold": ((0.1, 2), (IMAGES[2],)), "GroupNorm": ((2, 4), (IMAGES[2],)), "LayerNorm": ((6,), (IMAGES[2],)),
    "RMSNorm": ((6,), (IMAGES[2],)), "Unflatten": ((1, (2, 2)), (IMAGES[2],)), "Fold": ((4, 2), ((3, 8, 9),)),
    "Linear": ((4, 3), (SMALL,)), "LazyLinear": ((3,), (SMALL,)), "Bilinear": ((4, 4, 2), (SMALL, SMALL)),
    "CosineSimilarity": ((), (SMALL, SMALL)), "PairwiseDistance": ((), (SMALL, SMALL)),
    "Embedding": ((9, 3, None, 2.0), ([1, 8, 3],)),
    # losses
    **{name: ((), (ROWS, ROWS)) for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "PoissonNLLLoss")},
    "KLDivLoss": (({"reduction": "batchmean"},), (ROWS, ROWS)),
    **{name: ((), (ROWS, [[0.0, 1.0, 0.3, 0.6]] * 5)) for name in ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss")},
    "BCELoss": ((), ([[0.2, 0.9]] * 3, [[0.0, 1.0]] * 3)),
    "CrossEntropyLoss": (([1, 2, 3, 4],), (ROWS, CLASSES)),
    "NLLLoss": (([1.0, 2.0, 3.0, 4.0],), (ROWS, CLASSES)), "MultiMarginLoss": ((), (ROWS, CLASSES)),
    "MultiLabelMarginLoss": ((), (ROWS, [[1, 2, -1, 0]] * 5)),
    "GaussianNLLLoss": (({"full": True},), (ROWS, ROWS, [[0.5] * 4] * 5)),
    "CosineEmbeddingLoss": ((0.1,), (ROWS, ROWS, SIGNS)), "MarginRankingLoss": ((0.1,), ((5,), (5,), SIGNS)),
    "HingeEmbeddingLoss": ((), ((5,), SIGNS)), "SoftMarginLoss": ((), ((5,), SIGNS)),
    "TripletMarginLoss": ((1.0, 2.0, 1e-6, True), (ROWS, ROWS, ROWS)),
    "TripletMarginWithDistanceLoss": ((), (ROWS, ROWS, ROWS)),
    "LinearCrossEntropyLoss": ((4, 4), (ROWS, CLASSES)), "AdaptiveLogSoftmaxWithLoss": ((4, 6, [2, 4]), (ROWS, CLASSES)),
}
# Containers, which compute nothing, and layers that need the indices of another, which are below.
BESIDE = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential", "MaxUnpool1d", "MaxUnpool2d",
          "MaxUnpool3d"}


def operand(like: Any) -> Tensor:
    """Numbers of float32, or integers."""
    if isinstance(like, tuple):
        return Tensor(np.random.default_rng(0).normal(size=like).astype(np.float32), requires_grad=True)
    array = np.array(like)
    return Tensor(array.astype(np.float32), requires_grad=True) if array.dtype.kind == "f" else Tensor(array)


def check(layer: nn.Module, operands: list[Tensor]) -> None:
    """Forward and backward while training, forward in evaluation; parameters, buffers and results are float32, too."""
    watcher = Widest()
    watching.start(watcher)
    try:
        for _ in range(2):
            result = layer(*operands)
            outputs = [out for out in (result if isinstance(result, tuple) else (result,)) if out.requires_grad]
            assert outputs
            for out in outputs:
                out.backward(tg.ones_like(out), retain_graph=True)
        layer.eval()
        with tg.no_grad():
            layer(*operands)
    finally:
        watching.stop(watcher)
    for tensor in [*operands, *layer.parameters(), *outputs]:
        watcher.look("operand", tensor, tensor.grad)
    watcher.look("state", *layer.state_dict().values())
    assert not watcher.found, watcher.found[:5]
    assert {out.dtype for out in outputs} == {np.dtype(np.float32)}


@pytest.mark.parametrize("set_name", kernels.available())
@pytest.mark.parametrize("name", LAYERS)
def test_layers_and_losses(name: str, set_name: str) -> None:
    arguments, operands = LAYERS[name]
    options = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
    with kernels.use(set_name):
        check(getattr(nn, name)(*(() if options else arguments), **options), [operand(like) for like in operands])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling(n: int) -> None:
    with tg.no_grad():
        pooled, indices = getattr(nn, f"MaxPool{n}d")(2, return_indices=True)(operand(IMAGES[n]))
    check(getattr(nn, f"MaxUnpool{n}d")(2), [pooled.requires_grad_(), indices])


def test_no_layer_is_left_out() -> None:
    classes = {name for name, value in vars(nn).items() if inspect.isclass(value) and issubclass(value, nn.Module)}
    assert classes == set(LAYERS) | BESIDE and not set(LAYERS) & BESIDE


# -- optimizers --------------------------------------------------------------------------------------------------------

OPTIMIZERS = sorted(name for name, value in vars(optim).items()
                    if inspect.isclass(value) and issubclass(value, optim.Optimizer) and value is not optim.Optimizer)
OPTIONS: list[dict[str, Any]] = [{}, {"weight_decay": 0.1}, {"momentum": 0.9, "nesterov": True}, {"amsgrad": True},
                                 {"centered": True, "momentum": 0.5}, {"lr": np.float64(0.01)}, {"maximize": True}]


def options_of(name: str) -> list[dict[str, Any]]:
    known = inspect.signature(getattr(optim, name)).parameters
    return [options for options in OPTIONS if set(options) <= set(known)]


@pytest.mark.parametrize("name, options", [(name, options) for name in OPTIMIZERS for options in options_of(name)])
def test_optimizers(name: str, options: dict[str, Any]) -> None:
    """Whatever NumPy derives from a parameter or its gradient is noted, temporaries included."""
    parameters = [Tensor(np.ones(shape, np.float32), requires_grad=True) for shape in ((3, 4), (5,), ())]
    optimizer = getattr(optim, name)(parameters, **options)
    with kernels.use("reference"):
        for step in range(3):
            for parameter in parameters:
                parameter.array = parameter.array.view(Watched)
                parameter.grad = Tensor(np.full(parameter.shape, 0.5 + step, np.float32))
                parameter.grad.array = parameter.grad.array.view(Watched)
            Watched.wide.clear()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            nn.utils.clip_grad_value_(parameters, 0.1)
            optimizer.step()
            assert not Watched.wide, f"float64 temporaries of shapes {Watched.wide}"
    held = [*parameters, *[value for state in optimizer.state.values() for value in state.values()]]
    assert not [value for value in held if getattr(value, "dtype", None) == np.float64]


def test_the_watch_over_optimizers_sees_a_float64_array() -> None:
    Watched.wide.clear()
    np.ones(3, np.float32).view(Watched) * np.float64(2.0)
    assert (3,) in Watched.wide
    Watched.wide.clear()


@pytest.mark.parametrize("average", [swa_utils.get_ema_multi_avg_fn(0.9), None])
def test_averages_of_models(average: Any) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    averaged = swa_utils.AveragedModel(net, multi_avg_fn=average, use_buffers=True)
    for _ in range(3):
        net(tg.ones(2, 3))
        averaged.update_parameters(net)
    assert not [name for name, value in averaged.state_dict().items() if value.dtype == np.float64]
