"""Name by name: what a program for a PyTorch CNN may call is here, at the place where PyTorch has it.

The lists are of functions by topic, and of the classes in PyTorch's own lists of its layers, losses and schedules.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Iterable

import pytest

import nn
import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def listed(file: str) -> list[str]:
    """The layers that PyTorch lists in one of its files."""
    return list(pytest.importorskip(f"torch.nn.modules.{file}").__all__)


FUNCTIONS = {
    "creation": """
        tensor as_tensor from_numpy zeros ones full empty arange linspace logspace eye zeros_like ones_like
        full_like empty_like rand_like randn_like randint_like new_zeros new_ones new_full new_empty new_tensor rand
        randn randint randperm bernoulli normal meshgrid one_hot tril triu diag diagonal""",
    "arithmetic": """
        add sub subtract mul multiply div divide true_divide floor_divide remainder fmod pow float_power neg
        negative abs absolute sign sgn reciprocal square sqrt rsqrt exp exp2 expm1 log log2 log10 log1p sin cos tan
        asin acos atan sinh cosh tanh asinh acosh atanh arcsin arccos arctan arcsinh arccosh arctanh arctan2 atan2
        hypot erf erfc erfinv lgamma digamma sigmoid logit sinc lerp addcmul addcdiv logaddexp logaddexp2 xlogy
        nan_to_num floor ceil round trunc fix frac clamp clip clamp_min clamp_max maximum minimum fmax fmin copysign
        heaviside rad2deg deg2rad""",
    "comparison": """
        eq ne lt le gt ge equal not_equal less less_equal greater greater_equal isclose allclose isnan isinf
        isfinite isposinf isneginf logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor
        bitwise_not bitwise_left_shift bitwise_right_shift""",
    "reductions": """
        sum mean std var std_mean var_mean prod amax amin aminmax max min argmax argmin sort argsort msort topk
        kthvalue mode median nanmedian quantile nanquantile nansum nanmean cumsum cumprod logcumsumexp cummax cummin
        logsumexp norm count_nonzero all any""",
    "shaping": """
        view view_as reshape reshape_as flatten unflatten ravel squeeze unsqueeze transpose swapaxes swapdims t
        permute movedim moveaxis expand expand_as broadcast_to broadcast_tensors repeat repeat_interleave tile roll
        rot90 flip fliplr flipud unbind chunk tensor_split hsplit vsplit dsplit hstack vstack dstack column_stack
        stack cat concat concatenate split split_with_sizes narrow select unfold atleast_1d atleast_2d atleast_3d
        clone contiguous detach""",
    "indexing": """
        gather take take_along_dim index_select index_add index_copy index_fill index_put masked_fill masked_select
        masked_scatter scatter scatter_add scatter_reduce select_scatter slice_scatter diagonal_scatter where
        nonzero argwhere""",
    "linear algebra": """
        matmul mm bmm mv dot vdot outer inner tensordot einsum addmm addmv addr addbmm baddbmm norm vector_norm
        matrix_norm inv inverse solve det slogdet logdet cholesky eigh multi_dot chain_matmul trace kron cdist cross
        matrix_power vecdot pinv matrix_rank solve_triangular""",
    "layers": """
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d unfold fold linear bilinear
        embedding batch_norm instance_norm layer_norm group_norm rms_norm local_response_norm normalize pad
        interpolate upsample pixel_shuffle pixel_unshuffle channel_shuffle grid_sample affine_grid cosine_similarity
        pairwise_distance scaled_dot_product_attention dropout dropout1d dropout2d dropout3d alpha_dropout
        feature_alpha_dropout""",
    "pooling": """
        max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices
        max_unpool1d max_unpool2d max_unpool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d
        adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d adaptive_avg_pool1d adaptive_avg_pool2d
        adaptive_avg_pool3d adaptive_max_pool2d_with_indices""",
    "activations": """
        relu relu6 elu selu celu gelu leaky_relu prelu rrelu glu silu mish hardswish hardsigmoid hardtanh hardshrink
        softshrink tanhshrink threshold softplus softsign softmax softmin log_softmax logsigmoid gumbel_softmax
        sigmoid tanh""",
    "losses": " ".join(name for name in dir(torch.nn.functional) if name.endswith("_loss")) + """ cross_entropy
        binary_cross_entropy binary_cross_entropy_with_logits kl_div""",
}

# Where PyTorch has a function, by the name of the place.
PLACES: dict[str, tuple[Any, Any]] = {
    "torch": (torch, tensorgrad),
    "torch.Tensor": (torch.Tensor, tensorgrad.Tensor),
    "torch.nn.functional": (torch.nn.functional, nn.functional),
    "torch.linalg": (torch.linalg, tensorgrad.linalg),
    "torch.special": (torch.special, tensorgrad.special),
}

CLASSES = {
    "convolutions": listed("conv"), "linear": listed("linear"), "lazy": [n for n in dir(torch.nn) if n.startswith("Lazy")],
    "shapes": [*listed("flatten"), *listed("pixelshuffle"), *listed("upsampling"), *listed("fold"), "ChannelShuffle"],
    "distances": [*listed("distance"), "Embedding"],
    "activations": listed("activation"), "dropout": listed("dropout"), "losses": listed("loss"),
    "padding": listed("padding"), "pooling": listed("pooling"), "containers": listed("container"),
    "norms": [*listed("batchnorm"), *listed("instancenorm"), *listed("normalization")],
}

# What PyTorch has of these and we have not.
BARE = "the bare op, whose options are numbers; torch.nn.functional's is here"
UNDOCUMENTED = "not among PyTorch's documented names; torch.nn.functional's is here"
EXCEPTIONS = {
    **{f"torch.{name}": BARE for name in (
        "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "poisson_nll_loss", "triplet_margin_loss",
        "binary_cross_entropy_with_logits", "kl_div")},
    **{f"torch.{name}": UNDOCUMENTED for name in (
        "dropout_", "alpha_dropout_", "feature_alpha_dropout_", "selu_", "celu_", "rrelu_", "threshold_",
        "max_pool1d_with_indices")},
    "torch.ctc_loss": "CTC is for sequences",
    "torch.matrix_rank": "raises in PyTorch too, and names torch.linalg.matrix_rank",
    "torch.solve": "raises in PyTorch too, and names torch.linalg.solve",
    "torch.Tensor.solve": "raises in PyTorch too, and names torch.linalg.solve",
    "torch.nn.functional.ctc_loss": "CTC is for sequences",
    "torch.nn.CTCLoss": "CTC is for sequences",
    "torch.nn.NLLLoss2d": "deprecated: NLLLoss",
    "torch.nn.Container": "deprecated: Module",
    "torch.nn.CrossMapLRN2d": "LocalResponseNorm in another package's form",
    "torch.nn.SyncBatchNorm": "for several processes",
    "torch.nn.MultiheadAttention": "for sequences; scaled_dot_product_attention is here",
    "torch.nn.FractionalMaxPool2d": "windows of random sizes: neither max, average, adaptive, LP nor unpooling",
    "torch.nn.FractionalMaxPool3d": "windows of random sizes: neither max, average, adaptive, LP nor unpooling",
}


def missing(place: str, theirs: Any, ours: Any, names: Iterable[str]) -> list[str]:
    """Those of `names`, and of their forms with an underscore, that `theirs` has and `ours` has not."""
    return [f"{place}.{form}" for name in names for form in (name, f"{name}_")
            if hasattr(theirs, form) and not hasattr(ours, form) and f"{place}.{form}" not in EXCEPTIONS]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("topic", FUNCTIONS)
def test_functions(topic: str, place: str) -> None:
    assert missing(place, *PLACES[place], FUNCTIONS[topic].split()) == []


@pytest.mark.parametrize("topic", FUNCTIONS)
def test_every_function_is_somewhere_in_pytorch(topic: str) -> None:
    """A slip of the pen in the lists would be a name that is never compared."""
    for name in FUNCTIONS[topic].split():
        assert any(hasattr(theirs, name) for theirs, _ in PLACES.values()), name


@pytest.mark.parametrize("topic", CLASSES)
def test_layers_and_losses(topic: str) -> None:
    assert missing("torch.nn", torch.nn, nn, CLASSES[topic]) == []


@pytest.mark.parametrize("name", ["Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "NAdam", "Optimizer", "RAdam",
                                  "RMSprop", "Rprop", "SGD"])
def test_optimizers(name: str) -> None:
    assert missing("torch.optim", torch.optim, nn.optim, [name]) == [] and hasattr(torch.optim, name)


def test_schedules_and_averages() -> None:
    assert missing("lr_scheduler", torch.optim.lr_scheduler, nn.optim.lr_scheduler, torch.optim.lr_scheduler.__all__) == []
    assert missing("swa_utils", torch.optim.swa_utils, nn.optim.swa_utils, torch.optim.swa_utils.__all__) == []


def test_helpers_of_training() -> None:
    names = """
        clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_ get_total_norm parameters_to_vector
        vector_to_parameters weight_norm spectral_norm remove_weight_norm remove_spectral_norm parametrize
        parametrizations skip_init fuse_conv_bn_eval fuse_linear_bn_eval""".split()
    assert missing("torch.nn.utils", torch.nn.utils, nn.utils, names) == []
    assert missing("parametrizations", torch.nn.utils.parametrizations, nn.utils.parametrizations,
                   torch.nn.utils.parametrizations.__all__) == []
    assert missing("torch.autograd.functional", torch.autograd.functional, tensorgrad.autograd.functional,
                   "vjp jvp jacobian hessian hvp vhp".split()) == []
    fillings = [name for name in dir(torch.nn.init) if name.endswith("_") and not name.startswith("_")]
    assert missing("torch.nn.init", torch.nn.init, nn.init, fillings) == []


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exceptions_are_of_names_that_pytorch_has_and_we_have_not(name: str) -> None:
    path, _, last = name.rpartition(".")
    theirs, ours = {**PLACES, "torch.nn": (torch.nn, nn)}[path]
    assert not hasattr(ours, last)
    assert hasattr(theirs, last) or any(last in names for names in CLASSES.values())


def test_a_missing_name_is_reported() -> None:
    theirs = SimpleNamespace(relu=1, relu_=1, swirl=1, swirl_=1, solve=1)
    assert missing("torch", theirs, tensorgrad, ["relu", "swirl", "solve", "in_neither"]) == ["torch.swirl", "torch.swirl_"]
