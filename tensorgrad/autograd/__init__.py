"""Differentiation: `backward` and `grad`, ops of your own with `Function`, and checks of them with `gradcheck`."""

from tensorgrad.autograd.backward import backward, grad
from tensorgrad.autograd.function import Function, FunctionCtx, once_differentiable
from tensorgrad.autograd.gradcheck import gradcheck, gradgradcheck

__all__ = ["backward", "grad", "Function", "FunctionCtx", "once_differentiable", "gradcheck", "gradgradcheck"]
