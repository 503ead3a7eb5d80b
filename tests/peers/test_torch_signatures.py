"""Names and signatures: what PyTorch has for convolutional networks is here, with its arguments and their defaults."""

from __future__ import annotations

import inspect

import pytest

import nn
import nn.utils.data
import nn.utils.parametrizations
import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.parametrizations")
pytest.importorskip("torch.utils.data")

PLACES = {
    "nn": (torch.nn, nn), "nn.functional": (torch.nn.functional, nn.functional), "nn.init": (torch.nn.init, nn.init),
    "nn.utils": (torch.nn.utils, nn.utils), "optim": (torch.optim, nn.optim),
    "nn.utils.parametrizations": (torch.nn.utils.parametrizations, nn.utils.parametrizations),
    "nn.utils.parametrize": (torch.nn.utils.parametrize, nn.utils.parametrize),
    "optim.lr_scheduler": (torch.optim.lr_scheduler, nn.optim.lr_scheduler),
    "optim.swa_utils": (torch.optim.swa_utils, nn.optim.swa_utils),
    "autograd.functional": (torch.autograd.functional, tensorgrad.autograd.functional),
    "utils.data": (torch.utils.data, nn.utils.data),
}

# Recurrent networks, attention blocks, CTC, quantization, several devices; what PyTorch has for itself, or has given up.
ELSEWHERE = {
    "nn": {"CTCLoss", "Container", "CrossMapLRN2d", "DataParallel", "EmbeddingBag", "FractionalMaxPool2d",
           "FractionalMaxPool3d", "GRU", "GRUCell", "LSTM", "LSTMCell", "LinearCrossEntropyOptions", "MultiheadAttention",
           "NLLLoss2d", "RNN", "RNNBase", "RNNCell", "RNNCellBase", "SyncBatchNorm", "Transformer", "TransformerDecoder",
           "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"},
    "nn.functional": {"assert_int_or_pair", "boolean_dispatch", "conv_tbc", "ctc_loss", "embedding_bag",
                      "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
                      "fractional_max_pool3d_with_indices", "grouped_mm", "handle_torch_function",
                      "native_channel_shuffle", "has_torch_function",
                      "has_torch_function_unary", "has_torch_function_variadic", "multi_head_attention_forward",
                      "scaled_grouped_mm", "scaled_mm"},
    "nn.init": set(),
    "nn.utils": {"convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"},
    "optim": {"Adafactor", "LBFGS", "Muon", "SparseAdam", "swap_in_optimizer_params_and_state"},
    "optim.swa_utils": set(), "autograd.functional": set(), "nn.utils.parametrizations": set(),
    "nn.utils.parametrize": set(), "optim.lr_scheduler": set(),
    "utils.data": {"DFIterDataPipe", "DataChunk", "DistributedSampler", "IterDataPipe", "MapDataPipe", "argument_validation",
                   "functional_datapipe", "guaranteed_datapipes_determinism", "non_deterministic", "runtime_validation",
                   "runtime_validation_disabled"},
}

# Arguments that PyTorch has marked as deprecated or private, or that speak of devices and processors.
DROPPED = {"size_average", "reduce", "_weight", "_freeze", "_stacklevel", "min_value", "max_value", "out", "dtype",
           "device", "generator", "memory_format", "foreach", "fused", "capturable", "differentiable", "layout",
           "requires_grad"}
RENAMED = {"ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "Sequential",  # one argument, by position
           "Parameter", "Buffer"}  # which cannot be made of nothing here


def names(module: object, package: str) -> list[str]:
    """The functions and classes that a module of PyTorch has for others."""
    found = []
    for name, value in vars(module).items():
        own = (getattr(value, "__module__", None) or package).startswith(package)
        if not name.startswith("_") and callable(value) and own and not hasattr(value, "__supertype__"):
            found.append(name)
    return found


def arguments(callable_: object) -> dict[str, object] | None:
    """{name: default} of the arguments, in order; None for what is written in C or takes any."""
    try:
        parameters = list(inspect.signature(callable_).parameters.values())  # type: ignore[arg-type]
    except ValueError:
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return None
    return {p.name: p.default for p in parameters if p.name not in DROPPED}


def plain(default: object) -> object:
    """A default that can be compared: objects of either library by their text."""
    return default if isinstance(default, (bool, int, float, tuple)) else str(default)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_missing(place):
    theirs, ours = PLACES[place]
    package = theirs.__name__ if place not in ("nn.functional", "nn") else "torch"
    missing = {name for name in names(theirs, package) if not hasattr(ours, name)}
    if place == "nn":
        missing = {name for name in missing if isinstance(getattr(theirs, name), type)}
    assert missing - {"Tensor", "DType", "Optional", "ScalingType", "SwizzleType", "Callable"} == ELSEWHERE[place]


def pairs():
    for place, (theirs, ours) in PLACES.items():
        for name in dir(theirs):
            if not name.startswith("_") and callable(getattr(theirs, name)) and hasattr(ours, name) and name not in RENAMED:
                yield f"{place}.{name}", getattr(theirs, name), getattr(ours, name)


PAIRS = {name: pair for name, *pair in pairs()}


def test_the_signatures_compared_are_many():
    assert sum(arguments(theirs) is not None for theirs, _ in PAIRS.values()) > 250


@pytest.mark.parametrize("name", PAIRS)
def test_arguments_and_their_defaults(name):
    theirs, ours = map(arguments, PAIRS[name])
    if theirs is None or ours is None:
        return
    wanted = {argument: ours.get(argument, "missing") for argument in theirs}
    assert {k: plain(v) for k, v in wanted.items()} == {k: plain(v) for k, v in theirs.items()}
    order = [argument for argument in ours if argument in theirs]
    assert order == list(theirs)
