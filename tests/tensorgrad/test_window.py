"""Window geometry against windows put down one by one, and its error texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tensorgrad.errors import ArgumentError, ShapeError
from tensorgrad.window import Window, per_axis
from tests.loops import count_windows

small = st.integers(1, 4)
axes = st.fixed_dictionaries({"kernel": small, "stride": small, "dilation": st.integers(1, 3),
                              "pads": st.tuples(st.integers(0, 3), st.integers(0, 3)), "n": st.integers(1, 12)})


def window_of(axis, ceil_mode=False):
    return Window((axis["kernel"],), (axis["stride"],), (axis["pads"],), (axis["dilation"],), ceil_mode)


@given(axes, st.booleans())
def test_output_size_is_the_number_of_windows(axis, ceil_mode):
    before, after = axis["pads"]
    assume((axis["kernel"] - 1) * axis["dilation"] < axis["n"] + before + after)
    if ceil_mode:  # as in pooling; otherwise several windows could lie in the padding
        assume(max(before, after) <= window_of(axis).extent[0] // 2)
    expected = count_windows(axis["n"], axis["kernel"], axis["stride"], before, after, axis["dilation"], ceil_mode)
    assert window_of(axis, ceil_mode).output_sizes((axis["n"],)) == (expected,)


@given(axes, st.booleans())
def test_reach_finds_every_tap_that_is_inside(axis, ceil_mode):
    window, n = window_of(axis, ceil_mode), axis["n"]
    try:
        (count,) = window.output_sizes((n,))
    except ShapeError:
        return
    found = set()
    for tap in range(axis["kernel"]):
        reach = window.reach(0, tap, n, count)
        if reach is not None:
            windows, cells = range(count)[reach[0]], range(n)[reach[1]]
            assert len(windows) == len(cells) > 0
            found |= {(o, tap, i) for o, i in zip(windows, cells)}
    places = window.positions(0, count)
    expected = {(o, tap, int(places[o, tap])) for o, tap in np.ndindex(*places.shape) if 0 <= places[o, tap] < n}
    assert found == expected
    counts = [sum(o == w for w, _, _ in expected) for o in range(count)]
    assert window.inside(0, n, count).tolist() == counts


@given(small, small, st.integers(1, 3), st.integers(1, 12))
def test_same_gives_one_output_per_stride(kernel, stride, dilation, n):
    window = Window.parse("conv1d", 1, kernel, stride, "same", dilation).resolve((n,))
    ((before, after),) = window.padding
    assert window.output_sizes((n,)) == (-(-n // stride),)
    assert after - before in (0, 1)


@given(small, st.integers(1, 3), st.integers(1, 12))
def test_same_at_stride_1_does_not_depend_on_the_image(kernel, dilation, n):
    window = Window.parse("conv1d", 1, kernel, 1, "same", dilation)
    assert window.padding == ((dilation * (kernel - 1) // 2, -(-dilation * (kernel - 1) // 2)),)
    assert window.resolve((n,)) is window


def test_same_with_a_stride_waits_for_the_image():
    window = Window.parse("conv2d", 2, 3, 2, "same")
    assert window.padding == "same"
    assert window.resolve((8, 7)).padding == ((0, 1), (1, 1))
    assert window.output_sizes((8, 7)) == (4, 4)
    assert str(window) == "kernel=3×3 stride=2 padding=same"


def test_ceil_mode_covers_cells_that_are_left_over():
    assert Window.parse("max_pool1d", 1, 2).output_sizes((5,)) == (2,)
    assert Window.parse("max_pool1d", 1, 2, ceil_mode=True).output_sizes((5,)) == (3,)


def test_ceil_mode_window_may_not_start_in_the_right_padding():
    # Windows of 2 with stride 2 on 1 + 4 + 1 cells start at -1, 1 and 3; with stride 3 at -1, 2 and, in the padding, 5.
    assert Window.parse("max_pool1d", 1, 2, 2, 1, ceil_mode=True).output_sizes((4,)) == (3,)
    assert Window.parse("max_pool1d", 1, 2, 3, 1, ceil_mode=True).output_sizes((5,)) == (2,)
    assert Window.parse("max_pool1d", 1, 2, 3, 1, ceil_mode=True).output_sizes((6,)) == (3,)


@pytest.mark.parametrize("value, expected", [(3, (3, 3)), ((3,), (3, 3)), ([2, 3], (2, 3)), (np.int64(2), (2, 2)),
                                             (np.array([1, 2]), (1, 2))])
def test_options_are_integers_or_one_per_axis(value, expected):
    assert Window.parse("conv2d", 2, value).kernel == expected


def test_padding_per_side():
    assert Window.parse("conv2d", 2, 3, 1, ((0, 1), (2, 3))).padding == ((0, 1), (2, 3))
    assert Window.parse("conv2d", 2, 3, 1, (1, 2)).padding == ((1, 1), (2, 2))
    assert Window.parse("conv2d", 2, 3, 1, "valid").padding == ((0, 0), (0, 0))


def test_windows_are_values():
    a, b = Window.parse("conv2d", 2, 3, 2, 1), Window.parse("conv2d", 2, (3, 3), [2, 2], (1, 1))
    assert a == b and hash(a) == hash(b) and (a.ndim, a.taps, a.extent) == (2, 9, (3, 3))
    with pytest.raises(AttributeError):
        a.kernel = (1, 1)


def test_settings_leave_out_what_goes_without_saying():
    assert str(Window.parse("conv2d", 2, 3, 1)) == "kernel=3×3 stride=1"
    assert str(Window.parse("conv2d", 2, (3, 1), (2, 1), (1, 0), 2)) == (
        "kernel=3×1 stride=(2, 1) padding=(1, 0) dilation=2")
    assert str(Window.parse("conv2d", 2, 2, 1, "same", 1, True)) == (
        "kernel=2×2 stride=1 padding=((0, 1), (0, 1)) ceil_mode=True")


@pytest.mark.parametrize("options, text", [
    ({"kernel_size": 0}, "conv2d: kernel_size=0 makes no sense here\n  Use an integer ≥ 1, or 2 of them."),
    ({"kernel_size": 2.0}, "kernel_size=2.0 makes no sense"),
    ({"kernel_size": (1, 2, 3)}, r"kernel_size=\(1, 2, 3\) makes no sense here\n  Use an integer ≥ 1, or 2 of them."),
    ({"kernel_size": 2, "stride": 0}, "stride=0 makes no sense"),
    ({"kernel_size": 2, "stride": True}, "stride=True makes no sense"),
    ({"kernel_size": 2, "padding": -1}, "padding=-1 makes no sense here\n  Use an integer ≥ 0"),
    ({"kernel_size": 2, "dilation": "2"}, "dilation='2' makes no sense"),
    ({"kernel_size": 2, "padding": "smae"},
     r"padding='smae' is no way to pad\n  Use 'same', 'valid', an integer ≥ 0, or one per axis: \(1, 1\)."),
    ({"kernel_size": 2, "padding": ((0, 1),)},
     r"padding=\(\(0, 1\),\) has not one \(before, after\) for each of 2 axes\n  Use \(\(0, 1\), \(0, 1\)\)"),
    ({"kernel_size": 2, "padding": ((0, -1), (0, 0))}, r"padding=\(0, -1\) makes no sense"),
])
def test_arguments_that_make_no_sense(options, text):
    with pytest.raises(ArgumentError, match=text):
        Window.parse("conv2d", 2, **options)


def test_one_axis_needs_no_tuple():
    with pytest.raises(ArgumentError, match="conv1d: stride=0 makes no sense here\n  Use an integer ≥ 1.$"):
        per_axis("conv1d", "stride", 0, 1)


def test_kernel_larger_than_the_padded_image():
    with pytest.raises(ShapeError) as error:
        Window.parse("conv2d", 2, 5, 1, 0).output_sizes((4, 6), "conv2d")
    assert str(error.value) == (
        "conv2d: kernel 5×5 is larger than the padded image 4×6\n"
        "    input    (4, 6)\n"
        "    padding  0\n"
        "  Use kernel_size ≤ 4×6 or 1 more padding on each side, or an image of at least 5×5.")


def test_kernel_larger_than_the_padded_image_because_of_dilation():
    with pytest.raises(ShapeError, match=r"kernel 3×3 \(spans 7×7 with dilation 3\) is larger than the padded image 6") as e:
        Window.parse("conv2d", 2, 3, 1, 1, 3).output_sizes((4, 4), "conv2d", np.zeros((1, 1, 4, 4), np.float32))
    assert "input    (1, 1, 4, 4) float32" in str(e.value)
    assert "kernel_size ≤ 2×2 or 1 more padding on each side, or an image of at least 5×5" in str(e.value)


@given(axes)
def test_what_the_message_says_would_fit_does_fit(axis):
    window = window_of(axis)
    try:
        window.output_sizes((axis["n"],))
    except ShapeError as error:
        least = int(str(error).split("at least ")[1].rstrip("."))
        assert window.output_sizes((least,)) and least > axis["n"]
        more = int(str(error).split(" more padding")[0].split()[-1])
        before, after = axis["pads"]
        assert window_of(axis | {"pads": (before + more, after + more)}).output_sizes((axis["n"],))
        if "kernel_size ≤" in str(error):
            kernel = int(str(error).split("kernel_size ≤ ")[1].split()[0])
            assert window_of(axis | {"kernel": kernel}).output_sizes((axis["n"],))
