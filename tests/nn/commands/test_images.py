"""A user's picture becomes what the model was trained on, and every step is said."""

import numpy as np
import pytest

from nn.commands.images import Target, prepare, read_image, resized
from tensorgrad.errors import DataError

DIGIT = Target(1, 28, 28, margin=4 / 28)


def stroke(height=200, width=300):
    """A black bar on white paper, off centre."""
    paper = np.ones((height, width), np.float32)
    paper[40:160, 200:220] = 0
    return paper


def test_a_drawing_is_inverted_cropped_and_resized():
    pixels, said = prepare(stroke(), DIGIT)
    assert pixels.shape == (1, 28, 28) and pixels.dtype == np.float32
    assert said == ["inverted to light on dark", "cropped to 120 × 20", "resized to 28 × 28"]
    rows, columns = np.flatnonzero(pixels[0].max(1) > 0.5), np.flatnonzero(pixels[0].max(0) > 0.5)
    assert (rows[0], rows[-1]) == (4, 23) and 12 <= columns[0] <= columns[-1] <= 15  # 20 high, in the middle


def test_what_fits_already_is_left_alone():
    image = np.zeros((28, 28), np.float32)
    image[10:18, 10:18] = 0.7
    pixels, said = prepare(image, DIGIT)
    assert said == [] and np.array_equal(pixels[0], image)


def test_colour_becomes_grey_and_grey_becomes_colour():
    red = np.zeros((8, 8, 3), np.float32)
    red[..., 0] = 1
    pixels, said = prepare(red, Target(1, 8, 8))
    assert said == ["made grey"] and np.allclose(pixels, 0.299)
    pixels, said = prepare(np.full((8, 8), 0.5, np.float32), Target(3, 8, 8))
    assert pixels.shape == (3, 8, 8) and said == ["grey taken for all three channels"]


def test_photographs_are_padded_not_distorted():
    pixels, said = prepare(np.ones((20, 40, 3), np.float32), Target(3, 10, 10))
    assert said == ["padded to 40 × 40", "resized to 10 × 10"]
    assert (pixels[:, :2] == 0).all() and (pixels[:, 3:7] == 1).all()


@pytest.mark.parametrize("size", [(7, 5), (14, 10), (3, 20), (28, 40), (1, 1)])
def test_resizing_keeps_the_mean_of_areas_and_constants(size):
    image = np.random.default_rng(0).random((14, 20)).astype(np.float32)
    out = resized(image, *size)
    assert out.shape == size
    if 14 % size[0] == 0 and 20 % size[1] == 0:
        blocks = image.reshape(size[0], 14 // size[0], size[1], 20 // size[1]).mean((1, 3))
        np.testing.assert_allclose(out, blocks, rtol=1e-5)
    np.testing.assert_allclose(resized(np.full((14, 20), 0.3, np.float32), *size), 0.3, rtol=1e-6)


def test_an_empty_picture_stays_empty():
    pixels, _ = prepare(np.zeros((50, 60), np.float32), DIGIT)
    assert (pixels == 0).all()


@pytest.mark.parametrize("array, shape, first", [
    (np.full((4, 5), 255, np.uint8), (4, 5), 1.0),
    (np.full((4, 5, 3), 51, np.uint8), (4, 5, 3), 0.2),
    (np.full((3, 40, 50), 0.5, np.float64), (40, 50, 3), 0.5),
    (np.full((1, 40, 50), 1, np.int64), (40, 50), 1 / 255),
    (np.ones((4, 5), bool), (4, 5), 1.0),
    (np.full((4, 5, 1), 0.25), (4, 5), 0.25),
    (np.stack([np.zeros((4, 5)), np.full((4, 5), 0.25)], -1), (4, 5), 0.75),  # transparent black on white paper
])
def test_arrays(tmp_path, array, shape, first):
    np.save(tmp_path / "a.npy", array)
    image = read_image(tmp_path / "a.npy")
    assert image.shape == shape and image.dtype == np.float32 and image.flat[0] == pytest.approx(first)


@pytest.mark.parametrize("mode, value, shape, first", [
    ("L", 51, (6, 4), 0.2), ("RGB", (255, 0, 51), (6, 4, 3), 1.0), ("RGBA", (0, 0, 0, 0), (6, 4, 3), 1.0),
    ("1", 1, (6, 4), 1.0), ("P", 0, (6, 4, 3), 0.0), ("LA", (0, 255), (6, 4, 3), 0.0), ("I;16", 65535, (6, 4), 1.0),
])
def test_pictures(tmp_path, mode, value, shape, first):
    image = pytest.importorskip("PIL.Image").new(mode, (4, 6), value)
    image.save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png")
    assert found.shape == shape and found.flat[0] == pytest.approx(first, abs=1e-3)


@pytest.mark.parametrize("content, text", [
    (np.zeros((2, 3, 4, 5)), r"shape \(2, 3, 4, 5\), which is no picture"),
    (np.zeros((0, 3)), "which is no picture"),
    (np.full((3, 3), 2.0), "float64 from 2.0 to 2.0"),
    (np.full((3, 3), np.nan), "holds float64"),
    (np.full((3, 3), -1), "int64 from -1 to -1"),
    (np.array([["a"]]), "holds <U1, not numbers"),
    (np.array([[{}]], object), "is no array file"),
    (b"no array", "is no array file"),
    (b"PK\5\6" + b"\0" * 18, "is no array file"),  # an archive of arrays
    (b"\x93NUMPY\1\0\x33\0{'descr': '<f4', 'fortran_order': False, 'shape': (", "is no array file"),
    (b"\x93NUMPY\1\0\x46\0{'descr': '<f8', 'fortran_order': False, 'shape': (70368744177664,),}  \n", "is no array"),
])
def test_arrays_that_are_no_pictures(tmp_path, content, text):
    path = tmp_path / "a.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(DataError, match=text):
        read_image(path)


def test_files_that_are_no_pictures(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="there is no file"):
        read_image(tmp_path / "a.png")
    pytest.importorskip("PIL")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(DataError, match="cannot be read as a picture"):
        read_image(tmp_path / "a.png")
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(DataError, match='reading a.png needs the package pillow.\n  pip install "tensorgrad'):
        read_image(tmp_path / "a.png")
