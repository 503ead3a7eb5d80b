"""Calls in forms that programs for PyTorch use: one text, read by both, with equal results, dtypes and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

BY_NAME = """
    torch.reshape(input=x, shape=(-1,))     x.reshape(shape=(4, 3))          torch.permute(x, dims=(1, 0))
    x.permute(dims=(0, 1))                  x[0].expand(size=(2, 4))         torch.broadcast_to(x, size=(2, 3, 4))
    x.repeat(repeats=(2, 1))                torch.tile(x, dims=(2,))         x.tile(dims=(2, 1))
    torch.gather(x, 1, i[:, :2] * 0, sparse_grad=False)
    torch.zeros(size=(2, 3))                torch.ones(size=(2,), dtype=torch.float16)
    torch.arange(end=5)                     torch.arange(end=5, start=2, step=2)
""".replace("    ", "\n").split("\n")

DTYPES = """
    torch.full((2,), x[0, 0].detach())
    torch.full((2,), i[0, 0])
    torch.full((2,), u[0, 0])
    torch.full((2,), np.float64(3))
    torch.full((2,), np.int32(3))
    torch.full((2,), x[0, 0].detach(), dtype=torch.float16)
    torch.as_tensor(x, dtype=torch.float32)
    torch.as_tensor(x, dtype=torch.float64)
    torch.as_tensor(i, dtype=torch.int32)
""".splitlines()

TRUTH = ["torch.all(x, dim=())", "torch.any(i, ())", "torch.any(u, ())", "torch.all(i, dim=(), keepdim=True)",
         "torch.any(x, dim=None)"]

SHIFTS = """
    i << 1
    i >> 1
    1 << i.abs()
    64 >> i.abs()
    i << i
    i >> i
    i.int() << 40
    u << 3
    u << i
    i.to(torch.int8) >> 9
    (i > 0) << 1
    torch.bitwise_left_shift(i, i.abs())
    torch.bitwise_right_shift(input=i, other=2)
    i.clone().bitwise_left_shift_(2)
    i.int().bitwise_right_shift_(1)
    i.clone().__ilshift__(2)
    i.clone().__irshift__(2)
""".splitlines()

MATRICES = """
    torch.linalg.pinv(x)
    torch.linalg.pinv(x.T)
    torch.linalg.pinv(x[:, :0])
    torch.linalg.pinv(x.float())
    torch.linalg.pinv(x, atol=1e-3)
    torch.linalg.pinv(x.detach()[:1] * x.detach()[0, :, None])
    torch.linalg.pinv(torch.stack([x, 2 * x]))
    torch.linalg.matrix_rank(x)
    torch.linalg.matrix_rank(x[:, :0])
    torch.linalg.matrix_rank(torch.stack([x, 0 * x]))
    torch.linalg.matrix_rank(x[:1] * x[0, :, None])
    torch.linalg.matrix_rank(x, rtol=0.5)
    torch.linalg.matrix_rank(x, atol=1.5)
    torch.linalg.matrix_rank(x, atol=0.5, rtol=0.1)
    torch.linalg.vecdot(x, 2 * x)
    torch.linalg.vecdot(x, x[0])
    torch.linalg.vecdot(x, x, dim=0)
    torch.linalg.solve_triangular(s, x, upper=True)
    torch.linalg.solve_triangular(s, x, upper=False)
    torch.linalg.solve_triangular(s, x.T, upper=True, left=False)
    torch.linalg.solve_triangular(s, x, upper=False, unitriangular=True)
    torch.linalg.solve_triangular(s, torch.stack([x, 2 * x]), upper=True)
    torch.linalg.solve_triangular(torch.stack([s, 2 * s]), x, upper=True)
""".splitlines()

CALLS = [call.strip() for call in [*BY_NAME, *DTYPES, *TRUTH, *SHIFTS, *MATRICES] if call.strip()]


def outcome(library: Any, call: str) -> tuple[Any, Any]:
    """What `call` gives in a library, and the gradient of x after a weighted sum of it, None without one."""
    random = np.random.default_rng(5)
    x = library.tensor(random.standard_normal((3, 4)), requires_grad=True)
    values = {"x": x, "i": library.tensor(random.integers(-5, 6, (3, 4))), "np": np, "torch": library,
              "u": library.tensor(random.integers(0, 255, (3, 4)).astype(np.uint8)),
              "s": x.detach()[:, :3] + 3 * library.eye(3, dtype=library.float64)}
    y = eval(call, values)
    if y.requires_grad:
        (y * library.tensor(np.cos(np.arange(y.numel())).reshape(tuple(y.shape)), dtype=y.dtype)).sum().backward()
    return y, x.grad


@pytest.mark.parametrize("call", CALLS)
def test_same_in_both(call: str) -> None:
    (theirs, their_gradient), (ours, our_gradient) = outcome(torch, call), outcome(tensorgrad, call)
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.") and tuple(ours.shape) == tuple(theirs.shape)
    assert ours.requires_grad == theirs.requires_grad and (our_gradient is None) == (their_gradient is None)
    close = 1e-4 if str(ours.dtype) == "float32" else 1e-9
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=close, atol=close)
    if our_gradient is not None:
        np.testing.assert_allclose(our_gradient.numpy(), their_gradient.numpy(), rtol=close, atol=close)


@pytest.mark.parametrize("call", ["torch.zeros(2, size=(3,))", "torch.arange()", "x << 1", "(i > 0) << (i > 0)",
                                  "torch.linalg.vecdot(i, i)", "torch.linalg.pinv(i)", "torch.linalg.pinv(x[0])",
                                  "torch.linalg.solve_triangular(s, x)",
                                  "torch.linalg.solve_triangular(s, x[:2], upper=True)"])
def test_refused_by_both(call: str) -> None:
    for library in (torch, tensorgrad):
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            outcome(library, call)
