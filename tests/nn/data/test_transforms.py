"""Transforms on batches of images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn.data.transforms import (Compose, Normalize, RandomAffine, RandomCrop, RandomHorizontalFlip, RandomRotation, ToFloat,
                                rotate, warp)
from tensorgrad.errors import ArgumentError, DtypeError, ShapeError

RANDOM = [RandomCrop(5), RandomCrop((4, 6), padding=(1, 2), fill=3), RandomHorizontalFlip(), RandomRotation(30),
          Normalize(0.5, 2.0), Compose([RandomHorizontalFlip(), RandomCrop(6)]), ToFloat()]


def batch(n=6, c=2, h=8, w=9, dtype=np.float32):
    return np.random.default_rng(0).random((n, c, h, w)).astype(dtype)


@pytest.mark.parametrize("transform", RANDOM, ids=repr)
def test_contract(transform):
    """Same generator, same result; a new array of the input's dtype; the input is untouched; N and C are kept."""
    x = batch()
    x.flags.writeable = False
    one, two = (transform(x, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float32 and one.shape[:2] == x.shape[:2]
    assert not np.may_share_memory(one, x)
    assert transform(x[:0], np.random.default_rng(4)).shape[0] == 0


def test_to_float():
    x = ToFloat()(np.array([0, 51, 255], np.uint8))
    assert x.dtype == np.float32 and x.tolist() == [0.0, np.float32(0.2), 1.0]
    assert ToFloat(16)(np.array([16, 4])).tolist() == [1.0, 0.25]
    assert ToFloat()(np.array([0.5, 7.0])).tolist() == [0.5, 7.0]
    with pytest.raises(ArgumentError, match="scale=0"):
        ToFloat(0)


def test_normalize():
    x = batch()
    np.testing.assert_allclose(Normalize([0.2, 0.3], [0.5, 0.25])(x, None),
                               (x - np.array([0.2, 0.3])[:, None, None]) / np.array([0.5, 0.25])[:, None, None], atol=1e-6)
    with pytest.raises(ShapeError, match="the batch has 2 channels, mean and std are for 3"):
        Normalize([1, 2, 3], 1.0)(x, None)
    with pytest.raises(DtypeError, match=r"expects floats(.|\n)*Put ToFloat\(\) before it"):
        Normalize(0, 1)(x.astype(np.uint8), None)
    for mean, std in ((0, 0), (0, -1), ([1, 2], [1, 2, 3]), (0, float("nan"))):
        with pytest.raises(ArgumentError, match="is not allowed"):
            Normalize(mean, std)


def test_crops_are_windows_of_the_padded_image():
    x = np.arange(1, 21, dtype=np.float32).reshape(1, 1, 4, 5).repeat(300, 0)
    padded = np.pad(x[0, 0], 1, constant_values=-1)
    windows = {padded[i:i + 3, j:j + 4].tobytes() for i in range(4) for j in range(4)}
    out = RandomCrop((3, 4), padding=1, fill=-1)(x, np.random.default_rng(0))
    assert out.shape == (300, 1, 3, 4)
    assert {image.tobytes() for image in out} == windows  # each of the sixteen places is drawn, and no other
    assert RandomCrop(4)(x[..., :4].astype(np.uint8), np.random.default_rng(0)).dtype == np.uint8


@pytest.mark.parametrize("make, text", [
    (lambda: RandomCrop(0), "size=0"), (lambda: RandomCrop((2, 3, 4)), "size="), (lambda: RandomCrop(3, -1), "padding=-1"),
    (lambda: RandomCrop(2.5), "size=2.5"), (lambda: RandomHorizontalFlip(1.5), "p=1.5"),
    (lambda: RandomRotation(-5), "degrees=-5"), (lambda: RandomRotation((9, 3)), "degrees="),
])
def test_options_out_of_range(make, text):
    with pytest.raises(ArgumentError, match=text):
        make()


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match="images of 10×11, padding included, are smaller than the crop of 12×12"):
        RandomCrop(12, padding=1)(batch(), np.random.default_rng(0))
    for transform in (RandomCrop(2), RandomHorizontalFlip(), RandomRotation(5), Normalize(0, 1)):
        with pytest.raises(ShapeError, match=r"expects images of shape \(N, C, H, W\)"):
            transform(np.zeros((3, 4, 5), np.float32), np.random.default_rng(0))
    with pytest.raises(DtypeError, match="RandomRotation: expects floats"):
        RandomRotation(5)(np.zeros((1, 1, 4, 4), np.uint8), np.random.default_rng(0))
    with pytest.raises(DtypeError, match="Compose: 3 cannot be called"):
        Compose([3])


def test_flips():
    x = batch(200)
    assert np.array_equal(RandomHorizontalFlip(0)(x, np.random.default_rng(0)), x)
    assert np.array_equal(RandomHorizontalFlip(1)(x, np.random.default_rng(0)), x[..., ::-1])
    out = RandomHorizontalFlip(0.5)(x, np.random.default_rng(0))
    flipped = [np.array_equal(a, b[..., ::-1]) for a, b in zip(out, x)]
    assert all(np.array_equal(a, b) or f for a, b, f in zip(out, x, flipped)) and 70 < sum(flipped) < 130


@pytest.mark.parametrize("quarters", range(-4, 5))
def test_quarter_turns(quarters):
    x = batch(h=7, w=7, dtype=np.float64)
    np.testing.assert_allclose(rotate(x, np.full(6, quarters * np.pi / 2), 0.0), np.rot90(x, quarters, (2, 3)), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(-400, 400), st.integers(1, 6), st.integers(1, 6), st.floats(-2, 2))
def test_a_plane_of_fill_stays_one_and_values_stay_inside(degrees, h, w, fill):
    angle = np.deg2rad([degrees])
    np.testing.assert_allclose(rotate(np.full((1, 1, h, w), fill), angle, fill), fill, atol=1e-12)
    x = np.random.default_rng(0).random((1, 2, h, w))
    out = rotate(x, angle, 0.0)
    assert out.min() >= -1e-12 and out.max() <= x.max() + 1e-12


def test_rotation_reads_between_pixels():
    """Against a loop over pixels, for images that are not square."""
    x, angles = batch(3, 2, 5, 8, np.float64), np.array([0.4, -1.2, 3.0])
    wanted = np.zeros_like(x)
    for n, angle in enumerate(angles):
        for i in range(5):
            for j in range(8):
                y, z = i - 2.0, j - 3.5
                row = y * np.cos(angle) + z * np.sin(angle) + 2.0
                column = z * np.cos(angle) - y * np.sin(angle) + 3.5
                for a in (int(np.floor(row)), int(np.floor(row)) + 1):
                    for b in (int(np.floor(column)), int(np.floor(column)) + 1):
                        inside = 0 <= a < 5 and 0 <= b < 8
                        weight = (1 - abs(row - a)) * (1 - abs(column - b))
                        wanted[n, :, i, j] += weight * (x[n, :, a, b] if inside else 0.7)
    np.testing.assert_allclose(rotate(x, angles, 0.7), wanted, atol=1e-12)


def test_angles_are_drawn_from_the_interval():
    x = np.zeros((50, 1, 9, 9), np.float32)
    x[:, :, 4, 8] = 1  # a dot to the right of the centre
    out = RandomRotation((80, 100))(x, np.random.default_rng(0))
    assert np.all(out[:, 0, :2, 3:6].sum((1, 2)) > 0.5)  # is above it


def test_affine_parts():
    x = batch(6, 2, 9, 9, np.float64)
    rng = np.random.default_rng
    np.testing.assert_allclose(RandomAffine(0)(x, rng(0)), x, atol=1e-12)
    np.testing.assert_allclose(RandomAffine((90, 90))(x, rng(0)), np.rot90(x, 1, (2, 3)), atol=1e-12)
    dot = np.zeros((200, 1, 9, 9))
    dot[:, :, 2, 4] = 1  # two cells above the centre
    slanted = RandomAffine(0, shear=(45, 45))(dot, rng(0))
    np.testing.assert_allclose(slanted[:, 0, 2, 6], 1, atol=1e-12)  # above the centre goes right
    grown = RandomAffine(0, scale=(2, 2))(dot, rng(0))
    np.testing.assert_allclose(grown[:, 0, 0, 4], 1, atol=1e-12)  # twice as far away
    shifted = RandomAffine(0, translate=(2 / 9, 0))(dot, rng(0))
    rows = (shifted[:, 0, :, 4] * np.arange(9)).sum(1)
    assert np.allclose(shifted.sum((1, 2, 3)), 1) and 0 <= rows.min() < 0.2 and 3.8 < rows.max() <= 4


def test_affine_draws_for_every_image():
    x = np.repeat(batch(1, 1, 12, 12), 20, 0)
    out = RandomAffine(10, (0.1, 0.1), (0.9, 1.1), 10)(x, np.random.default_rng(0))
    assert len({image.tobytes() for image in out}) == 20 and out.dtype == x.dtype
    again = RandomAffine(10, (0.1, 0.1), (0.9, 1.1), 10)(x, np.random.default_rng(0))
    assert np.array_equal(out, again)


@pytest.mark.parametrize("options, text", [
    ({"degrees": (5, -5)}, r"RandomAffine: degrees=\(5, -5\)"), ({"degrees": 0, "scale": (0, 1)}, "above 0"),
    ({"degrees": 0, "translate": (2, 0)}, r"Use two numbers in \[0, 1\]"), ({"degrees": 0, "shear": 90}, "shear=90"),
])
def test_affine_options(options, text):
    with pytest.raises(ArgumentError, match=text):
        RandomAffine(**options)


def test_affine_wants_floats():
    with pytest.raises(DtypeError, match="RandomAffine: expects floats"):
        RandomAffine(5)(np.zeros((1, 1, 2, 2), np.uint8), np.random.default_rng(0))


def test_reprs():
    every = [ToFloat(), RandomCrop(32, 4), RandomHorizontalFlip(), RandomRotation(15), Normalize(0.5, 0.25)]
    assert repr(RandomAffine(5, scale=(0.9, 1.1), shear=3)) == (
        "RandomAffine(degrees=(-5, 5), translate=(0, 0), scale=(0.9, 1.1), shear=(-3, 3), fill=0)")
    assert repr(Compose(every)) == (
        "Compose([ToFloat(scale=255), RandomCrop(size=(32, 32), padding=(4, 4), fill=0), RandomHorizontalFlip(p=0.5), "
        "RandomRotation(degrees=(-15, 15), fill=0), Normalize(mean=0.5, std=0.25)])")


@pytest.mark.torch
def test_rotation_as_pytorch_samples(rng):
    torch = pytest.importorskip("torch")
    x, angles = rng.random((3, 2, 7, 10)), np.array([0.3, -2.0, 1.0])
    h, w = x.shape[2:]
    theta = np.array([[[np.cos(a), -np.sin(a) * h / w, 0], [np.sin(a) * w / h, np.cos(a), 0]] for a in angles])
    grid = torch.nn.functional.affine_grid(torch.tensor(theta), x.shape, align_corners=False)
    wanted = torch.nn.functional.grid_sample(torch.tensor(x), grid, align_corners=False).numpy()
    np.testing.assert_allclose(rotate(x, angles, 0.0), wanted, atol=1e-12)


@pytest.mark.torch
def test_warp_as_pytorch_samples(rng):
    torch = pytest.importorskip("torch")
    x, matrices, shifts = rng.random((3, 2, 7, 7)), rng.normal(size=(3, 2, 2)), rng.normal(size=(3, 2))
    offsets = np.einsum("nij,nj->ni", matrices, -shifts) * 2 / 7
    theta = np.concatenate([matrices[:, ::-1, ::-1], offsets[:, ::-1, None]], 2)  # PyTorch counts columns first
    grid = torch.nn.functional.affine_grid(torch.tensor(theta), x.shape, align_corners=False)
    wanted = torch.nn.functional.grid_sample(torch.tensor(x), grid, align_corners=False).numpy()
    np.testing.assert_allclose(warp(x, matrices, shifts, 0.0), wanted, atol=1e-12)
