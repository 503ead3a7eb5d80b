"""Optimizers, schedules of their learning rate, and gradient clipping."""

from nn.optim import lr_scheduler
from nn.optim.adagrad import Adagrad
from nn.optim.adam import Adam
from nn.optim.adamw import AdamW
from nn.optim.base import Optimizer
from nn.optim.clipping import clip_grad_norm_, clip_grad_value_
from nn.optim.rmsprop import RMSprop
from nn.optim.sgd import SGD

__all__ = ["Optimizer", "SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "lr_scheduler", "clip_grad_norm_", "clip_grad_value_"]
