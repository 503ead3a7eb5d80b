"""Special functions under PyTorch's address ``torch.special``, where some have other names."""

from tensorgrad.ops import (digamma, erf, erfc, erfinv, exp2, expm1, lgamma, log1p, log_softmax, logit, logsumexp, round,
                            sigmoid, sinc, softmax, xlogy)

__all__ = ["digamma", "erf", "erfc", "erfinv", "exp2", "expit", "expm1", "gammaln", "log1p", "log_softmax", "logit",
           "logsumexp", "psi", "round", "sinc", "softmax", "xlogy"]

expit, gammaln, psi = sigmoid, lgamma, digamma
