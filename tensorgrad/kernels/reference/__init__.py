"""The kernels of `contract` in NumPy: strided window views, matrix products, and slices of the batch that fit in cache."""

from tensorgrad.kernels.reference.adaptive import adaptive_avg_pool, adaptive_avg_pool_grad, adaptive_max_pool
from tensorgrad.kernels.reference.channels import batch_norm, batch_norm_grad, channel_affine, channel_affine_
from tensorgrad.kernels.reference.classes import (cross_entropy, cross_entropy_grad, log_softmax, log_softmax_grad, softmax,
                                                  softmax_grad)
from tensorgrad.kernels.reference.convolution import channel_sum, conv, conv_input_grad, conv_weight_grad
from tensorgrad.kernels.reference.dense import linear, matmul
from tensorgrad.kernels.reference.entrywise import add, copy, dropout, multiply, relu, relu_grad
from tensorgrad.kernels.reference.extremes import extreme, extreme_grad, extreme_index
from tensorgrad.kernels.reference.formulas import deviation, deviation_grad, gradients_of_few, unary, unary_grad
from tensorgrad.kernels.reference.normalization import (group_norm, group_norm_grad, layer_norm, layer_norm_grad,
                                                        rms_norm, rms_norm_grad)
from tensorgrad.kernels.reference.pooling import avg_pool, avg_pool_grad, gather_winners, max_pool, scatter_winners
from tensorgrad.kernels.reference.steps import adagrad_step, adam_step, rmsprop_step, sgd_step
from tensorgrad.kernels.reference.sums import add_up as sum
from tensorgrad.kernels.reference.sums import sum_of_products

__all__ = ["adagrad_step", "adam_step", "adaptive_avg_pool", "adaptive_avg_pool_grad", "adaptive_max_pool", "add",
           "avg_pool", "avg_pool_grad", "batch_norm", "batch_norm_grad", "channel_affine", "channel_affine_", "channel_sum",
           "conv", "conv_input_grad", "conv_weight_grad", "copy", "cross_entropy", "cross_entropy_grad", "deviation",
           "deviation_grad", "dropout", "extreme", "extreme_grad", "extreme_index", "gather_winners", "gradients_of_few",
           "group_norm", "group_norm_grad", "layer_norm", "layer_norm_grad", "linear", "log_softmax", "log_softmax_grad",
           "matmul", "max_pool", "multiply", "relu", "relu_grad", "rms_norm", "rms_norm_grad", "rmsprop_step",
           "scatter_winners", "sgd_step", "softmax", "softmax_grad", "sum", "sum_of_products", "unary", "unary_grad"]
