"""Layers and losses as functions, under PyTorch's names: ``import nn.functional as F``.

What is an op is re-exported from `tensorgrad.ops`; what is composed of ops is in the files of this folder.
"""

from nn.functional.attention import scaled_dot_product_attention
from nn.functional.binary import (binary_cross_entropy, binary_cross_entropy_with_logits, multilabel_soft_margin_loss,
                                  soft_margin_loss)
from nn.functional.classification import cross_entropy, multi_margin_loss, multilabel_margin_loss, nll_loss
from nn.functional.deprecated import upsample, upsample_bilinear, upsample_nearest
from nn.functional.distance import (cosine_embedding_loss, cosine_similarity, hinge_embedding_loss,
                                    margin_ranking_loss, normalize, pairwise_distance, pdist, triplet_margin_loss,
                                    triplet_margin_with_distance_loss)
from nn.functional.in_place import celu_, elu_, hardtanh_, leaky_relu_, relu_, rrelu_, selu_, threshold_
from nn.functional.layers import bilinear, gumbel_softmax, local_response_norm, rrelu
from nn.functional.linear_classification import linear_cross_entropy
from nn.functional.pooling import (adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices,
                                   adaptive_max_pool3d_with_indices, lp_pool1d, lp_pool2d, lp_pool3d,
                                   max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices)
from nn.functional.regression import (gaussian_nll_loss, huber_loss, kl_div, l1_loss, mse_loss, poisson_nll_loss,
                                      smooth_l1_loss)
from nn.functional.sampling import affine_grid, grid_sample
from tensorgrad.ops import (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d,
                            adaptive_max_pool2d, adaptive_max_pool3d, alpha_dropout, avg_pool1d, avg_pool2d,
                            avg_pool3d, batch_norm, celu, channel_shuffle, conv1d, conv2d, conv3d, conv_transpose1d,
                            conv_transpose2d, conv_transpose3d, dropout, dropout1d, dropout2d, dropout3d, elu,
                            embedding, feature_alpha_dropout, gelu, glu, group_norm, hardshrink, hardsigmoid,
                            hardswish, hardtanh, instance_norm, interpolate, layer_norm, leaky_relu, linear,
                            log_softmax, logsigmoid, max_pool1d, max_pool2d, max_pool3d, max_unpool1d, max_unpool2d,
                            max_unpool3d, mish, one_hot, pad, pixel_shuffle, pixel_unshuffle, prelu, relu, relu6,
                            rms_norm, selu, sigmoid, silu, softmax, softmin, softplus, softshrink, softsign, tanh,
                            tanhshrink, threshold)
from tensorgrad.ops.patches import fold, unfold

__all__ = [
    # activations
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid",
    "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh",
    "tanhshrink", "threshold",
    "celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_", "threshold_",
    # softmax
    "gumbel_softmax", "log_softmax", "softmax", "softmin",
    # linear layers, embedding
    "embedding", "linear", "one_hot",
    # normalisation, dropout
    "alpha_dropout", "batch_norm", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
    "group_norm", "instance_norm", "layer_norm", "rms_norm",
    # convolution
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    # pooling
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
    "max_unpool1d", "max_unpool2d", "max_unpool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices",
    "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
    # images
    "affine_grid", "channel_shuffle", "fold", "grid_sample", "interpolate", "pad", "pixel_shuffle", "pixel_unshuffle",
    "unfold", "upsample", "upsample_bilinear", "upsample_nearest",
    # layers composed of ops
    "bilinear", "local_response_norm",
    # losses
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy",
    "gaussian_nll_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "linear_cross_entropy",
    "margin_ranking_loss", "mse_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "nll_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    # vectors
    "cosine_similarity", "normalize", "pairwise_distance", "pdist",
    # attention
    "scaled_dot_product_attention",
]
