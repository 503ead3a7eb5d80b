"""Places: nothing overlaps, everything is inside its frame, text fits."""

from __future__ import annotations

import itertools

import pytest

import tensorgrad
from tensorgrad import draw
from tensorgrad.drawing.footprint import LABEL
from tensorgrad.drawing.layout import TITLE
from tensorgrad.drawing.measure import width
from tensorgrad.drawing.scene import MARGIN, Line, Rectangle, Text
from tests.tensorgrad.drawing.graphs import chain, diamonds, leaf, mixed_chain, mlp, residual_blocks, tangle

GRAPHS = {
    "mlp": lambda: [mlp()],
    "diamonds": lambda: [diamonds(5)],
    "folded": lambda: [chain(40)],
    "blocks": lambda: [residual_blocks(3)],
    "folded-blocks": lambda: [residual_blocks(40)],
    "left-out": lambda: [mixed_chain(300)],
    **{f"tangle{seed}": lambda seed=seed: tangle(50, seed) for seed in range(6)},
}


@pytest.fixture(params=list(itertools.product(GRAPHS, ("TB", "LR"))), ids="-".join, scope="module")
def drawing(request):
    name, direction = request.param
    return draw(GRAPHS[name](), direction=direction)


def rectangles(drawing):
    layout = drawing.layout
    return {box: (x, y, layout.looks[box].width, layout.looks[box].height) for box, (x, y) in layout.boxes.items()}


def labels(drawing):
    return {box: (x, y, width(box.result, LABEL), LABEL) for box, (x, y) in drawing.layout.labels.items()}


def apart(a, b, by=0.5):
    return a[0] + a[2] <= b[0] + by or b[0] + b[2] <= a[0] + by or a[1] + a[3] <= b[1] + by or b[1] + b[3] <= a[1] + by


def within(a, b, by=0.5):
    return (a[0] >= b[0] - by and a[1] >= b[1] - by and a[0] + a[2] <= b[0] + b[2] + by
            and a[1] + a[3] <= b[1] + b[3] + by)


def strictly_in(spot, r, by=1.0):
    return r[0] + by < spot[0] < r[0] + r[2] - by and r[1] + by < spot[1] < r[1] + r[3] - by


def edge_spots(drawing):
    """Points along every edge, in the units of the layout."""
    scene, layout = drawing.scene, drawing.layout
    dx, dy = (scene.width - layout.width) / 2, MARGIN
    for part in scene.parts:
        if part.kind != "edge":
            continue
        for line in part.shapes:
            if not isinstance(line, Line):
                continue
            for piece in line.pieces:
                here = piece[0][0]
                for step in piece[1:]:
                    for i in range(17):
                        t = i / 16
                        if len(step) == 1:
                            x, y = (a + (b - a) * t for a, b in zip(here, step[0]))
                        else:
                            x, y = ((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t ** 3 * d
                                    for a, b, c, d in zip(here, *step))
                        yield x - dx, y - dy
                    here = step[-1]


def test_boxes_do_not_overlap(drawing):
    for a, b in itertools.combinations(rectangles(drawing).values(), 2):
        assert apart(a, b)


def test_labels_overlap_nothing(drawing):
    found = list(labels(drawing).values())
    for a in found:
        assert all(apart(a, r) for r in rectangles(drawing).values())
    for a, b in itertools.combinations(found, 2):
        assert apart(a, b)


def test_edges_run_through_no_box_and_no_label(drawing):
    obstacles = [*rectangles(drawing).values(), *labels(drawing).values()]
    for spot in edge_spots(drawing):
        assert not any(strictly_in(spot, r) for r in obstacles), spot


def test_frames_hold_their_boxes_and_keep_off_others(drawing):
    frames = drawing.layout.frames
    for frame, r in frames.items():
        if frame.parent in frames:
            assert within(r, frames[frame.parent])
        for other, s in frames.items():
            if other.parent is frame.parent and other is not frame:
                assert apart(r, s)
    for box, r in rectangles(drawing).items():
        inside = box.frame
        around = set()
        while inside.parent is not None:
            around.add(inside)
            inside = inside.parent
        for frame, f in frames.items():
            assert within(r, f) if frame in around else apart(r, f)


def test_titles_are_not_crossed(drawing):
    for frame, (x, y) in drawing.layout.titles.items():
        title = (x, y, width(frame.heading, TITLE, bold=True), TITLE + 2)
        assert within(title, drawing.layout.frames[frame])
        assert not any(strictly_in(spot, title, by=0) for spot in edge_spots(drawing))


def test_text_fits_its_box(drawing):
    for part in drawing.scene.parts:
        if part.kind in ("edge", "label", "legend", "frame"):
            continue
        outline = [s for s in part.shapes if isinstance(s, Rectangle)][-1]
        for text in part.shapes:
            if isinstance(text, Text):
                half = width(text.text, text.size, text.bold) / 2
                assert outline.x < text.x - half and text.x + half < outline.x + outline.width
                assert outline.y < text.y - text.size * 0.7 and text.y < outline.y + outline.height


def test_everything_is_on_the_page(drawing):
    scene = drawing.scene
    for part in scene.parts:
        for shape in part.shapes:
            if isinstance(shape, Rectangle):
                assert shape.x >= 0 and shape.x + shape.width <= scene.width
                assert shape.y >= 0 and shape.y + shape.height <= scene.height
            elif isinstance(shape, Text):
                half = width(shape.text, shape.size, shape.bold) * (0.5 if shape.centred else 1)
                assert shape.x + half <= scene.width and shape.y <= scene.height


def test_the_flow_runs_down_or_to_the_right(drawing):
    axis = 0 if drawing.direction == "LR" else 1
    places = drawing.layout.boxes
    for arrow in drawing.picture.arrows:
        if arrow.source.host is None:
            assert places[arrow.source][axis] < places[arrow.target][axis]


def test_a_chain_is_straight():
    drawing = draw(mixed_chain(20))
    middles = {round(x + drawing.layout.looks[box].width / 2, 3) for box, (x, _) in drawing.layout.boxes.items()}
    assert len(middles) == 1


def test_unfolded_chain_of_10_000_ops_has_places():
    drawing = draw(mixed_chain(10_000), collapse=False)
    assert len(drawing.layout.boxes) == 10_002


def test_deeply_nested_scopes():
    x = leaf() * 2
    with tensorgrad.scope(".".join(f"m{i}" for i in range(2000))):
        x = tensorgrad.exp(x) * 3
    drawing = draw(x)
    assert "m0.m1.m2" in drawing.svg() and "m1999" in drawing.svg()
    assert drawing.layout.width < 1000
    assert draw(x, depth=2).svg()
