"""The kernels of `contract` compiled by numba.  What is not here yet, `tensorgrad.kernels` takes from the reference."""

from tensorgrad import dtypes
from tensorgrad.kernels.compiled.averages import adaptive_avg_pool, adaptive_avg_pool_grad, avg_pool, avg_pool_grad
from tensorgrad.kernels.compiled.channels import (batch_norm, batch_norm_grad, channel_affine, channel_affine_,
                                                  channel_sum)
from tensorgrad.kernels.compiled.classes import (cross_entropy, cross_entropy_grad, log_softmax, log_softmax_grad, softmax,
                                                 softmax_grad)
from tensorgrad.kernels.compiled.convolution import conv, conv_input_grad, conv_weight_grad
from tensorgrad.kernels.compiled.dense import linear, matmul
from tensorgrad.kernels.compiled.deviations import deviation, deviation_grad
from tensorgrad.kernels.compiled.entrywise import add, relu, relu_grad
from tensorgrad.kernels.compiled.extremes import extreme, extreme_grad, extreme_index
from tensorgrad.kernels.compiled.groups import group_norm, group_norm_grad
from tensorgrad.kernels.compiled.last_axes import layer_norm, layer_norm_grad, rms_norm, rms_norm_grad
from tensorgrad.kernels.compiled.maxima import adaptive_max_pool, gather_winners, max_pool, scatter_winners
from tensorgrad.kernels.compiled.reductions import sum
from tensorgrad.kernels.compiled.repeats import copy, dropout, multiply, sum_of_products
from tensorgrad.kernels.compiled.steps import adagrad_step, adam_step, rmsprop_step, sgd_step
from tensorgrad.kernels.compiled.ufuncs import gradients_of_few
from tensorgrad.kernels.compiled.unary import unary, unary_grad

__all__ = ["DTYPES", "adagrad_step", "adam_step", "adaptive_avg_pool", "adaptive_avg_pool_grad", "adaptive_max_pool", "add",
           "avg_pool", "avg_pool_grad", "batch_norm", "batch_norm_grad", "channel_affine", "channel_affine_", "channel_sum",
           "conv", "conv_input_grad", "conv_weight_grad", "copy", "cross_entropy", "cross_entropy_grad", "deviation",
           "deviation_grad", "dropout", "extreme", "extreme_grad", "extreme_index", "gather_winners", "gradients_of_few",
           "group_norm", "group_norm_grad", "layer_norm", "layer_norm_grad", "linear", "log_softmax", "log_softmax_grad",
           "matmul", "max_pool", "multiply", "relu", "relu_grad", "rms_norm", "rms_norm_grad", "rmsprop_step",
           "scatter_winners", "sgd_step", "softmax", "softmax_grad", "sum", "sum_of_products", "unary", "unary_grad"]

DTYPES = (dtypes.float32, dtypes.float64)
