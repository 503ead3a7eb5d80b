"""Every check of the coach on a program with the mistake and on its right twin; silence on healthy training."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import nn
import tensorgrad
from nn import functional as F
from nn.coach import CHECKS, CoachWarning, coach
from nn.coach.advice import Advice
from tensorgrad import watching
from tensorgrad.errors import ArgumentError

DOCS = Path(__file__).parents[3] / "docs" / "coach"


class Problem:
    """A small problem: images, labels, numbers to predict."""

    def __init__(self):
        rng = np.random.default_rng(0)
        tensorgrad.manual_seed(0)
        self.x = tensorgrad.tensor(rng.normal(size=(16, 8)).astype(np.float32))
        self.images = tensorgrad.tensor(rng.normal(size=(16, 1, 6, 6)).astype(np.float32))
        self.y = tensorgrad.tensor(rng.integers(0, 3, 16))
        self.values = tensorgrad.tensor(rng.normal(size=16).astype(np.float32))
        self.model = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 3))


def train(p, model=None, loss=None, steps=5, zero=True, optimizer=None, x=None):
    model = model or p.model
    optimizer = optimizer or nn.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        out = model(p.x if x is None else x)
        (F.cross_entropy(out, p.y) if loss is None else loss(out)).backward()
        optimizer.step()


def sums(p, number):
    total = 0
    optimizer = nn.optim.SGD(p.model.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        loss = F.cross_entropy(p.model(p.x), p.y)
        loss.backward()
        optimizer.step()
        total += loss.item() if number else loss
    return total


class Half(nn.Module):
    """A model with a layer that forward may forget."""

    def __init__(self, forget):
        super().__init__()
        self.used, self.other, self.forget = nn.Linear(8, 3), nn.Linear(3, 3), forget

    def forward(self, x):
        x = self.used(x)
        return x if self.forget else self.other(x)


def dropout_net():
    return nn.Sequential(nn.Linear(8, 12), nn.Dropout(0.5), nn.Linear(12, 3))


def zeros(p, layers):
    for i in layers:
        nn.init.zeros_(p.model[i].weight)
        nn.init.zeros_(p.model[i].bias)
    train(p)


def measured(p, mode):
    model = dropout_net()
    train(p, model)
    model.train(mode)
    with tensorgrad.no_grad():
        model(p.x)


def in_mode(p, mode):
    model = dropout_net()
    model.train(mode)
    train(p, model)


def with_optimizer(p, parameters, **options):
    train(p, optimizer=nn.optim.SGD(parameters, **{"lr": 0.05, **options}))


def normed(p, batch):
    nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))(p.images[:batch])


# id: (the mistake, the right way)
CASES = {
    "softmax-before-cross-entropy": (
        lambda p: train(p, nn.Sequential(*p.model, nn.Softmax(1))),
        lambda p: train(p, loss=lambda out: F.nll_loss(F.log_softmax(out, 1), p.y))),
    "sigmoid-before-logits-loss": (
        lambda p: F.binary_cross_entropy_with_logits(p.model(p.x).sigmoid(), tensorgrad.ones(16, 3)),
        lambda p: F.binary_cross_entropy(p.model(p.x).sigmoid(), tensorgrad.ones(16, 3))),
    "broadcast-loss": (
        lambda p: ((p.model(p.x)[:, :1] - p.values) ** 2).mean(),
        lambda p: ((p.model(p.x)[:, 0] - p.values) ** 2).mean()),
    "graph-kept-across-steps": (lambda p: sums(p, False), lambda p: sums(p, True)),
    "float64-creep": (
        lambda p: p.model(p.x) * tensorgrad.tensor(np.ones(3)),
        lambda p: p.model(p.x) * np.ones(3)),  # a plain array takes the tensor's dtype
    "inputs-0-255": (
        lambda p: p.model(tensorgrad.tensor(np.random.default_rng(1).integers(0, 256, (16, 8)).astype(np.float32))),
        lambda p: p.model(tensorgrad.tensor(np.random.default_rng(1).integers(0, 256, (16, 8)).astype(np.float32)) / 255)),
    "batch-norm-on-one-sample": (lambda p: normed(p, 1), lambda p: normed(p, 2)),
    "training-in-eval-mode": (lambda p: in_mode(p, False), lambda p: in_mode(p, True)),
    "evaluating-in-train-mode": (lambda p: measured(p, True), lambda p: measured(p, False)),
    "forgotten-zero-grad": (lambda p: train(p, zero=False), lambda p: train(p)),
    "parameters-not-in-optimizer": (
        lambda p: with_optimizer(p, p.model[0].parameters()),
        lambda p: (p.model[2].requires_grad_(False), with_optimizer(p, p.model[0].parameters()))),
    "unused-parameters": (lambda p: train(p, Half(True)), lambda p: train(p, Half(False))),
    "symmetric-initialisation": (lambda p: zeros(p, [0, 2]), lambda p: zeros(p, [2])),
    "update-ratio": (lambda p: with_optimizer(p, p.model.parameters(), lr=200.0),
                     lambda p: with_optimizer(p, p.model.parameters(), lr=0.05)),
}


def advised(program, **options):
    with warnings.catch_warnings(), np.errstate(all="ignore"), coach(**options) as c:
        warnings.simplefilter("ignore")
        program(Problem())
    return c.advice


def test_every_check_has_a_case_and_a_page():
    assert set(CASES) == set(CHECKS) == {path.stem for path in DOCS.glob("*.md")}
    for name in CHECKS:
        text = (DOCS / f"{name}.md").read_text()
        assert text.startswith(f"# {name}\n") and "## Wrong" in text and "## Right" in text


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_seen(name):
    advice = advised(CASES[name][0])
    assert name in [a.id for a in advice], advice
    (found,) = {a.id: a for a in advice if a.id == name}.values()
    assert found.what and found.fix
    assert f"docs/coach/{name}.md" in str(found)
    assert found.line is not None and found.line.file.endswith("test_coach.py"), found


@pytest.mark.parametrize("name", CASES)
def test_the_right_way_is_not(name):
    assert [str(a) for a in advised(CASES[name][1])] == []


@pytest.mark.parametrize("name", CASES)
def test_each_can_be_switched_off(name):
    assert name not in [a.id for a in advised(CASES[name][0], off=[name])]
    assert {a.id for a in advised(CASES[name][0], only=[name])} == {name}


def test_steps_that_change_nothing():
    advice = advised(lambda p: with_optimizer(p, p.model.parameters(), lr=1e-12))
    assert [a.id for a in advice] == ["update-ratio"] and "less than 1e-08" in advice[0].what


@pytest.mark.parametrize("route", [lambda t: t.reshape(8, 6), lambda t: t[:, :2], lambda t: t.T, lambda t: t.flatten(),
                                   lambda t: t.unsqueeze(0).squeeze(0)], ids=["reshape", "index", "T", "flatten", "squeeze"])
def test_ops_that_only_move_entries_hide_no_mistake(route):
    found = advised(lambda p: F.log_softmax(route(F.softmax(p.model(p.x), 1)), 0))
    assert [a.id for a in found] == ["softmax-before-cross-entropy"] and "softmax" in found[0].what
    found = advised(lambda p: F.logsigmoid(route(p.model(p.x).sigmoid())))
    assert [a.id for a in found] == ["sigmoid-before-logits-loss"]


def test_what_is_no_probability_is_not_told_of():
    assert advised(lambda p: F.logsigmoid(p.model(p.x).tanh())) == []
    assert advised(lambda p: F.logsigmoid(route(p))) == []
    assert advised(lambda p: F.log_softmax(route(p), 1)) == []


def route(p):
    """Moved entries of a leaf, which no op has made."""
    return tensorgrad.ones(3, 2, requires_grad=True).reshape(2, 3)


def test_a_step_on_another_model_is_right_while_one_is_evaluated():
    def program(p):
        teacher = dropout_net().eval()
        optimizer = nn.optim.SGD(p.model.parameters(), lr=0.05)
        for _ in range(3):
            optimizer.zero_grad()
            loss = F.cross_entropy(p.model(p.x), p.y)
            (loss + F.mse_loss(p.model(p.x), teacher(p.x))).backward()  # the teacher is called last
            optimizer.step()

    assert "training-in-eval-mode" not in [a.id for a in advised(program)]


@pytest.mark.parametrize("zeroes", [True, False])
def test_a_generators_loss_may_leave_gradients_in_the_discriminator(zeroes):
    def program(p):
        maker, judge = nn.Linear(4, 6), nn.Linear(6, 1)
        make, judging = (nn.optim.Adam(m.parameters(), lr=1e-3) for m in (maker, judge))
        for _ in range(4):
            made = maker(tensorgrad.randn(8, 4))
            if zeroes:
                judging.zero_grad()
            (F.softplus(judge(made.detach())).mean() + F.softplus(-judge(tensorgrad.randn(8, 6))).mean()).backward()
            judging.step()
            make.zero_grad()
            F.softplus(-judge(made)).mean().backward()
            make.step()

    assert ("forgotten-zero-grad" in [a.id for a in advised(program)]) is not zeroes


def test_gradients_that_are_asked_for_add_to_none():
    def program(p, backward):
        optimizer = nn.optim.SGD(p.model.parameters(), lr=0.05)
        for _ in range(4):
            loss = F.cross_entropy(p.model(p.x), p.y)
            if backward:
                loss.backward()
            else:
                for q, grad in zip(p.model.parameters(), tensorgrad.autograd.grad(loss, list(p.model.parameters()))):
                    q.grad = grad
            optimizer.step()

    assert "forgotten-zero-grad" in [a.id for a in advised(lambda p: program(p, True))]
    assert "forgotten-zero-grad" not in [a.id for a in advised(lambda p: program(p, False))]


def test_gradients_of_several_batches_may_be_added():
    def program(p):
        optimizer = nn.optim.SGD(p.model.parameters(), lr=0.05)
        for _ in range(4):
            optimizer.zero_grad()
            for half in (slice(0, 8), slice(8, 16)):
                F.cross_entropy(p.model(p.x[half]), p.y[half]).backward()
            optimizer.step()

    assert advised(program) == []


def test_two_optimizers_and_closures():
    def program(p):
        first, second = (nn.optim.SGD(p.model[i].parameters(), lr=0.05) for i in (0, 2))
        for _ in range(4):
            p.model.zero_grad()
            F.cross_entropy(p.model(p.x), p.y).backward()
            second.step()
            first.step()

    assert advised(program) == []

    def with_closure(p):
        optimizer = nn.optim.SGD(p.model.parameters(), lr=0.05)

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(p.model(p.x), p.y)
            loss.backward()
            return loss

        for _ in range(4):
            assert optimizer.step(closure).item() > 0

    assert advised(with_closure) == []


@pytest.mark.parametrize("name, size, channels", [("lenet5", 28, 1), ("cnn", 28, 1), ("mlp", 28, 1), ("resnet20", 16, 3)])
def test_silence_on_healthy_models(name, size, channels, rng):
    def program(p):
        model = nn.models.create(name, **({"in_channels": channels} if name == "resnet20" else {}))
        x = tensorgrad.tensor(rng.normal(size=(4, channels, size, size)).astype(np.float32))
        y = tensorgrad.tensor(rng.integers(0, 10, 4))
        for optimizer in (nn.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), nn.optim.Adam(model.parameters())):
            for _ in range(4):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
        model.eval()
        with tensorgrad.no_grad():
            model(x)

    assert [str(a) for a in advised(program)] == []


def test_said_once_and_shown_at_the_line():
    p = Problem()
    says = "(?s)softmax-before-cross-entropy: .* at .*test_coach.py.*Drop the softmax"
    with pytest.warns(CoachWarning, match=says) as caught:
        with coach():
            for _ in range(3):
                F.cross_entropy(F.softmax(p.model(p.x), 1), p.y)  # this line
    assert len(caught) == 1 and caught[0].filename == __file__
    assert "# this line" in str(caught[0].message)


def test_without_a_line():
    with pytest.warns(CoachWarning, match="^broadcast-loss: what\n  fix") as caught:
        c = coach()
        for _ in range(2):
            c.tell(Advice("broadcast-loss", "what", "fix"))
    assert len(caught) == 1 and [str(a) for a in c.advice] == [str(caught[0].message)]


def test_as_an_error():
    p = Problem()
    with pytest.raises(CoachWarning, match="broadcast-loss"), coach(error=True):
        p.model(p.x)[:, :1] - p.values


def test_unknown_id():
    with pytest.raises(ArgumentError, match="there is no check 'sofmax'"):
        coach(off=["sofmax"])


def test_everything_is_put_back():
    before = [nn.Module.__call__, nn.Module.zero_grad, nn.optim.Optimizer.step, nn.optim.Optimizer.zero_grad]
    with pytest.raises(ZeroDivisionError), coach():
        assert nn.Module.__call__ is not before[0]
        1 / 0
    assert [nn.Module.__call__, nn.Module.zero_grad, nn.optim.Optimizer.step, nn.optim.Optimizer.zero_grad] == before
    assert not watching.watchers


def test_nothing_is_changed():
    def weights(coached):
        p = Problem()
        if coached:
            with coach():
                train(p)
        else:
            train(p)
        return [w.numpy().copy() for w in p.model.parameters()]

    for a, b in zip(weights(True), weights(False)):
        np.testing.assert_array_equal(a, b)


def test_reached_from_both_packages():
    assert tensorgrad.coach is coach and nn.coach.coach is coach
    assert not hasattr(tensorgrad, "coach_")


def test_the_pages_name_what_they_are_about():
    for path in DOCS.glob("*.md"):
        assert re.search(r"```python\n", path.read_text()), path
