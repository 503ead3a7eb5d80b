"""The loop: what a step does and in which order, what is measured, what callbacks see, and going on from a state."""

import math

import numpy as np
import pytest

import nn
from nn.data import ArrayDataset, DataLoader
from nn.optim import SGD, Adam
from nn.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from nn.training import (Accuracy, Callback, Checkpointer, ConfusionMatrix, CSVLogger, EarlyStopping, History, JSONLLogger,
                         ProgressBar, TopK, Trainer, load_checkpoint)
from nn.training.progress import table
from tensorgrad import manual_seed, tensor
from tensorgrad.errors import ArgumentError, DivergenceError, StateError


def data(count=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    inputs = rng.normal(size=(count, 4)).astype(np.float32) + 2 * np.eye(4, dtype=np.float32)[labels]
    return ArrayDataset(inputs, labels)


def loaders(**options):
    return DataLoader(data(), 16, shuffle=True, seed=1, **options), DataLoader(data(40, 1), 16)


def make(callbacks=(), seed=0, dropout=0.3, **options):
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 3))
    optimizer = Adam(model.parameters(), 0.03)
    return Trainer(model, nn.CrossEntropyLoss(), optimizer, StepLR(optimizer, 2, 0.5), callbacks=callbacks, **options)


def weights(trainer):
    return b"".join(value.array.tobytes() for value in trainer.model.state_dict().values())


def test_it_learns():
    history = make().fit(*loaders(), epochs=15)
    assert history["test_accuracy"][-1] > 0.8 and history["train_loss"][-1] < history["train_loss"][0]
    assert list(history[-1]) == ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"]
    assert history["epoch"] == list(range(1, 16))


def test_a_step_is_zero_grad_forward_loss_backward_clip_step():
    events = []

    class Spy(SGD):
        def zero_grad(self, set_to_none=True):
            events.append("zero_grad")
            super().zero_grad(set_to_none)

        def step(self, closure=None):
            norm = math.sqrt(sum(float((p.grad.array ** 2).sum()) for p in model.parameters()))
            events.append(("step", norm <= 0.01 * (1 + 1e-4)))
            return super().step(closure)

    model = nn.Linear(4, 3)
    model.register_forward_hook(lambda *args: events.append("forward"))

    def loss(output, target):
        events.append("loss")
        output.register_hook(lambda grad: events.append("backward"))
        return nn.functional.cross_entropy(output, target)

    trainer = Trainer(model, loss, Spy(model.parameters(), 0.1), clip_grad_norm=0.01)
    output, value = trainer.step(tensor(np.ones((2, 4), np.float32)), tensor([0, 1]))
    assert events == ["zero_grad", "forward", "loss", "backward", ("step", True)]
    assert not output.requires_grad and isinstance(value, float)


def test_against_the_loop_written_out():
    trainer = make()
    trainer.fit(*loaders(), epochs=2)
    manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    optimizer = Adam(model.parameters(), 0.03)
    scheduler = StepLR(optimizer, 2, 0.5)
    train_loader, test_loader = loaders()
    for _ in range(2):
        total = count = right = 0
        for x, y in train_loader:
            optimizer.zero_grad()
            output = model(x)
            loss = nn.functional.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            total, count = total + loss.item() * len(x), count + len(x)
            right += int((output.array.argmax(1) == y.array).sum())
        scheduler.step()
    assert b"".join(value.array.tobytes() for value in model.state_dict().values()) == weights(trainer)
    assert trainer.history[-1]["train_loss"] == pytest.approx(total / count, rel=1e-12)
    assert trainer.history[-1]["train_accuracy"] == right / count
    model.eval()
    x, y = test_loader.dataset.arrays
    output = model(tensor(x))
    assert trainer.history[-1]["test_loss"] == pytest.approx(nn.functional.cross_entropy(output, tensor(y)).item(), rel=1e-6)
    assert trainer.history[-1]["test_accuracy"] == (output.array.argmax(1) == y).mean()


def test_clip_value():
    model = nn.Linear(4, 3)
    trainer = Trainer(model, lambda output, target: (output * 100).sum(), SGD(model.parameters(), 1.0), clip_grad_value=0.5)
    before = model.bias.array.copy()
    trainer.step(tensor(np.ones((2, 4), np.float32)), tensor([0, 1]))
    np.testing.assert_allclose(before - model.bias.array, 0.5, rtol=1e-5)


def test_modes_are_put_back():
    trainer = make()
    trainer.model.eval()
    seen = []
    trainer.callbacks.append(type("Seen", (Callback,), {
        "on_batch_end": lambda self, trainer: seen.append(trainer.model.training)})())
    trainer.fit(*loaders(), epochs=1)
    assert all(seen) and not trainer.model.training
    trainer.model.train()
    trainer.evaluate(loaders()[1])
    trainer.predict(np.zeros((2, 4), np.float32))
    assert all(module.training for module in trainer.model.modules())


def test_evaluate_records_nothing_and_is_repeatable():
    trainer = make()
    first, second = (trainer.evaluate(loaders()[1]) for _ in range(2))
    assert first == second and list(first) == ["loss", "accuracy"]
    assert all(parameter.grad is None for parameter in trainer.model.parameters())


def test_predict_takes_arrays_tensors_and_loaders():
    trainer = make()
    inputs = data().arrays[0]
    expected = trainer.model.eval()(tensor(inputs)).array
    pairs = [(inputs[:30],), (inputs[30:],)]
    for given in (inputs, tensor(inputs), DataLoader(data(), 16), pairs, [inputs[:30], inputs[30:]]):
        np.testing.assert_allclose(trainer.predict(given, batch_size=7), expected, rtol=1e-5, atol=1e-6)


def test_own_metrics_are_in_the_history():
    trainer = make(metrics=[Accuracy(), TopK(2), ConfusionMatrix(3)])
    record = trainer.fit(*loaders(), epochs=1)[-1]
    assert record["test_top2_accuracy"] >= record["test_accuracy"]
    assert np.sum(record["test_confusion"]) == 40 and isinstance(record["test_confusion"], list)
    assert History.from_jsonl(trainer.history.to_jsonl()).records == trainer.history.records


def test_without_a_test_set():
    record = make().fit(loaders()[0], epochs=1)[-1]
    assert list(record) == ["epoch", "train_loss", "train_accuracy", "seconds"]


def test_schedules_by_epoch_by_batch_and_on_plateau():
    trainer = make()
    rates = []
    trainer.callbacks.append(type("Rates", (Callback,), {
        "on_epoch_begin": lambda self, trainer: rates.append(trainer.learning_rate)})())
    trainer.fit(*loaders(), epochs=5)
    assert rates == [0.03, 0.03, 0.015, 0.015, 0.0075]
    trainer = make(schedule="batch")
    trainer.fit(*loaders(), epochs=1)
    assert trainer.learning_rate == 0.03 / 2 ** (len(loaders()[0]) // 2)
    trainer = make()
    trainer.scheduler = ReduceLROnPlateau(trainer.optimizer, mode="max", patience=0)
    trainer.fit(*loaders(), epochs=2)
    assert trainer.learning_rate == pytest.approx(0.003)


def test_callbacks_see_everything_in_order():
    events = []

    class Recorder(Callback):
        def on_fit_begin(self, trainer):
            events.append("fit")

        def on_epoch_begin(self, trainer):
            events.append(f"epoch {trainer.epoch}, {trainer.num_batches} batches")

        def on_batch_end(self, trainer):
            assert 0 <= trainer.running()["accuracy"] <= 1
            events.append(trainer.batch)

        def on_epoch_end(self, trainer, record):
            assert record is trainer.history[-1] and trainer.epoch == record["epoch"]
            events.append("end of epoch")

        def on_fit_end(self, trainer):
            events.append("end of fit")

    make([Recorder()]).fit(*loaders(), epochs=2)
    epoch = [1, 2, 3, 4, "end of epoch"]
    assert events == ["fit", "epoch 0, 4 batches", *epoch, "epoch 1, 4 batches", *epoch, "end of fit"]


def test_fit_end_is_called_after_an_error_too():
    events = []

    class Breaks(Callback):
        def on_batch_end(self, trainer):
            raise KeyboardInterrupt

        def on_fit_end(self, trainer):
            events.append("end")

    trainer = make([Breaks()])
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(*loaders(), epochs=1)
    assert events == ["end"] and trainer.epoch == 0


def test_early_stopping():
    trainer = make([EarlyStopping("test_loss", patience=2, min_delta=100)])
    assert len(trainer.fit(*loaders(), epochs=10)) == 3


def test_early_stopping_restores_the_best_weights():
    best = EarlyStopping("test_accuracy", patience=3, restore_best=True)
    trainer = make([best])
    trainer.optimizer.param_groups[0]["lr"] = 3.0
    history = trainer.fit(*loaders(), epochs=8)
    assert trainer.evaluate(loaders()[1])["accuracy"] == max(history["test_accuracy"])


@pytest.mark.parametrize("dropped", [0, 1, 3])
def test_going_on_gives_the_same_bits(tmp_path, dropped):
    whole = make([JSONLLogger(tmp_path / "whole.jsonl")])
    whole.fit(*loaders(), epochs=5)
    first = make([Checkpointer(tmp_path / "a.npz"), JSONLLogger(tmp_path / "metrics.jsonl")])
    if dropped:
        first.fit(*loaders(), epochs=dropped)
        state = load_checkpoint(tmp_path / "a.npz")
    else:
        state = first.state_dict()
    manual_seed(99)
    second = make([Checkpointer(tmp_path / "a.npz"), JSONLLogger(tmp_path / "metrics.jsonl")], seed=7)
    second.load_state_dict(state)
    second.fit(*loaders(), epochs=5 - dropped)
    assert weights(second) == weights(whole)
    without_time = [[{key: value for key, value in record.items() if key != "seconds"} for record in history]
                    for history in (History.from_jsonl((tmp_path / "metrics.jsonl").read_text()), whole.history)]
    assert without_time[0] == without_time[1]


@pytest.mark.parametrize("kind", ["generator", "process"])
def test_unseeded_loaders_go_on_too(tmp_path, kind):
    def loader():
        return DataLoader(data(), 16, shuffle=True, generator=np.random.default_rng(4) if kind == "generator" else None)

    whole, first, second = make(), make([Checkpointer(tmp_path / "a.npz")]), None
    manual_seed(3)
    whole.fit(loader(), epochs=4)
    manual_seed(3)
    first.fit(loader(), epochs=2)
    second = make(seed=8)
    second.load_state_dict(load_checkpoint(tmp_path / "a.npz"))
    second.fit(loader(), epochs=2)
    assert weights(second) == weights(whole)


def test_checkpointer_every_and_best(tmp_path):
    checkpointer = Checkpointer(tmp_path / "last.npz", every=2, best=tmp_path / "best.npz")
    epochs = []
    trainer = make([checkpointer, type("Saved", (Callback,), {
        "on_epoch_end": lambda self, trainer, record: epochs.append(checkpointer.saved_epoch)})()])
    history = trainer.fit(*loaders(), epochs=5)
    assert epochs == [0, 2, 2, 4, 5]
    assert load_checkpoint(tmp_path / "best.npz")["epoch"] == history.best("test_accuracy")["epoch"]


def test_logs(tmp_path):
    trainer = make([CSVLogger(tmp_path / "a.csv"), JSONLLogger(tmp_path / "a.jsonl")])
    trainer.fit(*loaders(), epochs=2)
    assert (tmp_path / "a.csv").read_text() == trainer.history.to_csv()
    assert (tmp_path / "a.jsonl").read_text() == trainer.history.to_jsonl()
    make([JSONLLogger(tmp_path / "a.jsonl")]).fit(*loaders(), epochs=0)
    assert (tmp_path / "a.jsonl").read_text() == ""


def test_progress_bar(capsys):
    make([ProgressBar()]).fit(*loaders(), epochs=2)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["epoch", "train", "loss", "accuracy", "test", "loss", "accuracy", "seconds"]
    assert lines[1].split()[0] == "1/2" and lines[2].split()[0] == "2/2" and len(lines) == 3
    assert err == ""  # no bar where there is no terminal


def test_progress_bar_on_a_terminal():
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    bar, table = Terminal(), io.StringIO()
    make([ProgressBar(file=table, bar=bar, interval=0)]).fit(*loaders(), epochs=1)
    assert "epoch 1/1" in bar.getvalue() and "loss" in bar.getvalue() and "accuracy" in bar.getvalue()


def test_what_is_no_number_has_no_place_beside_the_bar():
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    bar = Terminal()
    trainer = make([ProgressBar(file=io.StringIO(), bar=bar, interval=0)],
                   metrics=[Accuracy(), ConfusionMatrix(3)])
    trainer.fit(*loaders(), epochs=1)
    assert "accuracy" in bar.getvalue() and "confusion" not in bar.getvalue()
    assert table([]) == ""


def test_going_on_without_schedule_and_with_other_callbacks():
    first = make([EarlyStopping("train_loss", patience=9), Logbook("a"), Logbook("b")])
    first.scheduler = None
    first.fit(*loaders(), epochs=2)
    state = first.state_dict()
    second = make([Logbook("c"), Checkpointer("never"), Logbook("d"), Logbook("e")])
    second.scheduler = None
    second.load_state_dict(state)
    assert second.epoch == 2 and weights(second) == weights(first)
    assert [callback.name for callback in second.callbacks if isinstance(callback, Logbook)] == ["a", "b", "e"]


class Logbook(Callback):
    def __init__(self, name):
        self.name = name

    def state_dict(self):
        return {"name": self.name}

    def load_state_dict(self, state):
        self.name = state["name"]


# -- errors -----------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number():
    trainer = make()
    trainer.fit(*loaders(), epochs=1)
    trainer.model[0].weight.data = trainer.model[0].weight.array * np.float32(np.nan)
    before = weights(trainer)
    with pytest.raises(DivergenceError, match="the loss is nan in batch 1 of epoch 2, at learning rate 0.03.*\n.*smaller"):
        trainer.fit(*loaders(), epochs=1)
    assert weights(trainer) == before
    inputs, labels = data().arrays
    inputs = inputs.copy()
    inputs[:, 0] = np.inf
    with pytest.raises(DivergenceError, match="The input holds NaN or infinite values"):
        make().fit(DataLoader(ArrayDataset(inputs, labels), 16), epochs=1)


@pytest.mark.parametrize("call, text", [
    (lambda: make(schedule="step"), "schedule is 'step'"),
    (lambda: make(clip_grad_norm=0), "clip_grad_norm is 0"),
    (lambda: make(clip_grad_value=-1), "clip_grad_value is -1"),
    (lambda: make().fit(loaders()[0], epochs=-1), "epochs is -1"),
    (lambda: make().fit(DataLoader(data(5), 16, drop_last=True)), "the training loader gave no batches"),
    (lambda: make().evaluate([]), "evaluate: the loader gave no batches"),
    (lambda: make().predict([]), "predict: there are no samples"),
    (lambda: EarlyStopping(patience=0), "patience is 0"),
    (lambda: Checkpointer("a", every=0), "every is 0"),
    (lambda: make([EarlyStopping("test_los")]).fit(*loaders()), "there is no 'test_los'"),
])
def test_arguments(call, text):
    with pytest.raises(ArgumentError, match=text):
        call()


def test_states_that_do_not_fit():
    trainer = make()
    with pytest.raises(StateError, match="the state has no callbacks, epoch"):
        trainer.load_state_dict({})
    state = trainer.state_dict()
    trainer.scheduler = None
    with pytest.raises(StateError, match="made with a scheduler"):
        trainer.load_state_dict(state)
    with pytest.raises(StateError, match="made without a scheduler"):
        make().load_state_dict(trainer.state_dict())


def test_the_coach_looks_on_in_the_first_epoch():
    from nn.coach import CoachWarning

    rng = np.random.default_rng(0)
    batches = [(rng.normal(size=(8, 4)).astype(np.float32), rng.integers(0, 3, 8)) for _ in range(3)]
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    trainer = Trainer(model, nn.CrossEntropyLoss(), nn.optim.SGD(model.parameters(), lr=0.1), coach=True)
    with pytest.warns(CoachWarning, match="softmax-before-cross-entropy"):
        trainer.fit(batches, epochs=2)
    right = Trainer(model[:1], nn.CrossEntropyLoss(), nn.optim.SGD(model.parameters(), lr=0.1), coach=True)
    right.fit(batches, batches, epochs=2)  # a warning would be an error
    assert right.epoch == 2
