"""Files, notebooks, terminals, and what cannot be drawn."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import tensorgrad
from tensorgrad import draw
from tensorgrad.drawing import Drawing
from tensorgrad.drawing.palette import FAINT, FRAMES, HEAT, INKS, PAPER, TEXT
from tensorgrad.errors import ArgumentError, DataError, DtypeError
from tensorgrad.tensor import Tensor
from tests.tensorgrad.drawing.graphs import chain, leaf, mlp, residual_blocks, tangle

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def no_programs(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_svg_is_well_formed_and_needs_nothing_else(no_programs):
    root = ElementTree.fromstring(draw(mlp()).svg())
    assert root.tag == SVG + "svg"
    texts = [text.text for text in root.iter(SVG + "text")]
    assert {"net.hidden", "mul", "weight", "(4, 8) float32", "grad not computed", "target", "output"} <= set(texts)
    assert any("net.hidden.weight" in (title.text or "") for title in root.iter(SVG + "title"))
    assert not re.search(r"href|url\(|<style|<script|<image", draw(mlp()).svg())


@pytest.mark.parametrize("name", ["<&>\"'", "a\nb\tc", "\x00\x1b[31m", "]]>", "\\N \\l", "-->", "重み", "\ud800", "<b>x</b>"])
def test_names_are_escaped(name, tmp_path):
    w = Tensor([1.0, 2.0], requires_grad=True, name=name)
    with tensorgrad.scope("layer <" + name.replace(".", "")):
        drawing = draw(w * w * 2)
    for suffix in ("svg", "dot", "txt"):
        drawing.save(tmp_path / f"x.{suffix}")
    ElementTree.fromstring((tmp_path / "x.svg").read_bytes())
    if shutil.which("dot"):
        done = subprocess.run(["dot", "-Tdot", str(tmp_path / "x.dot")], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr


def test_output_is_deterministic():
    assert draw(*tangle(40, 1)).svg() == draw(*tangle(40, 1)).svg()
    assert draw(residual_blocks(5)).dot == draw(residual_blocks(5)).dot


def test_it_does_not_depend_on_the_hash_seed():
    code = ("from tests.tensorgrad.drawing.graphs import *; import hashlib; from tensorgrad import draw; "
            "d = draw(*tangle(60, 2)); print(hashlib.sha256((d.svg() + d.dot + d.to_text()).encode()).hexdigest())")
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}).stdout for seed in ("1", "2")}
    assert len(runs) == 1


def test_dot_has_nested_clusters():
    drawing = draw(mlp())
    dot = drawing.dot
    assert dot == drawing.source
    assert dot.count("subgraph cluster_") == len(drawing.picture.frames)
    assert dot.count("{") == dot.count("}")
    assert len(re.findall(r"^ +n\d+ \[", dot, re.M)) == len(drawing.picture.boxes)
    assert len(re.findall(r"^ +n\d+ -> n\d+", dot, re.M)) == len(drawing.picture.arrows)


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_reads_the_dot():
    found = subprocess.run(["dot", "-Tsvg"], input=draw(mlp()).dot.encode(), capture_output=True, check=True, timeout=60)
    assert b"net.hidden" in found.stdout


def test_text_lists_every_operation():
    lines = draw(mlp()).to_text().splitlines()
    assert lines[0] == "11 operations, 4 parameters (32 numbers), 2 constants"
    assert any(re.match(r" {8}\[1\] mul\(images, weight\) +\(4, 8\) float32$", line) for line in lines)
    assert any(re.match(r" {12}parameter bias +\(8,\) float32  grad not computed$", line) for line in lines)
    assert lines[-1].split()[:3] == ["output", "=", "[11]"]
    assert str(draw(mlp())) == draw(mlp()).to_text()


def test_notebooks():
    drawing = draw(leaf() * 2)
    assert drawing._repr_svg_() == drawing.svg()
    assert drawing._repr_mimebundle_() == {"image/svg+xml": drawing.svg(), "text/plain": repr(drawing)}
    assert list(drawing._repr_mimebundle_(include=["text/plain"])) == ["text/plain"]
    assert list(drawing._repr_mimebundle_(exclude=["text/plain"])) == ["image/svg+xml"]
    assert repr(drawing) == "<Drawing of 1 operation, 1 tensor>"
    assert isinstance(drawing, Drawing)


@pytest.mark.parametrize("suffix, start", [("svg", b"<svg"), ("SVG", b"<svg"), ("dot", b"digraph"), ("gv", b"digraph"),
                                           ("txt", b"1 operation")])
def test_save(tmp_path, suffix, start, no_programs, no_matplotlib):
    path = draw(leaf() * 2).save(str(tmp_path / f"graph.{suffix}"))
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("suffix, start", [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_save_with_matplotlib(tmp_path, suffix, start, no_programs):
    pytest.importorskip("matplotlib")
    drawing = draw(mlp())
    content = drawing.save(tmp_path / f"a.{suffix}").read_bytes()
    assert content.startswith(start)
    assert content == drawing.save(tmp_path / f"b.{suffix}").read_bytes()
    if suffix == "png":
        size = tuple(int.from_bytes(content[i:i + 4], "big") for i in (16, 20))
        assert size == (int(drawing.scene.width * 2), int(drawing.scene.height * 2))


def test_png_shows_the_boxes(tmp_path):
    image = pytest.importorskip("matplotlib.image")
    drawing = draw(leaf() * 2)
    pixels = image.imread(drawing.save(tmp_path / "a.png"))
    colours = {"#" + "".join(f"{round(float(c) * 255):02x}" for c in pixel[:3]) for pixel in pixels[::5, ::5].reshape(-1, 4)}
    assert {PAPER, INKS["operation"].fill, INKS["tensor"].fill, INKS["output"].fill} <= colours


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_png_by_graphviz(tmp_path, no_matplotlib):
    assert draw(mlp()).save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_png_with_neither(tmp_path, no_matplotlib, no_programs):
    with pytest.raises(DataError) as error:
        draw(leaf() * 2).save(tmp_path / "a.png")
    assert str(error.value) == (
        "draw: a PNG file needs matplotlib, or Graphviz' program `dot`, and neither is installed.\n"
        "  pip install \"tensorgrad[plot]\", or apt install graphviz, or save as .svg, which needs neither.")
    assert not (tmp_path / "a.png").exists()


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, what", [("x.jpg", "the suffix '.jpg' is unknown"), ("x", "it has no suffix")])
def test_unknown_suffix(tmp_path, name, what):
    with pytest.raises(ArgumentError) as error:
        draw(leaf() * 2).save(tmp_path / name)
    assert str(error.value) == (f"save: cannot draw into {name!r}: {what}.\n  Use .svg, .png, .pdf, .dot, .gv or .txt.")


def test_missing_folder(tmp_path):
    with pytest.raises(DataError, match="there is no folder .*nowhere.*\n  Create it first."):
        draw(leaf() * 2).save(tmp_path / "nowhere" / "x.svg")


class Model:
    def forward(self, x):
        return x


@pytest.mark.parametrize("value, text", [
    (np.ones(3), "draw: expects tensors, got a ndarray.\n  Pass what a model or a loss returned."),
    (Model(), "draw: expects tensors, got the model Model.\n  A graph is recorded as a model runs: draw(model(x))."),
    ([1.0], "draw: expects tensors, got a float.\n  Pass what a model or a loss returned."),
])
def test_something_else_than_tensors(value, text):
    with pytest.raises(DtypeError) as error:
        draw(value)
    assert str(error.value) == text


@pytest.mark.parametrize("options, text", [
    ({"direction": "up"}, "draw: direction='up' is unknown.\n  Use 'TB' (top to bottom) or 'LR' (to the right)."),
    ({"depth": 0}, "draw: depth=0 is no depth of layers.\n  Use 1 for whole top layers, 2, ..., or None."),
    ({"collapse": "all"}, "draw: collapse='all' is unknown.\n  Use 'auto', True or False."),
    ({"highlight": "time"}, "draw: highlight='time' is unknown.\n  Use 'cost' or None."),
])
def test_unknown_options(options, text):
    with pytest.raises(ArgumentError) as error:
        draw(leaf() * 2, **options)
    assert str(error.value) == text


def test_no_tensors():
    with pytest.raises(ArgumentError, match="draw: there is no tensor in the list"):
        draw([])


# -- colours ----------------------------------------------------------------------------------------------------------


def luminance(colour):
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_text_is_legible():
    grounds = [ink.fill for ink in INKS.values()] + ["#" + "".join(f"{c:02x}" for c in rgb) for rgb in HEAT]
    for ink in INKS.values():
        assert contrast(ink.text, ink.fill) >= 7
    assert all(contrast(TEXT, ground) >= 4.5 for ground in grounds)
    assert all(contrast(FAINT, ground) >= 4.5 for ground in (PAPER, *(fill for fill, _ in FRAMES), INKS["operation"].fill))
    assert all(contrast(INKS["operation"].text, "#" + "".join(f"{c:02x}" for c in rgb)) >= 4.5 for rgb in HEAT)


def test_legend_names_the_kinds_that_occur():
    svg = draw(chain(2)).svg()
    assert "tensor that requires grad" in svg and "operation" in svg
    assert "folded layer" not in svg and "no gradient flows back" not in svg
