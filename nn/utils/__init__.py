"""What PyTorch has here: parameters in other forms, layers fused or without initial values, gradient clipping, data loading.

The code of clipping is in `nn.optim`, that of `data` in `nn.data`.
"""

from nn.optim.clipping import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from nn.utils import data, parametrizations, parametrize, stateless
from nn.utils.deprecated import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm
from nn.utils.fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights
from nn.utils.init import skip_init
from nn.utils.vector import parameters_to_vector, vector_to_parameters
from tensorgrad.porting.former_names import former_name

clip_grad_norm = former_name(clip_grad_norm_, "nn.utils")

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm",
           "parameters_to_vector", "vector_to_parameters", "data", "parametrizations", "parametrize",
           "stateless", "weight_norm", "remove_weight_norm", "spectral_norm", "remove_spectral_norm",
           "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights",
           "skip_init"]
