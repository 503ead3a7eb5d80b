"""Differentiation: `backward` and `grad`, and ops of your own with `Function`."""

from tensorgrad.autograd.backward import backward, grad
from tensorgrad.autograd.function import Function, FunctionCtx, once_differentiable

__all__ = ["backward", "grad", "Function", "FunctionCtx", "once_differentiable"]
