"""Multiply-adds, counted by hand."""

import pytest

import tensorgrad as tg
from tensorgrad.costs import is_counted, multiply_adds
from tensorgrad.profiler import profile


@pytest.mark.parametrize("name, inputs, output, options, count", [
    ("conv1d", [(2, 4, 9), (6, 2, 3)], (2, 6, 7), {}, 2 * 6 * 7 * 2 * 3),
    ("conv_transpose2d", [(2, 4, 3, 3), (4, 5, 2, 2)], (2, 5, 6, 6), {}, 2 * 4 * 9 * 5 * 4),
    ("conv2d_weight_grad", [(2, 6, 7, 7), (2, 4, 9, 9)], (6, 4, 3, 3), {}, 2 * 6 * 49 * 4 * 9),
    ("matmul", [(5, 4, 8), (8, 3)], (5, 4, 3), {}, 5 * 4 * 3 * 8),
    ("matmul", [(8,), (8,)], (), {}, 8),
    ("linear", [(7, 8), (3, 8)], (7, 3), {}, 7 * 3 * 8),
    ("max_pool2d", [(1, 3, 8, 8)], (1, 3, 4, 4), {"taps": 4}, 3 * 16 * 4),
    ("avg_pool2d_grad", [(1, 3, 4, 4)], (1, 3, 8, 8), {"taps": 4}, 3 * 16 * 4),
    ("adaptive_avg_pool1d", [(1, 2, 5)], (1, 2, 2), {}, 2 * (3 + 3)),
    ("adaptive_avg_pool1d_grad", [(1, 2, 2)], (1, 2, 5), {}, 2 * (3 + 3)),
    ("batch_norm", [(4, 3)], (4, 3), {}, 36), ("batch_norm_fixed", [(4, 3)], (4, 3), {}, 12),
    ("einsum", [(2, 3), (3, 1)], (2, 4), {"equation": "ij,jk->ik"}, 6),
    ("conv2d", [(0, 1, 4, 4), (1, 1, 3, 3)], (0, 1, 2, 2), {}, 0),
    ("relu", [(4, 3)], (4, 3), {}, None), ("sum", [(4, 3)], (), {}, None),
])
def test_by_hand(name, inputs, output, options, count):
    assert multiply_adds(name, inputs, output, **options) == count
    assert is_counted(name) is (count is not None)


@pytest.mark.parametrize("function, shapes", [
    (lambda x, w: tg.conv2d(x, w, padding=1), [(2, 3, 5, 5), (4, 3, 3, 3)]),
    (lambda x, w: tg.conv_transpose2d(x, w, stride=2), [(2, 3, 5, 5), (3, 4, 2, 2)]),
    (lambda x, w: x @ w, [(4, 3), (3, 5)]), (tg.linear, [(4, 3), (5, 3)]),
    (lambda x, w: tg.einsum("ij,jk->ik", x, w), [(4, 3), (3, 5)]),
])
def test_each_gradient_of_a_product_takes_as_much_as_forward(function, shapes):
    with profile() as p:
        function(*[tg.ones(*shape, requires_grad=True) for shape in shapes]).sum().backward()
    (row,) = [row for row in p.rows() if row.multiply_adds]
    assert row.backward_multiply_adds == 2 * row.multiply_adds


@pytest.mark.parametrize("name, function", [
    ("max_pool2d", lambda x: tg.max_pool2d(x, 2)), ("avg_pool2d", lambda x: tg.avg_pool2d(x, 2)),
    ("adaptive_avg_pool2d", lambda x: tg.adaptive_avg_pool2d(x, 2)),
    ("adaptive_max_pool2d", lambda x: tg.adaptive_max_pool2d(x, 2)),
    ("batch_norm", lambda x: tg.batch_norm(x, None, None, training=True)),
    ("batch_norm_fixed", lambda x: tg.batch_norm(x, tg.zeros(3), tg.ones(3))),
    ("layer_norm", lambda x: tg.layer_norm(x, (4, 4))), ("group_norm", lambda x: tg.group_norm(x, 3)),
])
def test_formulas_are_under_the_names_of_their_ops(name, function):
    made = function(tg.ones(2, 3, 4, 4, requires_grad=True))
    assert name in {op.name for op in (made.creator, *made.creator.sources) if op is not None and hasattr(op, "sources")}
    assert is_counted(name)
