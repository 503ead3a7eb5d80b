"""unfold, fold, sampling, attention and their kin worked out by hand, and their error texts.  Values at large are in the op
table."""

from __future__ import annotations

import numpy as np
import pytest

import tensorgrad
from nn import functional as F
from tensorgrad import Tensor, manual_seed, no_grad, ones, tensor, zeros
from tensorgrad.errors import ArgumentError, DtypeError, GraphError, RangeError, ShapeError
from tensorgrad.ops.patches import fold, unfold


def test_a_convolution_is_a_product_with_patches():
    rng = np.random.default_rng(0)
    x, w = tensor(rng.normal(size=(2, 3, 5, 6))), tensor(rng.normal(size=(4, 3, 3, 2)))
    product = w.reshape(4, -1) @ unfold(x, (3, 2), padding=1)
    np.testing.assert_allclose(product.reshape(2, 4, 5, 7).numpy(), F.conv2d(x, w, padding=1).numpy())


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_sampling_where_the_grid_is_nan(mode, padding_mode):
    nan = float("nan")
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(1, 2, 3, 3))
    image, elsewhere = tensor(numbers, requires_grad=True), tensor(numbers, requires_grad=True)
    places = [[0.3, -0.2], [nan, 0.0], [0.0, nan], [nan, nan]]
    grid = tensor(np.array([[places]]), requires_grad=True)
    result = F.grid_sample(image, grid, mode, padding_mode, align_corners=False)
    result.sum().backward()
    alone = F.grid_sample(elsewhere, grid[:, :, :1], mode, padding_mode, align_corners=False)
    alone.sum().backward()
    np.testing.assert_array_equal(result.numpy()[..., :1], alone.numpy())
    np.testing.assert_array_equal(result.numpy()[..., 1:], np.full((1, 2, 1, 3), 0.0 if mode == "nearest" else nan))
    np.testing.assert_allclose(image.grad.numpy(), elsewhere.grad.numpy(), rtol=1e-12)
    assert np.isfinite(grid.grad.numpy()[0, 0, 0]).all()
    if mode == "nearest":
        assert not grid.grad.numpy().any()
    else:
        assert np.isnan(grid.grad.numpy()[0, 0, 1:]).any(-1).all()


def test_folding_counts_how_many_patches_cover_a_cell():
    columns = unfold(ones(1, 1, 3, 3), 2)
    assert fold(columns, 3, 2).tolist() == [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]


def test_patches_keep_integers():
    assert unfold(ones(1, 1, 3, 3, dtype="int64"), 2).dtype == "int64"


def test_the_norm_of_a_window_of_zeros_has_no_slope():
    x = Tensor([[0.0, 0.0, 3.0, 4.0]], requires_grad=True)
    y = F.lp_pool1d(x, 2, 2)
    y.sum().backward()
    assert y.tolist() == [[0.0, 5.0]]
    np.testing.assert_allclose(x.grad.numpy(), [[0, 0, 0.6, 0.8]], rtol=1e-6)


def test_sampling_at_the_centers_of_cells_is_the_image_itself():
    image = tensor(np.random.default_rng(0).normal(size=(2, 3, 4, 5)))
    identity = tensor(np.tile(np.eye(2, 3), (2, 1, 1)))
    for mode in ("bilinear", "nearest", "bicubic"):
        for corners in (False, True):
            grid = F.affine_grid(identity, image.shape, corners)
            found = F.grid_sample(image, grid, mode, align_corners=corners)
            np.testing.assert_allclose(found.numpy(), image.numpy(), atol=1e-12)


def test_what_lies_beyond_the_image():
    image, far = Tensor([[[[1.0, 2.0, 3.0]]]]), Tensor([[[[2.0, 0.0]]]])  # two cells beyond the end
    found = [F.grid_sample(image, far, "nearest", mode).item() for mode in ("zeros", "border", "reflection")]
    assert found == [0.0, 3.0, 2.0]


def test_a_nearest_cell_has_no_slope_along_the_grid():
    image, grid = zeros(1, 1, 2, 2), Tensor([[[[0.3, 0.2]]]], requires_grad=True)
    F.grid_sample(image, grid, "nearest").sum().backward()
    assert grid.grad.tolist() == [[[[0.0, 0.0]]]]


def test_a_query_that_sees_no_key_gets_zeros_and_no_gradient():
    query = Tensor(np.ones((2, 3)), requires_grad=True)
    seen = tensor([[True, True], [False, False]])
    y = F.scaled_dot_product_attention(query, ones(2, 3, dtype="float64"), ones(2, 4, dtype="float64"), seen)
    y.sum().backward()
    assert y.tolist() == [[1.0] * 4, [0.0] * 4] and np.isfinite(query.grad.numpy()).all()


def test_attention_drops_weights():
    manual_seed(0)
    y = F.scaled_dot_product_attention(zeros(1, 2), zeros(4000, 2), ones(4000, 1), dropout_p=0.25)
    assert abs(y.item() - 1) < 0.05 and y.item() != 1


def test_gumbel_softmax_draws_classes_by_their_scores():
    manual_seed(0)
    scores = Tensor(np.log(np.array([0.7, 0.2, 0.1])) * np.ones((5000, 1)), requires_grad=True)
    drawn = F.gumbel_softmax(scores, tau=0.5, hard=True)
    np.testing.assert_allclose(drawn.mean(0).numpy(), [0.7, 0.2, 0.1], atol=0.03)
    assert set(np.unique(drawn.numpy().round(12))) == {0.0, 1.0}
    (drawn * tensor([1.0, 2.0, 3.0])).sum().backward()
    assert scores.grad.numpy().any() and np.allclose(scores.grad.numpy().sum(1), 0)
    soft = F.gumbel_softmax(zeros(4, 3, dtype="float32"), dim=0)
    assert soft.dtype == "float32" and np.allclose(soft.sum(0).numpy(), 1)


def test_equal_rows_have_a_distance_without_slope():
    x = Tensor([[1.0, 2.0], [1.0, 2.0]], requires_grad=True)
    F.pdist(x).sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_rows_without_entries_are_alike():
    x = zeros(3, 0, requires_grad=True)
    distances = F.pdist(x)
    assert distances.tolist() == [0.0, 0.0, 0.0]
    distances.sum().backward()
    assert x.grad.shape == (3, 0)


def test_nothing_to_normalize():
    x = zeros(0, 3, 4)
    assert F.local_response_norm(x, 2).shape == (0, 3, 4)


def test_an_image_of_one_column_reflects_into_itself():
    image = tensor([[[[1.0], [2.0], [3.0]]]], requires_grad=True)
    grid = tensor([[[[x, y] for x in (-3.0, 0.0, 0.4, 7.0)] for y in (-1.0, 0.5, 2.0)]], requires_grad=True)
    result = F.grid_sample(image, grid, padding_mode="reflection", align_corners=True)
    np.testing.assert_allclose(result.numpy(), [[[[1.0] * 4, [2.5] * 4, [2.0] * 4]]])
    result.sum().backward()
    np.testing.assert_array_equal(grid.grad.numpy()[..., 0], 0)


def test_embedding_shortens_long_rows_in_the_table_itself():
    table = Tensor([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0]], requires_grad=True)
    found = F.embedding(tensor([0, 1, 0]), table, max_norm=1.0)
    np.testing.assert_allclose(table.numpy(), [[0.6, 0.8], [0.3, 0.4], [30, 40]], rtol=1e-6)
    np.testing.assert_allclose(found.numpy(), table.numpy()[[0, 1, 0]])


def test_embedding_divides_gradients_by_how_often_a_row_is_named():
    table = zeros(3, 1, requires_grad=True)
    F.embedding(tensor([0, 1, 0]), table, scale_grad_by_freq=True).sum().backward()
    assert table.grad.tolist() == [[1.0], [1.0], [0.0]]


@pytest.mark.parametrize("name, arguments, wanted", [
    ("relu_", (), [0.0, 2.0]), ("leaky_relu_", (0.5,), [-0.5, 2.0]), ("hardtanh_", (-0.5, 1.0), [-0.5, 1.0]),
    ("threshold_", (1.0, 7.0), [7.0, 2.0]), ("rrelu_", (0.25, 0.75), [-0.5, 2.0]),
    ("elu_", (), [np.expm1(-1), 2.0]), ("celu_", (), [np.expm1(-1), 2.0]),
    ("selu_", (), [np.expm1(-1) * 1.6732632423543772 * 1.0507009873554805, 2 * 1.0507009873554805])])
def test_activations_in_place(name, arguments, wanted):
    x = Tensor(np.array([-1.0, 2.0]))
    assert getattr(F, name)(x, *arguments) is x
    np.testing.assert_allclose(x.numpy(), wanted)
    leaf = Tensor(np.array([-1.0, 2.0]), requires_grad=True)
    with pytest.raises(GraphError, match=name):
        getattr(F, name)(leaf, *arguments)
    with no_grad():
        getattr(F, name)(leaf, *arguments)
    np.testing.assert_allclose(leaf.numpy(), wanted)


@pytest.mark.parametrize("function, instead", [("upsample", "interpolate"), ("upsample_nearest", "interpolate"),
                                               ("upsample_bilinear", "mode='bilinear', align_corners=True")])
def test_old_names_say_the_new_one(function, instead):
    with pytest.warns(UserWarning, match=f"{function}: this name is deprecated.\n  Use .*{instead}"):
        assert getattr(F, function)(zeros(1, 1, 2, 2), scale_factor=2).shape == (1, 1, 4, 4)


def test_winners_come_with_their_places():
    x = tensor([[[1.0, 3.0, 2.0, 5.0]]])
    values, places = F.max_pool1d_with_indices(x, 2)
    assert values.tolist() == [[[3.0, 5.0]]] and places.tolist() == [[[1, 3]]]
    values, places = F.adaptive_max_pool1d_with_indices(x, 1)
    assert values.tolist() == [[[5.0]]] and places.tolist() == [[[3]]]
    for ndim in (2, 3):
        volume = ones(1, 1, *[4] * ndim)
        for name in ("max_pool", "adaptive_max_pool"):
            values, places = getattr(F, f"{name}{ndim}d_with_indices")(volume, 2)
            assert values.shape == places.shape == (1, 1, *[2] * ndim)


def float64(*shape):
    return zeros(*shape, dtype="float64")


@pytest.mark.parametrize("call, error, text", [
    (lambda: unfold(zeros(2, 3), 2), ShapeError, r"unfold: the input has 2 axes"),
    (lambda: unfold(zeros(1, 0, 3, 3), 2), ShapeError, r"unfold: the image has no cells"),
    (lambda: unfold(zeros(1, 1, 3, 3), 4), ShapeError, r"unfold: kernel 4×4 is larger than the padded image 3×3"),
    (lambda: unfold(zeros(1, 1, 3, 3), 0), ArgumentError, r"kernel_size=0 makes no sense"),
    (lambda: fold(zeros(3), 3, 2), ShapeError, r"fold: expects \(N, C·K·L, P\) or \(C·K·L, P\), got \(3,\)"),
    (lambda: fold(zeros(1, 6, 4), 3, 2), ShapeError, r"fold: 6 rows are no multiple of the 4 taps"),
    (lambda: fold(zeros(1, 8, 5), 3, 2), ShapeError, r"an image of \(3, 3\) has 4 patches, not 5(.|\n)*Give 4 columns"),
    (lambda: fold([1.0], 3, 2), DtypeError, r"fold: input is a list"),
    (lambda: F.lp_pool2d(zeros(1, 1, 4, 4), 0, 2), ArgumentError, r"lp_pool2d: norm_type=0 has no root"),
    (lambda: F.grid_sample(zeros(1, 1, 2, 2), zeros(1, 2, 2, 2), "cubic"), ArgumentError, r"mode='cubic' is unknown"),
    (lambda: F.grid_sample(zeros(1, 1, 2, 2), zeros(1, 2, 2, 2), padding_mode="x"), ArgumentError, "padding_mode='x' is"),
    (lambda: F.grid_sample(zeros(1, 1, 2, 2), zeros(1, 2, 2, 3)), ShapeError, r"a grid of \(N, H', W', 2\)"),
    (lambda: F.grid_sample(zeros(1, 1, 2, 2, 2), zeros(1, 2, 2, 2)), ShapeError, r"a grid of \(N, D', H', W', 3\)"),
    (lambda: F.grid_sample(zeros(1, 1, 2, 2, 2), zeros(1, 1, 2, 2, 3), "bicubic"), ArgumentError, "'bicubic' is for images"),
    (lambda: F.grid_sample(zeros(2, 1, 2, 2), zeros(1, 2, 2, 2)), ShapeError, r"2 images, and places for 1(.|\n)*expand\(2"),
    (lambda: F.grid_sample(zeros(1, 1, 0, 2), zeros(1, 2, 2, 2)), ShapeError, r"the image has no cells"),
    (lambda: F.grid_sample(float64(1, 1, 2, 2), zeros(1, 2, 2, 2)), DtypeError, r"the same float dtype"),
    (lambda: F.affine_grid(zeros(1, 2, 3, dtype="int64"), (1, 1, 2, 2)), DtypeError, r"affine_grid: theta is int64"),
    (lambda: F.affine_grid(zeros(1, 2, 3), (2, 1, 2, 2)), ShapeError, r"matrices \(1, 2, 3\) do not fit the size \(2, 1"),
    (lambda: F.affine_grid(zeros(1, 2, 3), (1, 1, 0, 2)), ShapeError, r"sizes ≥ 1"),
    (lambda: F.scaled_dot_product_attention(zeros(3), zeros(3), zeros(3)), ShapeError, r"needs 2 axes or more"),
    (lambda: F.scaled_dot_product_attention(float64(2, 3), zeros(2, 3), zeros(2, 3)), DtypeError, r"different dtypes"),
    (lambda: F.scaled_dot_product_attention(zeros(2, 3), zeros(2, 4), zeros(2, 4)), ShapeError,
     r"queries of 3 entries meet keys of 4"),
    (lambda: F.scaled_dot_product_attention(zeros(2, 3), zeros(2, 3), zeros(4, 3)), ShapeError, r"2 keys and 4 values"),
    (lambda: F.scaled_dot_product_attention(zeros(2, 3), zeros(2, 3), zeros(2, 3), zeros(2, 2), is_causal=True),
     ArgumentError, r"both attn_mask and is_causal"),
    (lambda: F.scaled_dot_product_attention(zeros(2, 3), zeros(2, 3), zeros(2, 3), zeros(2, 2, dtype="int64")), DtypeError,
     r"the mask is int64"),
    (lambda: F.scaled_dot_product_attention(zeros(3, 2, 3), zeros(2, 2, 3), zeros(2, 2, 3), enable_gqa=True), ShapeError,
     r"3 heads of queries are no multiple of 2 of keys"),
    (lambda: F.pdist(zeros(3)), ShapeError, r"pdist: the input has 1 axes, not 2"),
    (lambda: F.pdist(zeros(3, 2), -1), ArgumentError, r"pdist: p=-1 is negative"),
    (lambda: F.pdist(zeros(3, 2, dtype="int64")), DtypeError, r"pdist: distances are no int64"),
    (lambda: F.multilabel_margin_loss(zeros(2, 3, 4), zeros(2, 3, 4, dtype="int64")), ShapeError, r"expects \(N, C\) or"),
    (lambda: F.multilabel_margin_loss(zeros(2, 3), zeros(2, 3)), DtypeError, r"targets are class indices, not float32"),
    (lambda: F.multilabel_margin_loss(zeros(3), tensor([0, 3, -1])), RangeError, r"target 3 is no class: there are 3"),
    (lambda: F.multilabel_margin_loss(zeros(3), tensor([0, 1])), ShapeError, r"the target has shape \(2,\)"),
    (lambda: F.triplet_margin_with_distance_loss(zeros(2), zeros(2), zeros(2), margin=0), ArgumentError, r"margin=0 is not"),
    (lambda: F.triplet_margin_with_distance_loss(zeros(2), zeros(1, 2), zeros(2)), ShapeError, r"different numbers of axes"),
    (lambda: F.embedding(tensor([0]), zeros(2, 2), sparse=True), ArgumentError, r"sparse=True asks for a sparse gradient"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_float32_pass_stays_in_float32():
    image, grid = zeros(1, 2, 3, 3, requires_grad=True), zeros(1, 2, 2, 2, requires_grad=True)
    for mode in ("bilinear", "bicubic", "nearest"):
        for padding in ("zeros", "border", "reflection"):
            y = F.grid_sample(image, grid, mode, padding)
            y.sum().backward()
            assert y.dtype == image.grad.dtype == grid.grad.dtype == tensorgrad.float32
