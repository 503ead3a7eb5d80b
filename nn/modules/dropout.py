"""Dropout layers: at random entries or channels are set to 0 while training.  In evaluation they pass everything on."""

from __future__ import annotations

from nn import functional as F
from nn.module import Module
from nn.modules.arguments import probability
from tensorgrad.tensor import Tensor

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]


class Dropout(Module):
    """Each entry set to 0 with probability `p`, the others divided by 1 - p, so that the mean stays.

    Random numbers come from the process-wide generator (`tensorgrad.manual_seed`).  With ``inplace=True`` the input itself
    becomes the result.

    Raises
        ArgumentError   `p` is no probability

    Source
        Hinton et al. 2012, Improving neural networks by preventing co-adaptation of feature detectors

    Example
        >>> import tensorgrad
        >>> Dropout(0.5).eval()(tensorgrad.ones(3))
        tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False):
        self.p, self.inplace = probability(type(self).__name__, p), inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """Each channel of a signal (N, C, L) set to 0 as a whole with probability `p`, the others divided by 1 - p."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """Each channel of an image (N, C, H, W) set to 0 as a whole with probability `p`, the others divided by 1 - p.

    Source
        Tompson et al. 2015, Efficient object localization using convolutional networks
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(Dropout):
    """Each channel of a volume (N, C, D, H, W) set to 0 as a whole with probability `p`, the others divided by 1 - p."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(Dropout):
    """Dropout for `SELU` networks: dropped entries get SELU's lower limit, then mean and variance are restored.

    Source
        Klambauer et al. 2017, Self-normalizing neural networks
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels."""

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
