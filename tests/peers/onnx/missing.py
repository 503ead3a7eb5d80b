"""What ONNX's node tests ask that tensorgrad does not have: operators, and what some tests want of the others."""

from __future__ import annotations

import re
from typing import Any

from tests.peers.onnx.nodes import DTYPES, dtypes_of, operators_of
from tests.peers.onnx.operators import OPERATORS

__all__ = ["FOREIGN", "LACKING", "OUTSIDE", "outside", "lacking"]

# Reason: operators.
OUTSIDE = {
    "Attention blocks and recurrent networks: tensorgrad is about convolutional networks.":
        "Attention FlexAttention LinearAttention RotaryEmbedding CausalConvWithState SwiGLU TensorScatter GRU LSTM RNN "
        "ReverseSequence",
    "Control of the flow and values that are no tensors: what Python is for.":
        "If Loop Scan SequenceEmpty SequenceInsert SequenceLength SequenceMap SplitToSequence OptionalGetElement "
        "OptionalHasElement",
    "Strings, tables and decision trees.":
        "ArrayFeatureExtractor Binarizer ImageDecoder LabelEncoder RegexFullMatch StringConcat StringNormalizer StringSplit "
        "TfIdfVectorizer TreeEnsemble",
    "Quantised numbers, and bits read as another dtype.":
        "QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger BitCast "
        "BitShift",
    "Signals: Fourier transforms and windows.": "DFT STFT BlackmanWindow HammingWindow HannWindow MelWeightMatrix",
    "Detection: boxes, regions and convolutions with offsets.": "NonMaxSuppression RoiAlign DeformConv",
    "Steps of training as operators: `nn.optim` has them as optimizers with PyTorch's formulas.": "Adagrad Adam Momentum",
    "Random numbers of another generator.": "Bernoulli RandomUniformLike",
    "Unique entries with the place of each one's first occurrence, which `unique` does not say, as in PyTorch.": "Unique",
}

FOREIGN = "Floats of 4 and 8 bits, bfloat16, integers of 2 and 4 bits, unsigned ones of 16 to 64, strings, lists of tensors."

# Reason: tests, a regular expression for the whole name.
LACKING = {
    "Average and LP pooling with dilation: PyTorch has none either.":
        r"test_(averagepool|lppool)_.*dilations.*",
    "The running variance of ONNX is of N, PyTorch's of N - 1.": r"test_batchnorm_.*training_mode",
    "`fold` of more than two axes: PyTorch has none either.": r"test_col2im_5d",
    "Dropout by the random numbers of another generator.": r"test_training_dropout(_default)?(_mask)?",
    "The extreme of no entries: an error, as in PyTorch.": r"test_reduce_(max|min)_empty_set(_bool)?",
    "The smaller of two entries that are equally near; PyTorch's `nearest-exact` takes the larger.":
        r"test_resize_(up|down)sample_sizes_nearest(_axes_.*)?",
    "Corners aligned by the factor before it is rounded to whole entries; PyTorch aligns the result's corners.":
        r"test_resize_downsample_scales_(linear|cubic)_align_corners",
    "Ways to place entries that `interpolate` does not have, in PyTorch either.":
        r"test_resize_(tf_crop_and_resize.*|upsample_scales_cubic_asymmetric|.*_pytorch_half_pixel|.*_half_pixel_symmetric|"
        r"upsample_sizes_nearest_(floor_align_corners|round_prefer_ceil_asymmetric|ceil_half_pixel))",
    "Smoothing before an image gets smaller: `antialias` weighs entries as PyTorch does, ONNX a little differently.":
        r"test_resize_.*_antialias",
    "Cubic interpolation with another coefficient, and resizing that keeps the proportions.":
        r"test_resize_(.*cubic_A_n0p5.*|.*nearest_not_(larger|smaller))",
}


def outside(test: Any) -> bool:
    """Whether a test's graph has an operator that tensorgrad has no function for."""
    return not operators_of(test) <= OPERATORS.keys()


def lacking(test: Any) -> str | None:
    """Why a test cannot pass; None if it must."""
    if not dtypes_of(test) <= DTYPES.keys():
        return FOREIGN
    return next((reason for reason, names in LACKING.items() if re.fullmatch(names, test.name)), None)
