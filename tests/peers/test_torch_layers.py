"""Every layer and loss against PyTorch in float64, with the same weights: outputs, gradients, state dicts, texts."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import numpy as np
import pytest

import nn
import tensorgrad as tg

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
torch = pytest.importorskip("torch")

RTOL = 1e-10
Build = Callable[[Any], Any]


def close(ours: Any, theirs: Any, rtol: float = RTOL) -> None:
    """Equal to `rtol` of the largest entry."""
    ours, theirs = np.asarray(ours), theirs.detach().numpy()
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol * max(1.0, float(np.abs(theirs).max(initial=0))))


def compare(build: Build, *shapes: tuple[int, ...], train: bool = True, calls: int = 2, rtol: float = RTOL) -> None:
    """Build the layer in both libraries, give ours the weights of theirs, and compare everything."""
    theirs = build(torch.nn).double().train(train)
    ours = build(nn).double().train(train)
    shake(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    rng = np.random.default_rng(0)
    for _ in range(calls):
        arrays = [rng.normal(size=shape) for shape in shapes]
        mine = [tg.tensor(array, requires_grad=True) for array in arrays]
        other = [torch.tensor(array, requires_grad=True) for array in arrays]
        out, wanted = ours(*mine), theirs(*other)
        outs, wanteds = (list(v) if isinstance(v, tuple) else [v] for v in (out, wanted))
        for a, b in zip(outs, wanteds, strict=True):
            close(a, b, rtol)
        weight = rng.normal(size=outs[0].shape)
        ours.zero_grad()
        theirs.zero_grad()
        outs[0].backward(tg.tensor(weight))
        wanteds[0].backward(torch.tensor(weight))
        for a, b in zip(mine, other):
            close(a.grad, b.grad, rtol)
        for (name, p), (other_name, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            assert name == other_name
            close(p.grad, q.grad)
    state = theirs.state_dict()
    for name, value in ours.state_dict().items():
        close(value, state[name])
    theirs.load_state_dict({name: torch.tensor(np.asarray(value)) for name, value in ours.state_dict().items()})
    assert repr(ours) == repr(theirs)


def layer(name: str, *args: Any, **kwargs: Any) -> Build:
    """The layer `name` with these options, of whichever library it is built in."""
    return lambda lib: getattr(lib, name)(*args, **kwargs)


def shake(module: Any) -> None:
    """Random parameters, also where they start at 0 or 1."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype) * 0.5 + 0.3)


# -- dense -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias):
    for shape in ((5, 3), (3,), (2, 4, 3)):
        compare(layer("Linear", 3, 4, bias), shape)
    compare(layer("Bilinear", 3, 4, 2, bias), (5, 3), (5, 4))


@pytest.mark.parametrize("build, shape", [
    (layer("Flatten"), (2, 3, 4)), (layer("Flatten", 0, 1), (2, 3, 4)), (layer("Identity"), (2, 3)),
    (layer("Unflatten", 1, (2, 3)), (4, 6)), (layer("Unflatten", -1, (2, 3)), (4, 6)),
    (layer("PixelShuffle", 2), (2, 8, 3, 4)), (layer("PixelUnshuffle", 2), (2, 3, 4, 6)),
    (layer("ChannelShuffle", 2), (2, 6, 3, 4))])
def test_shapes_only(build, shape):
    compare(build, shape)


# -- convolution -------------------------------------------------------------------------------------------------------

SIZES = {1: (9,), 2: (9, 8), 3: (6, 5, 7)}
MODES = ["zeros", "reflect", "replicate", "circular"]


@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize("stride, padding, dilation, groups", [
    (1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1), (3, 1, 2, 4), (1, "same", 1, 1), (1, "same", 2, 2), (1, "valid", 1, 4)])
def test_convolution(spatial, stride, padding, dilation, groups):
    for bias, mode in itertools.product([True, False], MODES if spatial == 2 else MODES[:2]):
        compare(layer(f"Conv{spatial}d", 4, 8, 3, stride, padding, dilation, groups, bias, mode),
                (2, 4, *SIZES[spatial]), calls=1)


def test_convolution_with_uneven_options_and_without_a_batch():
    compare(layer("Conv2d", 3, 4, (2, 4), (1, 2), "valid", (2, 1)), (3, 8, 9))
    compare(layer("Conv2d", 3, 4, (2, 4), (1, 2), (1, 2), (2, 1)), (2, 3, 8, 9))
    compare(layer("Conv2d", 3, 4, (2, 4), 1, "same", (1, 2), padding_mode="circular"), (2, 3, 8, 9))
    compare(layer("Conv3d", 2, 3, (1, 2, 3), padding=(0, 1, 2), padding_mode="replicate"), (2, 2, 3, 4, 5))


@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize("stride, padding, output_padding, groups, dilation", [
    (1, 0, 0, 1, 1), (2, 1, 1, 2, 1), (3, 0, 2, 1, 2), (2, 2, 0, 4, 2), (1, 1, 1, 1, 2)])
def test_transposed_convolution(spatial, stride, padding, output_padding, groups, dilation):
    for bias in (True, False):
        compare(layer(f"ConvTranspose{spatial}d", 8, 4, 3, stride, padding, output_padding, groups, bias, dilation),
                (2, 8, *SIZES[spatial]), calls=1)


def test_transposed_convolution_to_a_given_size():
    theirs = torch.nn.ConvTranspose2d(2, 3, 3, 2, 1).double()
    ours = nn.ConvTranspose2d(2, 3, 3, 2, 1).double()
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=(2, 2, 4, 5))
    for size in ((7, 9), (8, 9), (8, 10)):
        close(ours(tg.tensor(x), size), theirs(torch.tensor(x), size))


# -- pooling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("kernel, stride, padding", [(2, None, 0), (3, 2, 1), (3, 1, 1), (2, 3, 1)])
def test_pooling(spatial, ceil_mode, kernel, stride, padding):
    shape = (2, 3, *SIZES[spatial])
    for dilation, indices in ((1, True), (2, False)):
        compare(layer(f"MaxPool{spatial}d", kernel, stride, padding, dilation, indices, ceil_mode), shape)
    for include in (True, False):
        compare(layer(f"AvgPool{spatial}d", kernel, stride, padding, ceil_mode, include), shape)
    if spatial > 1:
        compare(layer(f"AvgPool{spatial}d", kernel, stride, padding, ceil_mode, True, 3), shape[1:])


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_unpooling(spatial):
    x = np.random.default_rng(0).normal(size=(2, 3, *SIZES[spatial]))
    outs = []
    for lib, tensor in ((nn, tg.tensor), (torch.nn, torch.tensor)):  # windows apart: where they overlap PyTorch overwrites
        values, where = getattr(lib, f"MaxPool{spatial}d")(2, 3, 1, return_indices=True)(tensor(x))
        undo = getattr(lib, f"MaxUnpool{spatial}d")(2, 3, 1)
        outs.append((undo(values, where, x.shape), repr(undo)))
    close(outs[0][0], outs[1][0])
    assert outs[0][1] == outs[1][1]


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_adaptive_pooling(spatial):
    for size in (1, 4, (5, 3, 2)[:spatial], *([(None, 3, 2)[:spatial]] if spatial > 1 else [])):
        size = size[0] if isinstance(size, tuple) and spatial == 1 else size
        compare(layer(f"AdaptiveAvgPool{spatial}d", size), (2, 3, *SIZES[spatial]))
        compare(layer(f"AdaptiveMaxPool{spatial}d", size, True), (2, 3, *SIZES[spatial]))


# -- normalisation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"momentum": None, "eps": 1e-2}, {"track_running_stats": False},
                                     {"momentum": 0.3, "bias": False}], ids=str)
def test_batch_norm(train, options):
    for kind, shape in (("1d", (6, 4)), ("1d", (6, 4, 3)), ("2d", (5, 4, 3, 2)), ("3d", (3, 4, 3, 2, 2))):
        compare(layer(f"BatchNorm{kind}", 4, **options), shape, train=train, calls=3)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("options", [{}, {"affine": True}, {"affine": True, "track_running_stats": True, "momentum": 0.3}],
                         ids=str)
def test_instance_norm(train, options):
    for kind, shape in (("1d", (6, 4, 3)), ("1d", (4, 3)), ("2d", (5, 4, 3, 2)), ("3d", (3, 4, 3, 2, 2))):
        compare(layer(f"InstanceNorm{kind}", 4, **options), shape, train=train)


@pytest.mark.parametrize("build, shape", [
    (layer("LayerNorm", 4), (3, 2, 4)), (layer("LayerNorm", (2, 4), eps=1e-2), (3, 2, 4)),
    (layer("LayerNorm", [4], elementwise_affine=False), (3, 4)), (layer("LayerNorm", 4, bias=False), (3, 2, 4)),
    (layer("GroupNorm", 2, 6), (3, 6, 4, 2)), (layer("GroupNorm", 6, 6, affine=False), (3, 6, 4)),
    (layer("RMSNorm", 4), (3, 2, 4)), (layer("RMSNorm", (2, 4), 1e-2, False), (3, 2, 4)),
    (layer("LocalResponseNorm", 3, 0.5, 0.6, 1.5), (3, 6, 4)), (layer("LocalResponseNorm", 2), (3, 5, 4, 2)),
    (layer("GroupNorm", 1, 6, eps=1e-2), (3, 6, 4, 2, 2)), (layer("GroupNorm", 2, 6, bias=False), (3, 6, 4))])
def test_layer_and_group_norm(build, shape):
    compare(build, shape)


# -- elementwise, padding, upsampling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    ("ReLU",), ("ReLU6",), ("LeakyReLU", 0.2), ("PReLU",), ("PReLU", 3), ("ELU", 0.7), ("CELU", 0.5), ("SELU",), ("GELU",),
    ("GELU", "tanh"), ("SiLU",), ("Mish",), ("GLU",), ("GLU", 2), ("Sigmoid",), ("LogSigmoid",), ("Hardswish",), ("Tanh",),
    ("Hardtanh",), ("Hardtanh", -0.5, 2.0), ("Tanhshrink",), ("Hardshrink",), ("Softshrink", 0.3), ("Softplus",),
    ("Softplus", 2.0, 1.0), ("Softsign",), ("Threshold", 0.1, 20.0), ("Softmax", 1), ("Softmax", -1), ("LogSoftmax", 1),
    ("Softmin", 2), ("Softmax2d",)], ids=str)
def test_activation(options):
    compare(layer(*options), (2, 3, 4, 6))


@pytest.mark.parametrize("options", [("Hardsigmoid",), ("CELU", 0.7)], ids=str)
def test_activation_whose_constants_pytorch_rounds_to_float32(options):
    compare(layer(*options), (2, 3, 4, 6), rtol=1e-7)


def test_random_layers_in_evaluation():
    for build in (layer("RReLU"), layer("Dropout", 0.3), layer("Dropout2d"),
                  layer("AlphaDropout"), layer("FeatureAlphaDropout"), layer("Dropout", 0.3, True)):
        compare(build, (2, 3, 4, 6), train=False)


@pytest.mark.parametrize("spatial", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Zero", "Constant", "Reflection", "Replication", "Circular"])
def test_padding(kind, spatial):
    value = (1.5,) if kind == "Constant" else ()
    for padding in (2, (1, 2, 0, 1, 2, 0)[:2 * spatial]):
        compare(layer(f"{kind}Pad{spatial}d", padding, *value), (2, 3, *SIZES[spatial]))


@pytest.mark.parametrize("build, shape", [
    (layer("Upsample", scale_factor=2.0), (2, 3, 5)), (layer("Upsample", (7, 5)), (2, 3, 4, 5)),
    (layer("Upsample", scale_factor=2.0, mode="bilinear"), (2, 3, 4, 5)),
    (layer("Upsample", (7, 9), mode="bilinear", align_corners=True), (2, 3, 4, 5)),
    (layer("Upsample", (7, 9), mode="bicubic"), (2, 3, 4, 5)), (layer("Upsample", 7, mode="nearest-exact"), (2, 3, 5)),
    (layer("Upsample", scale_factor=1.7, mode="linear", recompute_scale_factor=True), (2, 3, 5)),
    (layer("Upsample", scale_factor=1.7, mode="trilinear"), (2, 3, 4, 5, 3)),
    (layer("UpsamplingNearest2d", scale_factor=3.0), (2, 3, 4, 5)),
    (layer("UpsamplingBilinear2d", (8, 3)), (2, 3, 4, 5))])
def test_upsampling(build, shape):
    compare(build, shape)


@pytest.mark.parametrize("build, shape", [
    (layer("Unfold", (3, 2), 2, (1, 0), (2, 1)), (2, 3, 6, 5)), (layer("Unfold", 2), (3, 4, 5)),
    (layer("Fold", (4, 5), 2), (2, 12, 12)), (layer("Fold", (6, 5), (3, 2), (1, 2), (1, 0), (2, 1)), (12, 9)),
    (layer("LPPool1d", 2, 3, 2, True), (2, 3, 7)), (layer("LPPool2d", 2.0, (2, 3)), (2, 3, 5, 6)),
    (layer("LPPool2d", float("inf"), 2), (2, 3, 5, 6)), (layer("LPPool3d", 4, 2), (2, 3, 4, 4, 5))])
def test_patches_and_powers(build, shape):
    compare(build, shape)


@pytest.mark.parametrize("bias, div_value", [(False, 4.0), (True, 2.0)])
def test_adaptive_softmax(rng, bias, div_value):
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 60, [5, 20], div_value, bias).double()
    ours = nn.AdaptiveLogSoftmaxWithLoss(16, 60, [5, 20], div_value, bias).double()
    ours.load_state_dict(theirs.state_dict())
    x, target = rng.normal(size=(30, 16)), rng.integers(0, 60, 30)
    found, wanted = ours(tg.tensor(x), tg.tensor(target)), theirs(torch.tensor(x), torch.tensor(target))
    close(found.output.detach(), wanted.output)
    found.loss.backward()
    wanted.loss.backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(p.grad, q.grad)
    close(ours(tg.tensor(x[0]), tg.tensor(target[0])).output.detach(),
          theirs(torch.tensor(x[0]), torch.tensor(target[0])).output)
    close(ours.log_prob(tg.tensor(x)).detach(), theirs.log_prob(torch.tensor(x)))
    assert ours.predict(tg.tensor(x)).tolist() == theirs.predict(torch.tensor(x)).tolist()


@pytest.mark.parametrize("options", [{}, {"padding_idx": 2}, {"padding_idx": -1, "scale_grad_by_freq": True},
                                     {"max_norm": 0.9}, {"max_norm": 0.5, "norm_type": 1.0}])
def test_embedding(options):
    theirs, ours = torch.nn.Embedding(6, 3, **options).double(), nn.Embedding(6, 3, **options).double()
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    numbers = np.array([[1, 2, 5], [5, 5, 0]])
    out, wanted = ours(tg.tensor(numbers)), theirs(torch.tensor(numbers))
    close(out, wanted)
    (out ** 2).sum().backward()
    (wanted ** 2).sum().backward()
    close(ours.weight.grad, theirs.weight.grad)
    close(ours.weight.detach(), theirs.weight)  # which max_norm shortens
    assert repr(ours) == repr(theirs) and list(ours.state_dict()) == list(theirs.state_dict())


def test_containers():
    def build(lib):
        return lib.Sequential(lib.Conv2d(2, 3, 3), lib.Sequential(lib.BatchNorm2d(3), lib.ReLU()), lib.Flatten(),
                              lib.Linear(12, 2))

    compare(build, (4, 2, 4, 4), calls=3)
    compare(lambda lib: build(lib)[:2], (4, 2, 4, 4))
    for make in (lambda lib: lib.ModuleList([lib.ReLU(), lib.ReLU(), lib.Linear(1, 2)]),
                 lambda lib: lib.ModuleDict({"a": lib.Linear(1, 2), "b": lib.ModuleList()})):
        assert repr(make(nn)) == repr(make(torch.nn)) and list(make(nn).state_dict()) == list(make(torch.nn).state_dict())


# -- losses ------------------------------------------------------------------------------------------------------------

REDUCTIONS = ["mean", "sum", "none"]


def loss(name: str, reduction: str, **options: Any) -> Callable[[Any, Any], Any]:
    """The loss `name`, arrays among its options as tensors of the library it is built in."""
    def build(lib: Any, tensor: Any) -> Any:
        given = {key: tensor(value) if isinstance(value, np.ndarray) else value for key, value in options.items()}
        return getattr(lib, name)(reduction=reduction, **given)
    return build


def compare_loss(build: Any, input: np.ndarray, target: np.ndarray, target_grad: bool = False, rtol: float = RTOL) -> None:
    theirs, ours = build(torch.nn, torch.tensor), build(nn, tg.tensor)
    assert list(ours.state_dict()) == list(theirs.state_dict()) and repr(ours) == repr(theirs)
    mine, other = tg.tensor(input, requires_grad=True), torch.tensor(input, requires_grad=True)
    my_target, other_target = tg.tensor(target), torch.tensor(target)
    if target_grad:
        my_target.requires_grad_()
        other_target.requires_grad_()
    out, wanted = ours(mine, my_target), theirs(other, other_target)
    close(out, wanted)
    weight = np.random.default_rng(2).normal(size=out.shape)
    out.backward(tg.tensor(weight))
    wanted.backward(torch.tensor(weight))
    close(mine.grad, other.grad, rtol)
    if target_grad:
        close(my_target.grad, other_target.grad)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(5, 4), (4,), (3, 4, 2), (2, 4, 3, 2)])
def test_cross_entropy(rng, reduction, weighted, shape):
    logits = rng.normal(size=shape)
    labels = rng.integers(0, 4, size=shape[:1] + shape[2:] if len(shape) > 1 else ())
    ignored = np.where(rng.random(labels.shape) < 0.3, 3, labels)
    options = {"weight": np.array([0.5, 1.0, 2.0, 0.0])} if weighted else {}

    def build(name, **more):
        return loss(name, reduction, **options, **more)

    compare_loss(build("CrossEntropyLoss"), logits, labels)
    compare_loss(build("CrossEntropyLoss", label_smoothing=0.2), logits, labels)
    compare_loss(build("CrossEntropyLoss", ignore_index=3, label_smoothing=0.1), logits, ignored)
    compare_loss(build("NLLLoss"), logits, labels)
    compare_loss(build("NLLLoss", ignore_index=3), logits, ignored)
    probabilities = np.exp(rng.normal(size=shape))
    probabilities /= probabilities.sum(1 if len(shape) > 1 else 0, keepdims=True)
    compare_loss(build("CrossEntropyLoss"), logits, probabilities)
    compare_loss(build("CrossEntropyLoss", label_smoothing=0.3), logits, probabilities)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_cross_entropy(rng, reduction):
    target, weight = rng.random((4, 3)), rng.random(3)
    probabilities, logits = rng.uniform(0.01, 0.99, (4, 3)), rng.normal(size=(4, 3)) * 20
    for given in ({}, {"weight": weight}):
        compare_loss(loss("BCELoss", reduction, **given), probabilities, target)
        compare_loss(loss("BCEWithLogitsLoss", reduction, **given), logits, target)
        compare_loss(loss("BCEWithLogitsLoss", reduction, **given, pos_weight=weight * 3), logits, target)
    # PyTorch divides by a 1e-12 that it rounds to float32.
    compare_loss(loss("BCELoss", reduction), np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.5, 0.2]), rtol=1e-7)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name, options", [
    ("MSELoss", {}), ("L1Loss", {}), ("SmoothL1Loss", {}), ("SmoothL1Loss", {"beta": 0.3}), ("SmoothL1Loss", {"beta": 0}),
    ("HuberLoss", {}), ("HuberLoss", {"delta": 0.4})])
def test_regression(rng, reduction, name, options):
    compare_loss(loss(name, reduction, **options), rng.normal(size=(4, 3)),
                 rng.normal(size=(4, 3)), target_grad=True)


@pytest.mark.filterwarnings("ignore:kl_div", "ignore:reduction")
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
def test_divergence(rng, reduction):
    logs, probabilities = rng.normal(size=(4, 3)) - 2, rng.random((4, 3))
    probabilities[0, 0] = 0
    compare_loss(loss("KLDivLoss", reduction), logs, probabilities)
    compare_loss(loss("KLDivLoss", reduction, log_target=True), logs, rng.normal(size=(4, 3)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_other_losses(rng, reduction):
    signs, counts = rng.choice([-1.0, 1.0], (4, 3)), rng.integers(0, 5, (4, 3)).astype(float)
    scores, weight = rng.normal(size=(4, 3)), rng.random(3)
    compare_loss(loss("PoissonNLLLoss", reduction), scores, counts)
    compare_loss(loss("PoissonNLLLoss", reduction, log_input=False, full=True), rng.uniform(0.5, 2, (4, 3)), counts)
    compare_loss(loss("SoftMarginLoss", reduction), scores, signs)
    compare_loss(loss("HingeEmbeddingLoss", reduction, margin=0.5), scores, signs)
    compare_loss(loss("MultiLabelSoftMarginLoss", reduction), scores, (signs + 1) / 2)
    compare_loss(loss("MultiLabelSoftMarginLoss", reduction, weight=weight), scores, (signs + 1) / 2)
    compare_loss(loss("MultiLabelMarginLoss", reduction), scores, np.array([[0, 2, -1], [-1, 0, 1], [2, 0, 1], [1, -1, 1]]))
    compare_loss(loss("MultiMarginLoss", reduction), scores, np.array([0, 2, 1, 1]))
    compare_loss(loss("MultiMarginLoss", reduction, p=2, margin=0.7, weight=weight), scores, np.array([0, 2, 1, 1]))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_of_several_inputs(rng, reduction):
    a, b, c = (rng.normal(size=(4, 3)) for _ in range(3))
    sign = rng.choice([-1.0, 1.0], 4)
    for name, options, inputs, constants in (
            ("GaussianNLLLoss", {"full": True}, (a, b, abs(c) + 0.1), ()),
            ("MarginRankingLoss", {"margin": 0.3}, (a[0], b[0]), (sign[:3],)),
            ("CosineEmbeddingLoss", {"margin": 0.2}, (a, b), (sign,)), ("TripletMarginLoss", {}, (a, b, c), ()),
            ("TripletMarginWithDistanceLoss", {"swap": True, "distance_function": lambda x, y: (x - y).abs().sum(-1)},
             (a, b, c), ()),
            ("TripletMarginLoss", {"p": 1.0, "margin": 3.0, "swap": True}, (a, b, c), ())):
        several(loss(name, reduction, **options), inputs, constants)
    several(lambda lib, tensor: lib.CosineSimilarity(0), (a, b), ())
    several(lambda lib, tensor: lib.PairwiseDistance(3.0, keepdim=True), (a, b), ())


def several(build: Any, inputs: tuple[np.ndarray, ...], constants: tuple[np.ndarray, ...]) -> None:
    """Compare outputs and the gradients of all `inputs`."""
    results = []
    for lib, tensor in ((nn, tg.tensor), (torch.nn, torch.tensor)):
        leaves = [tensor(array, requires_grad=True) for array in inputs]
        module = build(lib, tensor)
        out = module(*leaves, *map(tensor, constants))
        (out * out).sum().backward()
        results.append(([out, *(leaf.grad for leaf in leaves)], repr(module)))
    for ours, theirs in zip(results[0][0], results[1][0]):
        close(ours.detach(), theirs)
    assert results[0][1] == results[1][1]
