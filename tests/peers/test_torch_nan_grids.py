"""grid_sample with NaN in the grid against PyTorch: bilinear, zeros beyond the image.

The other modes are not compared: under padding_mode="border" PyTorch crashes.
"""

from __future__ import annotations

import numpy as np
import pytest

import nn
import tensorgrad

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


@pytest.mark.parametrize("align_corners", [False, True])
def test_bilinear_with_zeros(align_corners: bool) -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(1, 2, 3, 3))
    grid = np.array([[[[0.3, -0.2], [np.nan, 0.0], [0.0, np.nan], [np.nan, np.nan]]]])
    found = []
    for library, functional in ((tensorgrad, nn.functional), (torch, torch.nn.functional)):
        x, places = library.tensor(image, requires_grad=True), library.tensor(grid, requires_grad=True)
        y = functional.grid_sample(x, places, "bilinear", "zeros", align_corners)
        y.sum().backward()
        found.append([tensor.detach().numpy() for tensor in (y, x.grad, places.grad)])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
