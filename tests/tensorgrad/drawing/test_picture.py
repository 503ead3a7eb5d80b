"""What is drawn: boxes, frames, arrows, names, gradients, folding."""

from __future__ import annotations

import time

import numpy as np
import pytest

import tensorgrad
from nn import functional as F
from tensorgrad import draw
from tensorgrad.tensor import Tensor
from tests.tensorgrad.drawing.graphs import (Weight, chain, diamonds, images, leaf, mixed_chain, mlp, residual_blocks,
                                             tangle, weight)


def titles(drawing, kind):
    return [box.title for box in drawing.picture.boxes if box.kind == kind]


def box(drawing, title):
    (found,) = [box for box in drawing.picture.boxes if box.title == title]
    return found


def arrows(drawing):
    return [(arrow.source.title, arrow.target.title, arrow.position) for arrow in drawing.picture.arrows]


def test_boxes_and_arrows():
    a, b = leaf("a"), leaf("b")
    drawing = draw(tensorgrad.exp(a * b) - a)
    assert titles(drawing, "operation") == ["mul", "exp", "sub"]
    assert sorted(titles(drawing, "tensor")) == ["a", "b"]
    assert titles(drawing, "output") == ["output"]
    assert sorted(arrows(drawing)) == sorted([("a", "mul", 0), ("b", "mul", 1), ("mul", "exp", 0), ("exp", "sub", 0),
                                              ("a", "sub", 1), ("sub", "output", 0)])


def test_an_input_used_twice_has_two_arrows():
    a = leaf()
    assert arrows(draw(a + a))[:2] == [("a", "add", 0), ("a", "add", 1)]


def test_frames_follow_the_scopes():
    drawing = draw(mlp())
    frames = drawing.picture.frames
    assert [frame.title for frame in frames] == ["net", "net.hidden", "net.act", "net.out", "net.act"]
    assert [frame.parent for frame in frames[1:]] == [frames[0]] * 4
    assert box(drawing, "mean").frame.parent is None
    assert [b.frame.title for b in drawing.picture.boxes if b.title == "weight"] == ["net.hidden", "net.out"]


def test_a_layer_of_one_op_is_named_in_its_box():
    with tensorgrad.scope("net.relu"):
        y = tensorgrad.exp(leaf())
    drawing = draw(y)
    assert (box(drawing, "exp").caption, drawing.picture.frames) == ("net.relu", [])


def test_a_layer_called_twice_is_drawn_twice():
    def act(x):
        with tensorgrad.scope("act"):
            return tensorgrad.exp(x)

    assert [b.caption for b in draw(act(act(leaf()) * 2)).picture.boxes if b.title == "exp"] == ["act", "act"]


def test_shapes_and_dtypes():
    x = Tensor(np.ones((2, 3)), requires_grad=True, name="x")
    drawing = draw(x.sum(1))
    assert box(drawing, "sum").result == "(2,) float64"
    assert box(drawing, "x").lines[0] == "(2, 3) float64"
    without = draw(x.sum(1), show_shapes=False)
    assert "float64" not in "".join(line for b in without.picture.boxes for line in [b.result, *b.lines])
    assert "(2, 3) → (2,) float64" in box(without, "sum").tooltip


def test_names_of_parameters_and_constants():
    w = weight(8, name="net.weight")
    drawing = draw(images() * w * weight(8) * np.ones(8, np.float32))
    assert titles(drawing, "parameter") == ["net.weight", "parameter"]
    assert titles(drawing, "constant") == ["images", "constant"]
    assert "parameter net.weight" in box(drawing, "net.weight").tooltip


def test_a_name_leaves_out_what_its_frame_says():
    w = weight(3, name="features.0.weight")
    with tensorgrad.scope("features.0"):
        y = leaf() * w + w
    drawing = draw(y)
    assert box(drawing, "weight").frame.title == "features.0"
    assert "features.0.weight" in drawing.svg()


def test_gradient_is_not_computed_before_backward_and_has_a_norm_after():
    a = leaf()
    loss = (a * 3).sum()
    before = draw(loss)
    assert box(before, "a").lines[-1] == "grad not computed"
    loss.backward()
    assert box(draw(loss), "a").lines[-1] == "grad norm 5.196"
    assert box(before, "a").lines[-1] == "grad not computed", "a drawing shows the moment it was made"
    a.grad = None
    assert box(draw(loss), "a").lines[-1] == "grad not computed"


def test_a_gradient_of_zeros_is_0():
    a = leaf()
    loss = (a * 0).sum()
    loss.backward()
    assert box(draw(loss), "a").lines[-1] == "grad norm 0"


def test_retained_gradient_shows_on_its_operation():
    y = leaf() * 2
    y.retain_grad()
    loss = y.sum()
    assert "grad norm" not in draw(loss).svg()
    loss.backward()
    assert box(draw(loss), "mul").lines == ["grad norm 1.732"]


def test_a_freed_graph_is_drawn_like_a_fresh_one():
    loss = mlp()
    before = arrows(draw(loss))
    loss.backward()
    assert arrows(draw(loss)) == before


def test_double_backward_graph():
    w = leaf("w")
    (g,) = tensorgrad.autograd.grad(tensorgrad.exp(w * 2).sum(), w, create_graph=True)
    drawing = draw((g * g).sum())
    assert titles(drawing, "operation").count("exp") == 1
    assert drawing.counts["operations"] > 5


def test_the_picture_keeps_no_array_alive():
    import gc
    import weakref

    a = leaf()
    y = tensorgrad.exp(a)
    drawing, gone = draw(y), [weakref.ref(a), weakref.ref(y)]
    del a, y
    gc.collect()
    assert [ref() for ref in gone] == [None, None]
    assert "exp" in drawing.svg()


def test_several_outputs():
    a = leaf()
    b = a * 2
    named = Tensor(np.ones(3, np.float32), requires_grad=True) + b
    named.name = "loss"
    drawing = draw(b, named)
    assert titles(drawing, "output") == ["output 0", "loss"]
    assert titles(draw([b, named]), "operation") == titles(drawing, "operation") == ["mul", "add"]


def test_the_value_of_a_single_number_is_shown():
    assert box(draw(leaf().sum()), "output").lines == ["() float32", "= 3"]


def test_a_constant_is_one_box_with_a_hint():
    drawing = draw(Tensor(2.0, name="c"))
    (only,) = drawing.picture.boxes
    assert (only.title, only.kind) == ("c", "constant")
    assert any("requires_grad=True" in line for line in only.lines)
    assert drawing.svg() and drawing.dot and "no operation was recorded" in drawing.to_text()


def test_a_leaf_is_one_box():
    (only,) = draw(leaf()).picture.boxes
    assert (only.kind, only.lines[1]) == ("tensor", "grad not computed")


def test_a_leaf_among_the_outputs():
    a = leaf()
    assert ("a", "a", 0) in arrows(draw(a, a * 2))


def test_the_input_of_a_model_stands_outside_its_layers():
    drawing = draw(mlp())
    assert box(drawing, "images").frame.parent is None and box(drawing, "images").host is None
    assert box(drawing, "target").host is box(drawing, "sub")


def test_a_constant_inside_a_layer_stays_there():
    with tensorgrad.scope("layer"):
        y = tensorgrad.exp(leaf()) * (Tensor(np.ones(3, np.float32), name="mask") * weight(3, name="w"))
    drawing = draw(y)
    assert box(drawing, "mask").frame.title == "layer"


def test_an_op_of_the_users_own():
    class Double(tensorgrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    drawing = draw(Double.apply(leaf()).sum())
    assert len(titles(drawing, "operation")) == 2
    assert "ouble" in drawing.svg()


# -- folding ----------------------------------------------------------------------------------------------------------


def test_diamonds_are_drawn_once_per_node():
    drawing = draw(diamonds(40))
    assert len(drawing.picture.boxes) == 42
    assert len(drawing.picture.arrows) == 81


def test_a_long_run_is_folded():
    drawing = draw(chain(37))
    assert [b.heading for b in drawing.picture.boxes] == ["a", "mul × 37", "output"]
    assert arrows(drawing) == [("a", "mul", 0), ("mul", "output", 0)]
    assert drawing.counts["operations"] == 37
    assert len(draw(chain(37), collapse=False).picture.boxes) == 39
    assert len(draw(chain(3)).picture.boxes) == 5


def test_a_chain_of_100_000_ops():
    x = chain(100_000)
    start = time.perf_counter()
    assert "mul × 100,000" in draw(x).svg()
    assert time.perf_counter() - start < 20


def test_a_run_with_a_shared_weight_keeps_its_arrow():
    x, w = leaf("x"), weight(3, name="w")
    for _ in range(10):
        x = x * w
    assert sorted(arrows(draw(x))) == [("mul", "output", 0), ("w", "mul", 1), ("x", "mul", 0)]


def test_a_run_with_weights_of_its_own_folds_them_too():
    x, weights = leaf("x"), [Weight([1.0 + i], requires_grad=True, name=f"w{i}") for i in range(4)]
    for w in weights:
        x = x * w
    x.sum().backward()
    drawing = draw(x)
    assert box(drawing, "w0").heading == "w0 × 4"
    assert box(drawing, "w0").lines[-1] == "grad norm 18 – 72"


def test_repeated_layers_fold_in_a_large_graph():
    drawing = draw(residual_blocks(30))
    (block,) = [frame for frame in drawing.picture.frames if frame.times == 30]
    assert block.heading == "blocks.0 … blocks.29 × 30"
    assert len(drawing.picture.boxes) < 12
    assert len(draw(residual_blocks(3)).picture.frames) == 10, "a small graph is drawn in full"
    assert any(frame.times == 3 for frame in draw(residual_blocks(3), collapse=True).picture.frames)


def test_stretches_that_repeat_fold_in_a_large_graph():
    x = leaf()
    for _ in range(500):
        x = tensorgrad.exp(x * 2 + 1)
    drawing = draw(x)
    assert [frame.heading for frame in drawing.picture.frames] == ["repeated × 500"]
    assert titles(drawing, "operation") == ["mul", "add", "exp"]


def test_different_wiring_is_not_folded():
    x = first = leaf() * 1
    for i in range(200):
        x = x * (first if i % 2 else x)
    drawing = draw(x, collapse=True)
    assert max(frame.times for frame in drawing.picture.frames) >= 99
    assert titles(drawing, "operation").count("mul") >= 2


def test_the_middle_of_a_graph_too_long_to_read_is_left_out():
    drawing = draw(mixed_chain(10_000))
    (hidden,) = [b for b in drawing.picture.boxes if b.kind == "layer"]
    assert (hidden.title, "operations" in hidden.lines[0]) == ("…", True)
    assert len(drawing.picture.boxes) < 40


def test_a_wide_graph_folds():
    x = leaf()
    drawing = draw(tensorgrad.stack([tensorgrad.exp(x * i) for i in range(500)]).sum())
    assert len(drawing.picture.boxes) < 10


def test_large_graphs_of_layers_become_boxes():
    drawing = draw(*tangle(900, 3))
    assert len(drawing.picture.boxes) <= 160
    assert titles(drawing, "layer")


@pytest.mark.parametrize("depth, kinds", [(1, {"net"}), (2, {"net.hidden", "net.out", "net.act"})])
def test_depth_draws_layers_as_boxes(depth, kinds):
    drawing = draw(mlp(), depth=depth)
    layers = [b for b in drawing.picture.boxes if b.kind == "layer"]
    assert {layer.title for layer in layers} <= kinds
    assert "net.hidden.weight" not in drawing.dot
    if depth == 1:
        (layer,) = layers
        assert layer.lines == ["8 operations", "4 parameters, 32 numbers", "grad not computed"]
        assert ("images", "net", 0) in arrows(drawing)
        assert layer.result == "(4, 8) float32"


def test_the_norm_of_a_folded_layer_is_that_of_all_its_gradients():
    loss = mlp()
    loss.backward()
    leaves = [leaf for leaf in leaves_of(loss) if leaf.kind == "parameter"]
    total = sum(float((leaf.grad.array.astype(np.float64) ** 2).sum()) for leaf in leaves) ** 0.5
    (layer,) = [b for b in draw(loss, depth=1).picture.boxes if b.kind == "layer"]
    assert layer.lines[-1] == f"grad norm {total:.4g}"


def leaves_of(tensor):
    found, stack = [], [tensor.creator]
    while stack:
        for source in stack.pop().sources:
            if isinstance(source, Tensor):
                found.append(source)
            elif source is not None:
                stack.append(source)
    return found


def test_cost_is_the_number_of_products():
    x, w = Tensor(np.ones((4, 8), np.float32)), weight(8, 16)
    assert box(draw(x @ w, highlight="cost"), "matmul").cost == 4 * 8 * 16
    assert "multiply-adds" in draw(x @ w, highlight="cost").svg()


def test_stretches_with_another_number_of_inputs_are_not_folded():
    def layers(biases):
        x = images()
        for i, bias in enumerate(biases):
            x = tensorgrad.exp(F.linear(x, weight(8, 8, name=f"w{i}"), weight(8, name=f"b{i}") if bias else None))
        return draw(x, collapse=True).picture.boxes

    def linear(boxes):
        return [box.title for box in boxes if box.title == "linear"]

    assert len(linear(layers([True] * 6))) < 6
    alternating = layers([True, False, False, True, False, True])
    assert len(linear(alternating)) > len(linear(layers([True] * 6)))


def test_layers_and_ops_in_turn_are_folded():
    def model(n):
        x = leaf("x") * 1
        for i in range(n):
            with tensorgrad.scope(f"layer{i}"):
                x = tensorgrad.exp(x) * weight(3, name=f"layer{i}.weight")
            x = -x
        return draw(x, collapse=True)

    drawing = model(30)
    assert len(drawing.picture.boxes) < 12 and len(model(60).picture.boxes) == len(drawing.picture.boxes)
    assert drawing.picture.counts["operations"] == 91
    repeated, layer = drawing.picture.frames
    assert (repeated.times, layer.title, layer.parent) == (30, "layer0", repeated)
    assert "30" in drawing.svg() and "layer0" in drawing.to_text()


def test_a_graph_within_a_layer_from_the_beginning_on():
    with tensorgrad.scope("net.first"):
        y = tensorgrad.exp(weight(3, name="net.first.weight")) * 2
    drawing = draw(y)
    assert drawing.picture.boxes[0].frame.parent is not None
    assert "net.first" in drawing.to_text() and "net.first" in drawing.svg()


def test_folded_layers_without_shapes():
    with_shapes, without = [draw(residual_blocks(8), depth=1, show_shapes=shown) for shown in (True, False)]
    assert any(box.result for box in with_shapes.picture.boxes) and not any(box.result for box in without.picture.boxes)
