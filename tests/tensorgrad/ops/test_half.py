"""float16: every row of the op table takes it and gives it back; sums have the digits of float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import functional as F
from tensorgrad import Tensor, kernels
from tensorgrad.autograd import grad
from tests.libraries import TENSORGRAD, TORCH, numpy_of, outputs_of
from tests.op_cases import ALL
from tests.op_cases.case import Case
from tests.tensorgrad.ops.test_all_ops import run, tensors_of, varied, wants_grad

REFUSED = ("quantile", "nanquantile")  # PyTorch refuses them too


def as_half(arrays: list[np.ndarray]) -> list[np.ndarray]:
    with np.errstate(over="ignore"):
        return [a.astype(np.float16) if a.dtype == np.float64 else a for a in arrays]


HALF = [case for case in ALL if case.float32 and case.name.split("-")[0] not in REFUSED
        and any(a.dtype == np.float64 for a in case.draw())]
rows = pytest.mark.parametrize("case", HALF, ids=str)


@rows
def test_takes_and_gives_float16(case: Case) -> None:
    """Results close to the float64 ones of the same inputs, gradients of float16, both finite where those are."""
    arrays = as_half(case.draw())
    wide = [a.astype(np.float64) if a.dtype == np.float16 else a for a in arrays]
    with np.errstate(over="ignore"):
        tensors = tensors_of(case, arrays)
        outputs, exact = run(case, *tensors), run(case, *tensors_of(case, wide))
        for out, wanted in zip(outputs, exact):
            assert out.dtype == (np.float16 if wanted.dtype == np.float64 else wanted.dtype)
            if wanted.dtype == np.float64:
                close(out.numpy(), wanted.numpy())
        roots = [out for out in outputs if wants_grad(out)]
        if roots:
            ones = [np.ones(out.shape, out.dtype) for out in roots]
            for g in grad(roots, [tensors[i] for i in varied(case, arrays)], ones, materialize_grads=True):
                assert g.dtype == np.float16


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        wanted = wanted.astype(np.float16).astype(np.float64)  # what is beyond its range is infinite
    scale = np.max(np.abs(wanted), initial=1.0, where=np.isfinite(wanted))
    np.testing.assert_allclose(found.astype(np.float64), wanted, rtol=1e-2, atol=1e-2 * scale)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_by_torch(name: str) -> None:
    with pytest.raises(tg.errors.DtypeError, match=f"{name}: is not defined for float16"):
        getattr(tg, name)(tg.ones(3).half(), 0.5)


# -- layers, losses, optimizers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("set_name", kernels.available())
def test_sums_beyond_the_digits_of_float16(set_name: str) -> None:
    """4096 ones and a little: float16 itself would stop counting at 2048."""
    with kernels.use(set_name):
        x = Tensor(np.ones((1, 64, 8, 8), np.float16))
        assert F.conv2d(x, Tensor(np.ones((1, 64, 8, 8), np.float16))).item() == 4096
        assert F.linear(x.reshape(1, 4096), Tensor(np.ones((1, 4096), np.float16))).item() == 4096
        assert x.sum().item() == 4096 and x.mean().item() == 1 and x.var().item() == 0
        assert F.avg_pool2d(x, 8).sum().item() == 64
        assert F.layer_norm(x * 200, (64, 8, 8)).abs().max().item() == 0
        big = Tensor(np.full((4, 4096), 11, np.float16))
        assert F.softmax(big, 1).sum(1).tolist() == [1.0] * 4
        assert F.mse_loss(big, big * 0).item() == 121 and F.l1_loss(big, big * 0).item() == 11
        assert F.huber_loss(big, big * 0).item() == 10.5 and F.smooth_l1_loss(big, big * 0, beta=2).item() == 10
        assert abs(F.cross_entropy(big, tg.tensor([0] * 4)).item() - 8.32) < 0.01


@pytest.mark.parametrize("optimizer", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_a_model_of_float16_learns(optimizer: str) -> None:
    tg.manual_seed(3)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 9, 3))
    net.half()
    options = {"eps": 1e-4} if optimizer != "SGD" else {"momentum": 0.9}
    steps = getattr(nn.optim, optimizer)(net.parameters(), lr=0.01, **options)
    rng = np.random.default_rng(0)
    images = tg.tensor(rng.normal(size=(12, 1, 8, 8)).astype(np.float16))
    labels = tg.tensor(rng.integers(0, 3, size=12))
    losses = []
    for _ in range(25):
        steps.zero_grad()
        scores = net(images)
        loss = F.cross_entropy(scores, labels)
        loss.backward()
        assert scores.dtype == loss.dtype == np.float16
        assert all(p.dtype == np.float16 and p.grad is not None and p.grad.dtype == np.float16 for p in net.parameters())
        steps.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all() and losses[-1] < 0.6 * losses[0]


# -- the same dtypes as PyTorch ----------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", [case for case in HALF if case.torch], ids=str)
def test_dtypes_and_values_of_torch(case: Case) -> None:
    arrays = as_half(case.draw())
    torch = pytest.importorskip("torch")
    try:
        theirs = outputs_of(case.build(TORCH, *[torch.tensor(a) for a in arrays]))
    except RuntimeError as error:
        if "Half" in str(error) or "other than float and double" in str(error):
            pytest.skip("PyTorch has no float16 kernel")
        raise
    ours: tuple[Any, ...] = outputs_of(case.build(TENSORGRAD, *[tg.tensor(a) for a in arrays]))
    for out, wanted in zip(ours, map(numpy_of, theirs)):
        assert out.dtype == wanted.dtype and out.shape == wanted.shape
        if wanted.dtype == np.float16:
            close(out.numpy(), wanted.astype(np.float64))
