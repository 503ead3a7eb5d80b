"""Optimizers, schedules of their learning rate, and gradient clipping."""

from nn.optim import lr_scheduler, swa_utils
from nn.optim.adadelta import Adadelta
from nn.optim.adagrad import Adagrad
from nn.optim.adam import Adam
from nn.optim.adamw import AdamW
from nn.optim.adamax import Adamax
from nn.optim.asgd import ASGD
from nn.optim.base import Optimizer
from nn.optim.clipping import clip_grad_norm_, clip_grad_value_
from nn.optim.lion import Lion
from nn.optim.nadam import NAdam
from nn.optim.radam import RAdam
from nn.optim.rmsprop import RMSprop
from nn.optim.rprop import Rprop
from nn.optim.sgd import SGD

__all__ = ["Optimizer", "SGD", "ASGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "NAdam", "RAdam", "RMSprop",
           "Rprop", "lr_scheduler", "swa_utils", "clip_grad_norm_", "clip_grad_value_"]
