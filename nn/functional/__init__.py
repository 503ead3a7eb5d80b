"""Layers and losses as functions, under PyTorch's names: ``import nn.functional as F``."""

from tensorgrad import ops
from nn.functional.binary import (binary_cross_entropy, binary_cross_entropy_with_logits, multilabel_soft_margin_loss,
                                  soft_margin_loss)
from nn.functional.classification import cross_entropy, multi_margin_loss, nll_loss
from nn.functional.distance import (cosine_embedding_loss, cosine_similarity, hinge_embedding_loss, margin_ranking_loss,
                                    normalize, pairwise_distance, triplet_margin_loss)
from nn.functional.regression import (gaussian_nll_loss, huber_loss, kl_div, l1_loss, mse_loss, poisson_nll_loss,
                                      smooth_l1_loss)

for _name in ("celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish prelu relu relu6 selu "
              "sigmoid silu softplus softshrink softsign tanh tanhshrink threshold "
              "linear bilinear softmax log_softmax softmin batch_norm layer_norm group_norm instance_norm "
              "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout "
              "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d unfold fold "
              "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d "
              "adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d max_unpool1d max_unpool2d "
              "max_unpool3d lp_pool1d lp_pool2d lp_pool3d pad interpolate pixel_shuffle pixel_unshuffle "
              "embedding one_hot").split():
    if hasattr(ops, _name):
        globals()[_name] = getattr(ops, _name)
