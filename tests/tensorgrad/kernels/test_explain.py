"""The planner: what it says is what runs, what it costs and how it rounds, and how it is overridden."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

import tensorgrad
from tensorgrad import kernels
from tensorgrad.errors import ArgumentError, ShapeError
from tensorgrad.kernels import algorithms, choices, explain
from tensorgrad.window import Window

plan = pytest.importorskip("tensorgrad.kernels.compiled.plan") if "compiled" in kernels.available() else None
needs_numba = pytest.mark.skipif("compiled" not in kernels.available(), reason="numba is not installed")
DIRECTIONS = ("forward", "input_grad", "weight_grad")


def names(found):
    return [getattr(found, direction).algorithm for direction in DIRECTIONS]


@pytest.fixture
def compiled():
    with kernels.use("compiled") as used:
        yield used


@pytest.fixture
def reference():
    with kernels.use("reference") as used:
        yield used


def three(kernel_set, x, w, grad, window, groups=1):
    """Forward, input gradient and weight gradient."""
    return (kernel_set.conv(x, w, None, window, groups), kernel_set.conv_input_grad(grad, w, x.shape[2:], window, groups),
            kernel_set.conv_weight_grad(grad, x, window, groups))


def case(rng, n, c, f, sizes, padding=1, dtype=np.float32, kernel=3, dilation=1):
    window = Window.parse("conv2d", 2, kernel, 1, padding, dilation)
    x, w = rng.normal(size=(n, c, *sizes)), rng.normal(size=(f, c, kernel, kernel)) / math.sqrt(kernel**2 * c)
    grad = rng.normal(size=(n, f, *window.output_sizes(sizes)))
    return x.astype(dtype), w.astype(dtype), grad.astype(dtype), window


# -- what it says ------------------------------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("x, w, options, algorithm, why", [
    ((64, 64, 32, 32), (64, 64, 3, 3), {"padding": 1}, "winograd", "3×3 at stride 1"),
    ((64, 64, 32, 32), (64, 64, 5, 5), {"padding": 2}, "winograd", "5×5 at stride 1, .*: 36 instead of 100"),
    ((64, 64, 32, 32), (64, 64, 3, 3), {"dilation": (1, 2)}, "winograd", "3×3 at stride 1, .*: 36 instead of 144"),
    ((64, 64, 32, 32), (64, 64, 7, 7), {"padding": 2}, "direct", "the kernel is 7×7"),
    ((64, 64, 32, 32), (64, 64, 3, 5), {"padding": 2}, "direct", "the kernel is 3×5"),
    ((64, 64, 32, 32), (64, 64, 3, 3), {"stride": 2}, "direct", "the stride is 2×2"),
    ((64, 64, 32, 32), (64, 32, 3, 3), {"groups": 2}, "direct", "there are 2 groups"),
    ((64, 64, 32, 32), (64, 64, 3, 3), {"padding": 3}, "direct", "the padding is ((3, 3), (3, 3))"),
    ((64, 64, 32, 32), (64, 64, 3, 3), {"dtype": "float64"}, "direct", "the dtype is float64"),
    ((64, 3, 32, 32), (65, 3, 3, 3), {}, "direct", "3 and 65 channels do not fill vectors of"),
    ((1, 64, 4, 4), (64, 64, 3, 3), {"padding": 1}, "direct", "for 1 tiles of 4×4, transforming the weights"),
    ((64, 32, 9, 9), (32, 1, 3, 3), {"groups": 32}, "depthwise", "every group has one channel and one filter"),
    ((64, 32, 9, 9), (32, 4, 3, 3), {"groups": 8}, "depthwise", "every group has 4 channels and filters"),
    ((64, 32, 9, 9), (32, 8, 3, 3), {"groups": 4}, "direct", "there are 4 groups"),
])
def test_algorithm_and_its_reason(compiled, x, w, options, algorithm, why):
    found = explain("conv2d", x, w, **options)
    assert names(found) == [algorithm] * 3
    assert why in found.forward.why or re.match(why, found.forward.why)
    assert found.kernels == "compiled"


@needs_numba
@pytest.mark.parametrize("x, w, options, forward, input_grad, weight_grad", [
    ((64, 1, 28, 28), (6, 1, 5, 5), {"padding": 2}, "one channel", "", "one channel"),
    ((8, 64, 32, 32), (2, 64, 3, 3), {"padding": 1}, "few channels come out", "", ""),
    ((8, 2, 32, 32), (64, 2, 3, 3), {"padding": 1}, "", "few channels come out", ""),
    ((8, 32, 16, 16), (32, 1, 3, 3), {"groups": 32, "padding": 1}, *["in registers"] * 3),
    ((8, 32, 16, 16), (32, 1, 3, 3), {"groups": 32, "padding": 1, "stride": 2}, *["in registers"] * 3),
    ((8, 32, 16, 16), (32, 1, 5, 5), {"groups": 32}, "", "", ""),
    ((64, 64, 32, 32), (64, 64, 3, 3), {"stride": 2}, "", "", ""), ((0, 64, 8, 8), (64, 64, 3, 3), {}, "", "", "")])
def test_the_variant_that_runs_is_named(compiled, x, w, options, forward, input_grad, weight_grad):
    found = explain("conv2d", x, w, **options)
    for direction, text in zip(DIRECTIONS, (forward, input_grad, weight_grad)):
        why = getattr(found, direction).why
        assert text in why and (bool(text) or not any(way in why for way in plan.WAYS.values()))


def test_reference_names_its_ways(reference):
    assert names(explain("conv2d", (2, 16, 8, 8), (32, 16, 3, 3))) == ["windows"] * 3
    strided = explain("conv2d", (2, 16, 8, 8), (32, 16, 3, 3), stride=2)
    assert names(strided) == ["windows", "taps", "windows"] and "the stride is 2×2" in strided.input_grad.why
    assert "a row of a window has 3 entries, fewer than 32" in explain("conv2d", (2, 1, 8, 8), (4, 1, 3, 3)).input_grad.why
    assert "the padding is wider" in explain("conv2d", (2, 16, 8, 8), (4, 16, 3, 3), padding=3).input_grad.why
    assert names(explain("conv1d", (2, 6, 8), (12, 1, 3), groups=6)) == ["depthwise"] * 3
    pointwise = explain("conv2d", (2, 16, 8, 8), (32, 16, 1, 1)).forward
    assert "the image is the matrix" in pointwise.why and pointwise.copies == 0


def test_costs_by_hand(reference):
    found = explain("conv2d", (2, 3, 5, 5), (4, 3, 3, 3), dtype="float64")
    assert [getattr(found, d).definition for d in DIRECTIONS] == [2 * 9 * 4 * 27] * 3
    assert found.forward.multiply_adds == 2 * 9 * 4 * 27
    assert found.forward.bytes == 8 * (2 * 3 * 25 + 4 * 27 + 2 * 4 * 9)
    assert found.forward.copies == 8 * 2 * 9 * 27
    assert explain("conv2d", (0, 3, 5, 5), (4, 3, 3, 3)).forward.multiply_adds == 0


@needs_numba
def test_costs_of_winograd_by_hand(compiled):
    found = explain("conv2d", (8, 16, 9, 9), (32, 16, 3, 3))  # 7×7 results: 4 tiles; 9×9 cells: 9 tiles
    assert names(found) == ["winograd"] * 3
    assert found.forward.multiply_adds == found.weight_grad.multiply_adds == 36 * 8 * 4 * 16 * 32
    assert found.input_grad.multiply_adds == 36 * 8 * 9 * 16 * 32
    assert found.forward.definition == found.input_grad.definition == 8 * 49 * 32 * 16 * 9
    assert found.forward.copies == 4 * 36 * (8 * 4 * (16 + 32) + 16 * 32)


@pytest.mark.parametrize("name", ["reference", pytest.param("compiled", marks=needs_numba)])
@pytest.mark.parametrize("op, x, w, options", [
    ("conv_transpose2d", (2, 6, 4, 4), (6, 4, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    ("conv_transpose1d", (2, 6, 4), (6, 2, 3), {"groups": 3}),
    ("conv_transpose3d", (1, 2, 3, 3, 3), (2, 3, 2, 2, 2), {"dilation": 2}),
    ("conv1d", (2, 6, 9), (4, 3, 3), {"groups": 2, "padding": "same", "stride": 2}),
])
def test_sizes_are_those_of_the_op(name, op, x, w, options):
    with kernels.use(name):
        found = explain(op, x, w, **options)
        made = getattr(tensorgrad, op)(tensorgrad.ones(*x), tensorgrad.ones(*w), None, **options)
    positions = math.prod(x[2:]) if "transpose" in op else math.prod(made.shape[2:])
    assert found.forward.definition == x[0] * positions * math.prod(w)
    assert found.forward.bytes == 4 * (math.prod(x) + math.prod(w) + math.prod(made.shape))


def test_arrays_and_tensors_stand_for_their_shapes():
    x, w = np.zeros((2, 3, 8, 8)), np.zeros((4, 3, 3, 3))
    shapes = explain("conv2d", x.shape, w.shape, dtype=np.float64)
    assert explain("conv2d", x, w) == explain("conv2d", tensorgrad.from_numpy(x), tensorgrad.from_numpy(w)) == shapes
    assert explain("conv2d", x.shape, w.shape).forward.bytes * 2 == shapes.forward.bytes


def test_text_and_json():
    found = explain("conv_transpose2d", (4, 32, 8, 8), (32, 16, 3, 3), stride=2, output_padding=1)
    lines = str(found).splitlines()
    assert lines[0].startswith("conv_transpose2d of (4, 32, 8, 8) with (32, 16, 3, 3), kernel=3×3 stride=2 output_padding=1")
    assert [line.split()[0] for line in lines[2:5]] == ["forward", "input", "weight"]
    assert repr(found) == str(found)
    again = json.loads(json.dumps(found.to_dict()))
    assert again["forward"]["algorithm"] == found.forward.algorithm and again["kernels"] == kernels.active().name


@needs_numba
def test_text_says_how_to_switch_winograd_off(compiled):
    assert "algorithms(winograd=False)" in str(explain("conv2d", (64, 64, 32, 32), (64, 64, 3, 3)))
    assert "algorithms(" not in str(explain("conv2d", (64, 64, 32, 32), (64, 64, 3, 3), stride=2))


@needs_numba
def test_dtypes_that_fall_back_say_so(compiled):
    found = explain("conv2d", (64, 64, 32, 32), (64, 64, 3, 3), dtype=np.float16)
    assert names(found) == ["windows"] * 3 and found.forward.why.endswith("; float16 is left to the reference")


@pytest.mark.parametrize("call, error, text", [
    (lambda: explain("max_pool2d", (1, 1, 4, 4), (1, 1, 2, 2)), ArgumentError,
     "explain: 'max_pool2d' is no convolution, and other kernels have one algorithm only.\n  Use one of: conv1d, "),
    (lambda: explain("conv2d", (3, 4, 4), (1, 3, 2, 2)), ShapeError, "explain: input=(3, 4, 4) is not of 4 sizes, each at "
     "least 1.\n  Pass a shape such as (8, 16, 28, 28)."),
    (lambda: explain("conv2d", (1, 3, 4, 4), np.zeros((1, 3, 2))), ShapeError,
     "explain: weight=an array of shape (1, 3, 2) is not of 4 sizes, each at least 1.\n  Pass a shape such as (32, 16, 3, "),
    (lambda: explain("conv2d", (1, 3, 4, 4), (4, 2, 2, 2)), ShapeError,
     "explain: the input has 3 channels, the weight expects 2"),
    (lambda: explain("conv2d", (1, 4, 4, 4), (4, 2, 2, 2), groups=3), ArgumentError,
     "explain: groups=3 does not divide the 4 rows of the weight.\n  Use an integer ≥ 1 that divides them."),
    (lambda: explain("conv_transpose1d", (1, 4, 1), (4, 2, 1), padding=1), ShapeError,
     "explain: nothing is left: the result would have the sizes (-1,)"),
    (lambda: explain("conv2d", (1, 2, 2, 2), (4, 2, 3, 3)), ShapeError,
     "conv2d: kernel 3×3 is larger than the padded image"),
    (lambda: algorithms(fft=True), ArgumentError,
     "algorithms: there is no algorithm 'fft' to choose.\n  Use one of: winograd, depthwise."),
    (lambda: algorithms(winograd=1), ArgumentError,
     "algorithms: winograd=1 makes no sense.\n  Use True (wherever it can run), False "
     "(nowhere) or None (where it is the fastest)."),
])
def test_mistakes(call, error, text):
    with pytest.raises(error, match=re.escape(text)):
        call()


# -- what runs ---------------------------------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("x, w, options", [
    ((8, 16, 9, 9), (32, 16, 3, 3), {}), ((8, 32, 9, 9), (16, 32, 3, 3), {"padding": 2}),
    ((8, 16, 9, 9), (32, 16, 5, 5), {}), ((8, 16, 11, 7), (16, 16, 5, 5), {"padding": (4, 1)}),
    ((8, 16, 9, 10), (32, 16, 3, 3), {"padding": (1, 4), "dilation": (2, 3)}),
    ((8, 16, 11, 11), (16, 16, 5, 5), {"padding": 3, "dilation": (1, 2)}), ((8, 16, 9, 9), (32, 16, 7, 7), {"padding": 3}),
    ((8, 16, 9, 9), (32, 16, 3, 3), {"stride": 2}), ((8, 16, 9, 9), (16, 1, 3, 3), {"groups": 16}),
    ((1, 16, 4, 4), (16, 16, 3, 3), {"padding": 2}),  # 4 tiles of results, 1 of cells
    ((1, 16, 6, 6), (16, 16, 3, 3), {}),              # 1 tile of results, 4 of cells
    ((1, 16, 3, 4), (16, 16, 3, 3), {"padding": 1}),  # 1 tile of both
])
def test_what_is_said_is_what_runs(compiled, rng, x, w, options):
    groups = options.get("groups", 1)
    window = Window.parse("conv2d", 2, w[2:], options.get("stride", 1), options.get("padding", 0),
                          options.get("dilation", 1))
    image, weight = rng.normal(size=x).astype(np.float32), rng.normal(size=w).astype(np.float32)
    grad = rng.normal(size=(x[0], w[0], *window.output_sizes(x[2:]))).astype(np.float32)
    runs = {}
    for choice in (None, True, False):
        with algorithms(winograd=choice):
            runs[choice] = three(compiled, image, weight, grad, window, groups)
            said = names(explain("conv2d", x, w, **options))
            if choice is None:
                chosen = said
            elif choice is True:
                possible = [name == "winograd" for name in said]
            else:
                assert "winograd" not in said
    for name, can, default, on, off in zip(chosen, possible, *runs.values()):
        assert np.array_equal(default, on if name == "winograd" else off)  # bit for bit
        assert np.array_equal(on, off) is not can


def test_block_and_call_override_and_restore():
    assert choices.current() == (None, None)
    with algorithms(winograd=False) as chosen:
        assert chosen == choices.current() == (False, None)
        with algorithms(depthwise=False):
            assert choices.current() == (False, False)
        assert choices.current() == (False, None)
    algorithms(winograd=True)
    assert choices.current() == (True, None)
    algorithms(winograd=None)
    with pytest.raises(ZeroDivisionError), algorithms(winograd=False):
        1 / 0
    assert choices.current() == (None, None)


@needs_numba
def test_override_changes_what_is_said_at_once(compiled):
    def asked():
        return explain("conv2d", (64, 64, 32, 32), (64, 64, 3, 3)).forward
    assert asked().algorithm == "winograd"
    with algorithms(winograd=False):
        assert asked().algorithm == "direct" and "switched off by algorithms(winograd=False)" in asked().why
    assert asked().algorithm == "winograd"
    with algorithms(depthwise=False):
        found = explain("conv2d", (4, 32, 9, 9), (32, 1, 3, 3), groups=32)
        assert names(found) == ["direct"] * 3 and "algorithms(depthwise=False)" in found.forward.why
    with algorithms(winograd=True):
        found = explain("conv2d", (1, 16, 4, 4), (16, 16, 3, 3), padding=1)
        assert names(found) == ["winograd"] * 3 and "algorithms(winograd=True)" in found.forward.why


# -- rounding and NaN --------------------------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("n, c, f, sizes, padding, kernel, dilation", [
    (8, 16, 16, (14, 14), 1, 3, 1), (4, 64, 32, (13, 9), 2, 3, 1), (2, 256, 256, (8, 8), 1, 3, 1),
    (16, 16, 32, (32, 32), 0, 3, 1), (1, 16, 16, (1, 1), 1, 3, 1), (1, 16, 16, (2, 1), 2, 3, 1),
    (8, 16, 48, (15, 14), 2, 5, 1), (4, 64, 32, (13, 9), 4, 5, 1), (2, 192, 208, (7, 9), 1, 5, 1),
    (1, 16, 16, (5, 6), 2, 5, 1),
    (4, 32, 16, (13, 9), (2, 1), 3, (2, 1)), (4, 16, 64, (17, 19), (3, 0), 3, (3, 5)), (4, 32, 16, (17, 11), 4, 5, (3, 2)),
    (2, 16, 16, (3, 4), 4, 3, 4),
])
def test_rounding_is_within_twice_what_is_documented(compiled, rng, n, c, f, sizes, padding, kernel, dilation):
    x, w, grad, window = case(rng, n, c, f, sizes, padding, np.float32, kernel, dilation)
    exact = three(kernels.load("reference"), *(a.astype(np.float64) for a in (x, w, grad)), window)
    for choice in (True, False):
        with algorithms(winograd=choice):
            found = explain("conv2d", x, w, padding=padding, dilation=dilation)
            assert names(found) == ["winograd" if choice else "direct"] * 3
            for direction, result, truth in zip(DIRECTIONS, three(compiled, x, w, grad, window), exact):
                assert result.dtype == np.float32
                share = np.linalg.norm(result - truth) / np.linalg.norm(truth)
                assert share < 2 * getattr(found, direction).rounding, (direction, choice)


@needs_numba
@pytest.mark.parametrize("kernel, threads", [(3, 1), (3, 2), (5, 3)])
def test_wide_weight_gradient_in_rounds(compiled, rng, monkeypatch, kernel, threads):
    """Transformed tiles that do not fit in cache are added up round by round."""
    x, w, grad, window = case(rng, 2, 192, 208, (9, 8), kernel // 2, kernel=kernel)
    exact = kernels.load("reference").conv_weight_grad(grad.astype(np.float64), x.astype(np.float64), window, 1)
    from tensorgrad.kernels.compiled import convolution, winograd
    monkeypatch.setattr(winograd, "ROUND", 5 * 36 * (192 + 208 + 32) * 4)  # five tiles
    before = kernels.get_num_threads()
    convolution.weight_gradient.cache_clear()
    try:
        kernels.set_num_threads(threads)
        with algorithms(winograd=True):
            found = [compiled.conv_weight_grad(grad, x, window, 1) for _ in range(2)]
    finally:
        kernels.set_num_threads(before)
        convolution.weight_gradient.cache_clear()
    np.testing.assert_array_equal(*found)
    assert np.linalg.norm(found[0] - exact) < 2e-6 * np.linalg.norm(exact)


@needs_numba
@pytest.mark.parametrize("kernel, threads", [(3, 1), (3, 2), (5, 3)])
def test_blocks_of_channels_give_the_same_bits(compiled, rng, monkeypatch, kernel, threads):
    """With few tiles and many channels, not all weights are transformed at once."""
    from tensorgrad.kernels.compiled import convolution, winograd

    def forget_shapes():
        for cached in (convolution.forward, convolution.input_gradient, convolution.weight_gradient):
            cached.cache_clear()

    x, w, grad, window = case(rng, 2, 208, 336, (9, 8), kernel // 2, kernel=kernel)
    found, in_blocks, before = [], [], kernels.get_num_threads()
    for block in (winograd.BLOCK, 1 << 30):
        monkeypatch.setattr(winograd, "BLOCK", block)
        forget_shapes()
        try:
            kernels.set_num_threads(threads)
            with algorithms(winograd=True):
                found.append(three(compiled, x, w, grad, window))
                options = window, 1, x.dtype, choices.current()
                there, back, weights = (convolution.forward(x.shape, w.shape, *options)[1],
                                        convolution.input_gradient(grad.shape, w.shape, x.shape[2:], *options)[2][0],
                                        convolution.weight_gradient(grad.shape, x.shape, *options)[1])
                in_blocks.append([there.block < 336, back.block < 208, weights.block < 208])
        finally:
            kernels.set_num_threads(before)
            forget_shapes()
    assert in_blocks == [[True] * 3, [False] * 3]
    for blocks, whole in zip(*found):
        np.testing.assert_array_equal(blocks, whole)


@needs_numba
def test_switched_off_gives_the_direct_results(compiled, rng):
    x, w, grad, window = case(rng, 4, 16, 16, (12, 12))
    winograd = three(compiled, x, w, grad, window)
    with algorithms(winograd=False):
        off = three(compiled, x, w, grad, window)
    # A convolution that never runs by Winograd, with the same sums: its stride is 2, and every second result is wanted.
    strided = Window.parse("conv2d", 2, 3, 2, 1)
    np.testing.assert_array_equal(off[0][..., ::2, ::2], compiled.conv(x, w, None, strided, 1))
    for a, b in zip(winograd, off):
        assert not np.array_equal(a, b)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * np.abs(b).max())


@needs_numba
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("row, column", [(0, 0), (5, 6), (8, 11), (15, 15)])
def test_how_far_one_bad_pixel_spreads(compiled, rng, row, column, bad):
    x, w, grad, window = case(rng, 4, 16, 16, (16, 16))
    touched, tiles = np.zeros((16, 16), bool), np.zeros((16, 16), bool)
    touched[max(row - 1, 0):row + 2, max(column - 1, 0):column + 2] = True
    for i in range(4):
        for j in range(4):
            # Results 4i … 4i + 3 see cells 4i - 1 … 4i + 4.
            tiles[4 * i:4 * i + 4, 4 * j:4 * j + 4] = -1 <= row - 4 * i <= 4 and -1 <= column - 4 * j <= 4
    x[1, 3, row, column] = grad[1, 3, row, column] = bad
    for choice, where in ((None, tiles), (False, touched)):
        with algorithms(winograd=choice):
            y, d_x, _ = three(compiled, x, w, grad, window)
        for result in (y, d_x):
            spread = ~np.isfinite(result)
            assert not spread[[0, 2, 3]].any()
            if choice is False:
                assert (spread[1] == where).all()  # in every filter
            else:
                assert spread[1][:, touched].all() and not spread[1][:, ~where].any()
