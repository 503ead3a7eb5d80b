"""Differentiation: `backward` and `grad`, ops of your own with `Function`, checks of them with `gradcheck`, Jacobians and
Hessians in `functional`, `checkpoint` for models that do not fit into memory, `detect_anomaly` for
NaN, and `why_grad` for gradients that are missing or zero."""

from tensorgrad.autograd import functional
from tensorgrad.autograd.anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from tensorgrad.autograd.backward import backward, grad
from tensorgrad.autograd.checkpointing import checkpoint, checkpoint_sequential
from tensorgrad.autograd.function import Function, FunctionCtx, once_differentiable
from tensorgrad.autograd.gradcheck import gradcheck, gradgradcheck
from tensorgrad.autograd.variable import Variable
from tensorgrad.autograd.why import Reason, why_grad

__all__ = ["backward", "grad", "Function", "FunctionCtx", "once_differentiable", "gradcheck", "gradgradcheck", "functional",
           "checkpoint", "checkpoint_sequential", "detect_anomaly", "set_detect_anomaly", "is_anomaly_enabled",
           "why_grad", "Reason", "Variable"]
