"""nn.functional: hand-worked losses, what they do with bad targets, and that every name is there."""

import numpy as np
import pytest

import nn.functional as F
from nn import functional
from tensorgrad import Tensor
from tensorgrad.errors import ArgumentError, DtypeError, RangeError, ShapeError

LOG2 = float(np.log(2))


def zeros(*shape):
    return Tensor(np.zeros(shape, np.float32))


def test_every_public_name_exists_and_says_what_it_does():
    assert len(set(functional.__all__)) == len(functional.__all__)
    for name in functional.__all__:
        function = getattr(functional, name)
        assert callable(function) and function.__name__ == name and function.__doc__


# -- hand-worked values ------------------------------------------------------------------------------------------------


def test_cross_entropy_of_equal_scores_is_the_logarithm_of_their_number():
    assert F.cross_entropy(zeros(5, 4), Tensor([0, 1, 2, 3, 0])).item() == pytest.approx(np.log(4))


def test_cross_entropy_gradient_is_probability_minus_target():
    x = Tensor(np.array([[0.0, 0.0], [0.0, 0.0]]), requires_grad=True)
    F.cross_entropy(x, Tensor([0, 1])).backward()
    assert x.grad.tolist() == [[-0.25, 0.25], [0.25, -0.25]]


def test_weighted_mean_divides_by_the_weights_of_the_targets():
    """Losses log 2 each, weights 1 and 3: (1 + 3) log 2 / 4; with unequal scores the weights matter."""
    weight = Tensor([1.0, 3.0])
    assert F.cross_entropy(zeros(2, 2), Tensor([0, 1]), weight=weight).item() == pytest.approx(LOG2)
    logp = Tensor([[-1.0, -2.0], [-3.0, -4.0]])
    assert F.nll_loss(logp, Tensor([0, 1]), weight).item() == pytest.approx((1 * 1 + 3 * 4) / 4)
    assert F.nll_loss(logp, Tensor([0, 1]), weight, reduction="sum").item() == pytest.approx(13)
    assert F.nll_loss(logp, Tensor([0, 1]), weight, reduction="none").tolist() == [1, 12]


def test_ignored_targets():
    logp = Tensor(np.array([[-1.0, -2.0], [float("-inf"), -4.0], [-5.0, -6.0]]), requires_grad=True)
    loss = F.nll_loss(logp, Tensor([0, -100, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(3.5)  # of two, not three
    assert logp.grad.tolist() == [[-0.5, 0], [0, 0], [0, -0.5]]
    assert F.nll_loss(logp, Tensor([0, 7, 1]), ignore_index=7, reduction="none").tolist() == [1, 0, 6]


def test_the_mean_of_ignored_targets_alone_is_nan():
    assert np.isnan(F.cross_entropy(zeros(2, 3), Tensor([-100, -100])).item())
    assert F.cross_entropy(zeros(2, 3), Tensor([-100, -100]), reduction="sum").item() == 0
    assert np.isnan(F.cross_entropy(zeros(0, 3), Tensor(np.zeros(0, np.int64))).item())


def test_label_smoothing():
    """Target 0 of three with ε = 0.3 means probabilities 0.8, 0.1, 0.1."""
    x = Tensor(np.array([[1.0, 2.0, 0.5]]))
    probabilities = Tensor(np.array([[0.8, 0.1, 0.1]]))
    smoothed = F.cross_entropy(x, Tensor([0]), label_smoothing=0.3)
    assert smoothed.item() == pytest.approx(F.cross_entropy(x, probabilities).item())


def test_targets_may_be_lists_arrays_and_small_integers():
    for target in ([0, 1], np.array([0, 1]), np.array([0, 1], np.uint8), Tensor(np.array([0, 1], np.int32))):
        assert F.cross_entropy(zeros(2, 3), target).item() == pytest.approx(np.log(3))


def test_binary_cross_entropy_limits_its_logarithms():
    x = Tensor(np.array([0.0, 1.0, 0.5]), requires_grad=True)
    losses = F.binary_cross_entropy(x, Tensor(np.array([1.0, 0.0, 1.0])), reduction="none")
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([100, 100, LOG2])
    assert x.grad.tolist() == pytest.approx([-1e12, 1e12, -2])


def test_binary_cross_entropy_with_logits_is_stable():
    x = Tensor(np.array([1000.0, -1000.0, 0.0]), requires_grad=True)
    losses = F.binary_cross_entropy_with_logits(x, Tensor(np.array([0.0, 1.0, 1.0])), reduction="none")
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([1000, 1000, LOG2]) and x.grad.tolist() == pytest.approx([1, -1, -0.5])


def test_pos_weight_multiplies_positive_targets_alone():
    losses = F.binary_cross_entropy_with_logits(zeros(2), Tensor([1.0, 0.0]), pos_weight=Tensor(3.0), reduction="none")
    assert losses.tolist() == pytest.approx([3 * LOG2, LOG2])


def test_smooth_l1_and_huber():
    x, t = Tensor([0.0, 0.0, 0.0]), Tensor([0.5, 2.0, -4.0])
    assert F.smooth_l1_loss(x, t, reduction="none", beta=2.0).tolist() == [0.0625, 1, 3]
    assert F.huber_loss(x, t, reduction="none", delta=2.0).tolist() == [0.125, 2, 6]
    assert F.smooth_l1_loss(x, t, reduction="none", beta=0.0).tolist() == F.l1_loss(x, t, reduction="none").tolist()


def test_weighted_regression_losses():
    x, t, w = Tensor([0.0, 0.0]), Tensor([1.0, 3.0]), Tensor([1.0, 3.0])
    assert F.mse_loss(x, t, weight=w).item() == 7  # (1 + 27) / 4
    assert F.l1_loss(x, t, weight=w).item() == 2.5  # (1 + 9) / 4
    assert F.huber_loss(x, t, weight=w, delta=9.0).item() == 7  # (½ + 13½) / 2


def test_kl_div_of_equal_distributions_is_zero_also_where_they_are_zero():
    p = Tensor(np.array([[0.5, 0.5, 0.0]]))
    assert F.kl_div(Tensor(np.log([[0.5, 0.5, 1e-9]])), p, reduction="batchmean").item() == pytest.approx(0)
    assert F.kl_div(p.clamp(1e-9).log(), p.clamp(1e-9).log(), reduction="sum", log_target=True).item() == 0


def test_normalize_and_cosine_of_zero_vectors():
    x = Tensor(np.array([[0.0, 0.0], [3.0, 4.0]]), requires_grad=True)
    assert F.normalize(x).tolist() == [[0, 0], [0.6, 0.8]]
    assert F.cosine_similarity(x, x).tolist() == pytest.approx([0, 1])
    F.cosine_similarity(x, x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_gaussian_nll_variances_of_every_form():
    x, t = zeros(2, 3), zeros(2, 3) + 1
    whole = F.gaussian_nll_loss(x, t, zeros(2, 3) + 4).item()
    for var in (4.0, zeros(2, 1) + 4, zeros(2) + 4):
        assert F.gaussian_nll_loss(x, t, var).item() == pytest.approx(whole)
    var = Tensor([0.0], requires_grad=True)
    F.gaussian_nll_loss(zeros(1), zeros(1), var, eps=0.5).backward()
    assert var.grad.tolist() == [1]  # ½ / eps: the limit is passed as if it were not there


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_shapes_that_broadcast_are_warned_of():
    for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss):
        with pytest.warns(UserWarning, match=r"the input has shape \(3, 1\), the target \(3,\); broadcast together they "
                                             r"make \(3, 3\)(.|\n)*target\.reshape\(\(3, 1\)\)") as caught:
            loss(zeros(3, 1), zeros(3))
        assert caught[0].filename == __file__


def test_kl_div_mean_is_warned_of():
    with pytest.warns(UserWarning, match="divides by the number of entries(.|\n)*batchmean"):
        F.kl_div(zeros(2, 3), zeros(2, 3))


LOSSES = [name for name in functional.__all__ if name.endswith("loss") or "entropy" in name or name == "kl_div"]


@pytest.mark.parametrize("name", LOSSES)
def test_no_reduction_is_guessed(name):
    operands = {"cosine_embedding_loss": 3, "triplet_margin_loss": 3, "margin_ranking_loss": 3, "gaussian_nll_loss": 3,
                "triplet_margin_with_distance_loss": 3, "linear_cross_entropy": 3}
    with pytest.raises(ArgumentError, match=rf"{name}: reduction='avg' is unknown.\n  Use 'mean', 'sum'"):
        getattr(F, name)(*[zeros(2, 3)] * operands.get(name, 2), reduction="avg")


@pytest.mark.parametrize("call, error, text", [
    (lambda: F.cross_entropy(zeros(4, 3), Tensor([0, 1, 5, 3])), RangeError,
     r"target 5 at position 2 is no class: there are 3 classes(.|\n)*Use 0 to 2, or scores for 6 classes"),
    (lambda: F.cross_entropy(zeros(4, 3), Tensor([0, -1, 2, 1])), RangeError,
     r"target -1 at position 1 is no class(.|\n)*to be ignored are -100, or set ignore_index=-1"),
    (lambda: F.cross_entropy(zeros(3), Tensor(7)), RangeError, r"target 7 is no class"),
    (lambda: F.nll_loss(zeros(2, 3, 2, 2), Tensor(np.full((2, 2, 2), 3))), RangeError,
     r"target 3 at position \(0, 0, 0\)"),
    (lambda: F.cross_entropy(zeros(4, 3), zeros(4)), DtypeError,
     r"class indices, not float32; class probabilities need the shape of the input, \(4, 3\)(.|\n)*target\.long\(\)"),
    (lambda: F.nll_loss(zeros(4, 3), zeros(4, 3)), DtypeError, r"nll_loss: targets are class indices, not float32"),
    (lambda: F.cross_entropy(zeros(4, 3), Tensor(np.eye(4, 3, dtype=int))), ShapeError,
     r"the targets need \(4,\), not \(4, 3\)(.|\n)*look like one-hot(.|\n)*target\.argmax\(1\), or floats"),
    (lambda: F.cross_entropy(zeros(4, 3), Tensor([[0], [1], [2], [0]])), ShapeError, r"target\.squeeze\(1\)"),
    (lambda: F.cross_entropy(zeros(4, 3), Tensor([0, 1, 2])), ShapeError, r"There are 4 examples and 3 targets"),
    (lambda: F.cross_entropy(zeros(2, 3, 2, 2), Tensor(np.zeros((2, 2, 3), int))), ShapeError,
     r"Give targets of shape \(2, 2, 2\)"),
    (lambda: F.cross_entropy(zeros(), Tensor(0)), ShapeError, r"the input has no axis of classes"),
    (lambda: F.cross_entropy(zeros(4, 3), Tensor([0, 1, 2, 1]), weight=zeros(4)), ShapeError,
     r"the weight has shape \(4,\), not \(3,\)(.|\n)*for each of the 3 classes"),
    (lambda: F.cross_entropy(zeros(4, 3), Tensor([0, 1, 2, 1]), label_smoothing=1.5), ArgumentError,
     r"label_smoothing=1.5 is no share"),
    (lambda: F.multi_margin_loss(zeros(4, 3), Tensor([0, 1, 2, 3])), RangeError,
     r"target 3 at position 3 (.|\n)*Use 0 to 2\."),
    (lambda: F.multi_margin_loss(zeros(4, 3), Tensor([0, 1, 2, 1]), p=3), ArgumentError,
     r"multi_margin_loss: p=3 is not defined"),
    (lambda: F.binary_cross_entropy(Tensor([[0.5, 1.5]]), Tensor([[1.0, 0.0]])), ArgumentError,
     r"input 1.5 at \(0, 1\) is no probability(.|\n)*binary_cross_entropy_with_logits"),
    (lambda: F.binary_cross_entropy(zeros(4, 1), zeros(4)), ShapeError,
     r"the target has shape \(4,\), the input \(4, 1\)(.|\n)*target\.reshape\(\(4, 1\)\)"),
    (lambda: F.binary_cross_entropy_with_logits(zeros(4, 3), zeros(4)), ShapeError, r"Give a target of shape \(4, 3\)"),
    (lambda: F.binary_cross_entropy_with_logits(zeros(4, 3), zeros(4, 3), pos_weight=zeros(4)), ShapeError,
     r"pos_weight  \(4,\)"),
    (lambda: F.binary_cross_entropy_with_logits(zeros(4, 3), zeros(4, 3), weight=zeros(4)), ShapeError,
     r"weight  \(4,\)"),
    (lambda: F.mse_loss(zeros(4, 3), zeros(4)), ShapeError, r"mse_loss: the shapes cannot be broadcast together"),
    (lambda: F.mse_loss(zeros(4), zeros(4), weight=zeros(3)), ShapeError,
     r"the weight has shape \(3,\), the input \(4,\)"),
    (lambda: F.smooth_l1_loss(zeros(4), zeros(4), beta=-1.0), ArgumentError, r"beta=-1.0 is negative"),
    (lambda: F.huber_loss(zeros(4), zeros(4), delta=0.0), ArgumentError, r"delta=0.0 is not above 0"),
    (lambda: F.kl_div(zeros(4), zeros(4), reduction="batch"), ArgumentError,
     r"Use 'mean', 'sum', 'none' or 'batchmean'"),
    (lambda: F.gaussian_nll_loss(zeros(4, 3), zeros(4, 3), zeros(3)), ShapeError,
     r"Use \(4, 3\), \(4, 1\) or one number"),
    (lambda: F.gaussian_nll_loss(zeros(1), zeros(1), Tensor([-2.0])), ArgumentError,
     r"var holds the negative number -2"),
    (lambda: F.triplet_margin_loss(*[zeros(4, 3)] * 3, margin=0.0), ArgumentError, r"margin=0.0 is not above 0"),
    (lambda: F.triplet_margin_loss(zeros(4, 3), zeros(4, 3), zeros(3)), ShapeError, r"different numbers of axes"),
    (lambda: F.cosine_similarity(zeros(4, 3), zeros(4, 2)), ShapeError,
     r"cosine_similarity: the shapes cannot be broadcast"),
    (lambda: F.pairwise_distance(zeros(4, 3), zeros(4, 2)), ShapeError,
     r"pairwise_distance: the shapes cannot be broadcast"),
    (lambda: F.cosine_embedding_loss(zeros(4, 3), zeros(4, 3), zeros(3)), ShapeError,
     r"the target has shape \(3,\), the input \(4,\)"),
    (lambda: F.margin_ranking_loss(zeros(4), zeros(3), zeros(4)), ShapeError,
     r"margin_ranking_loss: the shapes cannot be broadcast"),
    (lambda: F.hinge_embedding_loss(zeros(4), zeros(3)), ShapeError,
     r"hinge_embedding_loss: the shapes cannot be broadcast"),
    (lambda: F.bilinear(zeros(4, 3), zeros(4, 2), zeros(5, 3)), ShapeError, r"bilinear: the weight has 2 axes, not 3"),
    (lambda: F.bilinear(zeros(4, 3), zeros(4, 2), zeros(5, 3, 3)), ShapeError,
     r"input2 needs 3 features(.|\n)*in2_features=2"),
    (lambda: F.bilinear(zeros(4, 3), zeros(3, 2), zeros(5, 3, 2)), ShapeError,
     r"the axes before the last differ: \(4,\) and \(3,\)"),
    (lambda: F.bilinear(zeros(4, 3), zeros(4, 2), zeros(5, 3, 2), zeros(4)), ShapeError,
     r"the bias has shape \(4,\), not \(5,\)"),
])
def test_error_texts(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("target", [Tensor(3), Tensor([3])], ids=["number", "one of an axis"])
def test_multi_margin_loss_of_one_example(target):
    scores = [0.1, 0.2, 0.4, 0.8]
    expected = sum(1 - scores[3] + score for score in scores[:3]) / 4
    assert F.multi_margin_loss(Tensor(scores), target).item() == pytest.approx(expected)
    assert F.multi_margin_loss(Tensor([scores]), Tensor([3])).item() == pytest.approx(expected)
