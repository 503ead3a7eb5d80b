"""Schedules of the learning rate: `step()` once per epoch (or, for `OneCycleLR`, per batch), after the optimizer's."""

from nn.optim.lr_scheduler.base import LRScheduler
from nn.optim.lr_scheduler.decay import ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiStepLR, StepLR
from nn.optim.lr_scheduler.cosine import CosineAnnealingLR, OneCycleLR
from nn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from nn.optim.lr_scheduler.sequential import SequentialLR

__all__ = ["LRScheduler", "StepLR", "MultiStepLR", "ExponentialLR", "ConstantLR", "LinearLR", "LambdaLR",
           "CosineAnnealingLR", "OneCycleLR", "ReduceLROnPlateau", "SequentialLR"]
