"""Schedules of the learning rate: `step()` once per epoch (or, for `OneCycleLR` and `CyclicLR`, per batch), after the
optimizer's."""

from nn.optim.lr_scheduler.base import LRScheduler
from nn.optim.lr_scheduler.decay import (ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR, MultiStepLR,
                                         PolynomialLR, StepLR)
from nn.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts, OneCycleLR
from nn.optim.lr_scheduler.cyclic import CyclicLR
from nn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from nn.optim.lr_scheduler.sequential import ChainedScheduler, SequentialLR

__all__ = ["LRScheduler", "StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR", "LambdaLR", "MultiplicativeLR",
           "PolynomialLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR", "ReduceLROnPlateau",
           "SequentialLR", "ChainedScheduler"]
