"""The profiler: what it counts, for which op and layer, in which form, and that it leaves nothing behind."""

from __future__ import annotations

import gc
import importlib
import json
import re
import threading
import time
import weakref

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad import kernels, profiler, watching
from tensorgrad.autograd import Function
from tensorgrad.autograd import function as functions
from tensorgrad.errors import ArgumentError, StateError
from tensorgrad.op import Op
from tensorgrad.ops.elementwise import Binary, Unary
from tensorgrad.profiler import profile, profiling, record, timing


def network():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3))


def step(model, batch=2):
    x, target = tg.ones(batch, 1, 8, 8), tg.tensor(np.arange(batch) % 3)
    nn.functional.cross_entropy(model(x), target).backward()


def by_name(p, **options):
    return {row.name: row for row in p.rows(**options)}


def rules():
    """Everything a profile may have put something in place of."""
    classes = [Op, *watching.subclasses(Op)]
    found = {(cls, name): vars(cls)[name] for cls in classes for name in ("apply", "backward") if name in vars(cls)}
    module = importlib.import_module("tensorgrad.autograd.backward")
    return found | {"function": vars(Function)["apply"], "walk": vars(module)["walk"]}


# -- what is counted ---------------------------------------------------------------------------------------------------


def test_calls_and_multiply_adds_of_a_network():
    model = network()
    with profile() as p:
        step(model)
        step(model)
    rows = by_name(p)
    conv, linear, pool = rows["conv2d"], rows["linear"], rows["max_pool2d"]
    assert (conv.calls, conv.backward_calls, linear.calls, linear.backward_calls) == (2, 2, 2, 2)
    once = 2 * 64 * 4 * 9
    assert conv.multiply_adds == 2 * once
    assert conv.backward_multiply_adds == 2 * once  # of the weight: the image wants no gradient
    assert linear.multiply_adds == 2 * (2 * 64 * 3) and linear.backward_multiply_adds == 2 * 2 * (2 * 64 * 3)
    assert pool.multiply_adds == 2 * (2 * 4 * 16 * 4)
    assert rows["relu"].multiply_adds is rows["relu"].backward_multiply_adds is None
    assert all(row.forward > 0 and row.backward > 0 for row in rows.values() if not row.name.startswith("["))
    assert rows["[backward walk]"].calls == 2 and rows["[backward walk]"].other > 0
    assert 0 < sum(row.total for row in rows.values()) <= p.seconds


def test_multiply_adds_of_forward_are_those_of_the_summary():
    model = nn.Sequential(nn.Conv2d(1, 4, 3, groups=1, stride=2), nn.BatchNorm2d(4), nn.AvgPool2d(3), nn.Flatten(),
                          nn.Linear(4, 3)).eval()
    with profile() as p:
        model(tg.ones(2, 1, 8, 8))
    counted = sum(row.multiply_adds or 0 for row in p.rows())
    assert counted == nn.summary(model, (1, 8, 8), batch=2).multiply_adds


def test_layers():
    model = nn.Sequential(network(), nn.Linear(3, 3))
    with profile() as p:
        step(model)
    rows = by_name(p, by="layer", sort="order")
    assert [name for name in rows if not name.startswith("[")] == ["0.0", "0.1", "0.2", "0.3", "0.4", "1", "(no layer)"]
    assert rows["0.0"].backward > 0 and rows["0.0"].multiply_adds == 2 * 64 * 4 * 9
    both = by_name(p, by="op and layer")
    assert both["0.4/linear"].calls == both["1/linear"].calls == 1
    shallow = by_name(p, by="layer", depth=1)
    assert shallow["0"].calls == 5 and shallow["0"].total == pytest.approx(sum(rows[f"0.{i}"].total for i in range(5)))


def test_bytes():
    x = tg.ones(4, 8, requires_grad=True)
    with profile() as p:
        (x.exp() * 2.0).reshape(32).sum().backward()
    rows = by_name(p)
    assert (rows["exp"].bytes, rows["exp"].backward_bytes) == (2 * 128, 3 * 128)  # grad and result in, gradient out
    assert rows["reshape"].bytes == rows["reshape"].backward_bytes == 0
    assert rows["sum"].bytes == 128 + 4


def test_einsum_and_plain_arrays():
    with profile() as p:
        tg.einsum("ij,jk->ik", tg.ones(2, 3), tg.ones(3, 5))
        tg.exp(np.ones(3))
    assert by_name(p)["einsum"].multiply_adds == 30 and by_name(p)["exp"].calls == 1


def test_sum_over_a_broadcast_axis_belongs_to_the_op():
    x, b = tg.ones(4, 3, requires_grad=True), tg.ones(3, requires_grad=True)
    with profile() as p:
        with tg.scope("bias"):
            y = x * b
        y.sum().backward()
    row = by_name(p, by="op and layer")["bias/sum_to"]
    assert row.calls == 0 and row.backward_calls == 1


@pytest.mark.skipif("compiled" not in kernels.available(), reason="numba is not installed")
def test_algorithm_is_the_one_that_ran():
    x, w = tg.ones(8, 16, 12, 12, requires_grad=True), tg.ones(16, 16, 3, 3, requires_grad=True)
    for choices, expected in (({}, "winograd"), ({"winograd": False}, "direct")):
        with kernels.use("compiled"), kernels.algorithms(**choices), profile() as p:
            tg.conv2d(x, w).sum().backward()
        row = by_name(p)["conv2d"]
        assert row.algorithms == row.backward_algorithms == [expected]
        assert expected in str(p)
    with kernels.use("reference"), profile() as p:
        tg.conv2d(x, w, stride=2).sum().backward()
    assert by_name(p)["conv2d"].backward_algorithms == ["taps", "windows"]
    assert "windows; backward taps, windows" in str(p)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 3 * x * x


def test_function_counts_for_what_is_inside():
    x = tg.ones(3, requires_grad=True)
    with profile() as p:
        Cube.apply(x).sum().backward()
    rows = by_name(p)
    assert "mul" not in rows
    assert (rows["cube"].calls, rows["cube"].backward_calls) == (1, 1)


def test_rules_that_are_recorded_count_for_their_op():
    x = tg.ones(3, requires_grad=True)
    with profile() as p:
        (first,) = tg.autograd.grad((x ** 3).sum(), x, create_graph=True)
    rows = by_name(p)
    assert "mul" not in rows and first.requires_grad
    with profile() as p:
        first.sum().backward()
    assert "mul" in by_name(p)


def test_graph_from_before_and_class_from_inside():
    x = tg.ones(3, requires_grad=True)
    y = x.tanh().sum()
    with profile() as p:
        y.backward()

        class Twice(Unary):
            __slots__ = ()

            def forward(self, x):
                return 2 * x

            def backward(self, grad):
                return 2 * grad

        Twice().apply(x).sum().backward()
    rows = by_name(p)
    assert (rows["tanh"].calls, rows["tanh"].backward_calls) == (0, 1)
    assert (rows["twice"].calls, rows["twice"].backward_calls) == (1, 1)
    assert Twice.backward.__qualname__.endswith("Twice.backward") and not hasattr(Twice.backward, "__wrapped__")


def test_time_is_where_it_is_spent(monkeypatch):
    x = tg.ones(3, requires_grad=True)
    exp, sin = type(x.exp().creator), type(x.sin().creator)
    monkeypatch.setattr(exp, "forward", lambda self, x: time.sleep(0.02) or np.exp(x))
    monkeypatch.setattr(sin, "backward", lambda self, grad: time.sleep(0.03) or grad)
    with profile() as p:
        x.exp().sin().sum().backward()
        time.sleep(0.01)
    rows = by_name(p)
    assert 0.02 <= rows["exp"].forward < 0.2 and rows["exp"].backward < 0.02
    assert 0.03 <= rows["sin"].backward < 0.2 and rows["sin"].forward < 0.02
    assert p.rows()[0].name == "sin" and p.rows(sort="forward")[0].name == "exp"
    assert rows["[backward walk]"].other < 0.02  # without the rules
    assert p.seconds - sum(row.total for row in rows.values()) >= 0.01


# -- records -----------------------------------------------------------------------------------------------------------


def test_record_shows_the_time_that_no_op_accounts_for(monkeypatch):
    x = tg.ones(3)
    monkeypatch.setattr(type(tg.ones(3, requires_grad=True).exp().creator), "forward",
                        lambda self, x: time.sleep(0.05) or np.exp(x))
    with profile() as p:
        with record("outer"):
            with record("data"):
                time.sleep(0.02)
            x.exp()
    rows = by_name(p, by="layer")
    assert 0.02 <= rows["[data]"].other < 0.05 and rows["[outer]"].other < 0.02 and rows["(no layer)"].forward >= 0.05
    (outer,) = [event for event in p.chrome_trace()["traceEvents"] if event["name"] == "outer"]
    assert outer["dur"] >= 70_000


def test_record_without_a_profile_and_around_its_end():
    with record("nothing"):
        p = profile()
        p.__enter__()
        with record("inside"):
            pass
        hanging = record("begun inside")
        hanging.__enter__()
        p.__exit__(None, None, None)
    hanging.__exit__(None, None, None)
    assert [row.name for row in p.rows()] == ["[inside]"] and not timing.here.stack


def test_training_records_itself():
    model = network()
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    images = np.ones((4, 1, 8, 8), np.float32)
    loader = nn.data.DataLoader(nn.data.TensorDataset(images, np.arange(4) % 3), batch_size=2)
    with profile() as p:
        nn.training.Trainer(model, nn.CrossEntropyLoss(), optimizer).fit(loader)
    rows = by_name(p)
    assert rows["[optimizer step]"].calls == rows["[data loading]"].calls == rows["conv2d"].calls == 2


# -- nothing is left behind --------------------------------------------------------------------------------------------


def test_everything_is_put_back():
    before = rules()
    with profile():
        assert rules() != before
        with pytest.raises(ZeroDivisionError), profile():
            1 / 0
        assert rules() != before
    assert rules() == before
    assert not timing.listeners and not timing._undo and not watching.watchers and not watching._undo
    assert [cls.apply.__module__ for cls in (Op, Unary, Binary)] == ["tensorgrad.op"] + 2 * ["tensorgrad.ops.elementwise"]
    assert functions.Function.apply.__func__.__module__ == "tensorgrad.autograd.function"


def test_errors_pass_and_leave_no_frame():
    x = tg.ones(3, requires_grad=True)
    with profile() as p:
        with pytest.raises(ValueError):
            x + tg.ones(4)
        y = x.exp().sum()
        y.backward()
        with pytest.raises(RuntimeError, match="already used by a backward pass"):
            y.backward()
        with pytest.raises(ZeroDivisionError), record("part"):
            1 / 0
        assert not timing.here.stack
        x.exp()
    assert by_name(p)["exp"].calls == 2 and by_name(p)["[part]"].calls == 1


def test_nothing_is_kept_alive():
    x = tg.ones(3, requires_grad=True)
    with profile() as p:
        y = x.exp()
        gone = weakref.ref(y)
        del y
        gc.collect()
        assert gone() is None
    assert p.rows()


def test_results_are_the_same_with_and_without():
    model = network()
    step(model)
    without = [parameter.grad.array.copy() for parameter in model.parameters()]
    model.zero_grad()
    with profile():
        step(model)
    for parameter, grad in zip(model.parameters(), without):
        np.testing.assert_array_equal(parameter.grad.array, grad)


def test_blocks_nest_and_are_entered_again():
    x = tg.ones(3)
    with profile() as outer:
        x.exp()
        with profile() as inner:
            x.exp()
            x.sin()
        x.exp()
    assert (by_name(outer)["exp"].calls, by_name(inner)["exp"].calls) == (3, 1) and "sin" in by_name(outer)
    seconds = inner.seconds
    with inner:
        x.exp()
    assert by_name(inner)["exp"].calls == 2 and inner.seconds > seconds
    assert by_name(outer)["exp"].calls == 3
    with inner, pytest.raises(StateError, match="profile: it is running already.\n  Nest another one: with"):
        inner.__enter__()


def test_threads_are_told_apart():
    x = tg.ones(3, requires_grad=True)
    ready = threading.Barrier(3)

    def work():
        ready.wait()
        for _ in range(50):
            x.exp().sum().backward(inputs=[x])

    workers = [threading.Thread(target=work, name=f"worker {i}") for i in range(2)]
    with profile() as p:
        for worker in workers:
            worker.start()
        ready.wait()
        for worker in workers:
            worker.join()
    row = by_name(p)["exp"]
    assert (row.calls, row.backward_calls) == (100, 100)
    names = {event["args"]["name"] for event in p.chrome_trace()["traceEvents"] if event["name"] == "thread_name"}
    assert {"worker 0: forward", "worker 1: backward"} <= names


# -- forms -------------------------------------------------------------------------------------------------------------


def test_table():
    model = network()
    with profile() as p:
        step(model)
    lines = str(p).splitlines()
    assert re.split(r"  +", lines[0]) == ["op", "calls", "forward", "backward", "total", "share", "multiply-adds", "G/s",
                                          "bytes", "algorithm"]
    assert lines[-2].startswith("total") and "100.0%" in lines[-2]
    assert re.fullmatch(r"[\d.]+ [mµ]?s in the block, [\d.]+ [mµ]?s of it outside of these rows", lines[-1])
    assert repr(p) == str(p) == p.table()
    short = p.table(by="layer", sort="order", limit=2).splitlines()
    assert short[2].startswith("0 ") and short[3].startswith("1 ") and re.match(r"\(\d more rows\)", short[4])
    assert [row.name for row in p.rows(sort="name")] == sorted(row.name for row in p.rows())
    for sort in ("calls", "bytes", "multiply_adds", "forward", "backward", "total"):
        assert len(p.rows(sort=sort)) == len(p.rows())


def test_empty_block():
    with profile() as p:
        pass
    assert p.rows() == [] and "total" in str(p) and len(p.chrome_trace()["traceEvents"]) == 1


def test_json(tmp_path):
    with profile() as p:
        step(network())
    p.save(tmp_path / "p.json")
    found = json.loads((tmp_path / "p.json").read_text())
    assert set(found) == {"seconds", "by op", "by layer", "by op and layer"}
    (conv,) = [row for row in found["by op"] if row["name"] == "conv2d"]
    assert conv["multiply_adds"] == 2 * 64 * 4 * 9 and conv["total"] == conv["forward"] + conv["backward"]
    p.save(tmp_path / "p.txt", kind="table")
    assert (tmp_path / "p.txt").read_text() == str(p) + "\n"


def test_chrome_trace(tmp_path):
    model = nn.Sequential(network())
    with profile() as p:
        step(model)
        step(model)
    p.save(tmp_path / "trace.json", kind="chrome")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    tracks = {event["tid"]: event["args"]["name"].split(": ")[1] for event in events if event["name"] == "thread_name"}
    assert sorted(tracks.values()) == ["backward", "forward", "records"]
    boxes = [event for event in events if event["ph"] == "X"]
    assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in boxes)
    convs = [event for event in boxes if event["name"] == "conv2d"]
    assert [tracks[event["tid"]] for event in convs] == ["forward", "backward"] * 2
    assert convs[0]["args"]["layer"] == "0.0" and convs[0]["args"]["multiply-adds"] == 2 * 64 * 4 * 9
    assert "algorithm" in convs[0]["args"]
    assert any(event["name"] == "conv2d_weight_grad" and tracks[event["tid"]] == "backward" for event in boxes)
    layers = [event for event in boxes if (event["cat"], event["name"], tracks[event["tid"]]) == ("layer", "0", "forward")]
    assert len(layers) == 4  # block and first layer, in each of the two steps
    check_nesting(boxes)


def check_nesting(boxes):
    """Boxes of a track contain each other or are apart."""
    for tid in {box["tid"] for box in boxes}:
        opened: list[float] = []
        for box in sorted([box for box in boxes if box["tid"] == tid], key=lambda box: (box["ts"], -box["dur"])):
            while opened and opened[-1] <= box["ts"] + 1e-3:
                opened.pop()
            end = box["ts"] + box["dur"]
            assert not opened or end <= opened[-1] + 1e-3
            opened.append(end)


def test_threads_of_one_name_have_tracks_of_their_own():
    ready = threading.Barrier(2)

    def work():
        ready.wait()
        with record("whole"):
            ready.wait()
            tg.ones(3, requires_grad=True).exp().sum().backward()
            ready.wait()

    with profile() as p:
        workers = [threading.Thread(target=work, name="worker") for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    events = p.chrome_trace()["traceEvents"]
    boxes = [event for event in events if event["ph"] == "X"]
    check_nesting(boxes)
    assert len({box["tid"] for box in boxes if box["name"] == "whole"}) == 2
    assert [event["args"]["name"] for event in events if event["name"] == "thread_name"].count("worker: forward") == 2


def test_sums_without_a_trace(monkeypatch):
    monkeypatch.setattr(profiling, "MOST_PENDING", 3)
    x = tg.ones(3)
    with profile(trace=False) as p:
        for _ in range(10):
            x.exp()
        assert len(p.pending) <= 4
    assert by_name(p)["exp"].calls == 10 and p.events == []
    with pytest.raises(StateError, match=r"profile: with trace=False the single calls were not kept.\n  Use profile\(trace"):
        p.chrome_trace()


@pytest.mark.parametrize("call, text", [
    (lambda p: p.table(by="module"), "profile: by='module' is unknown.\n  Use one of: op, layer, op and layer."),
    (lambda p: p.rows(sort="time"), "profile: sort='time' is unknown.\n  Use one of: total, forward, backward, calls, "
     "bytes, multiply_adds, name, order."),
    (lambda p: p.rows(by="layer", depth=0),
     "profile: depth=0 makes no sense.\n  Use an integer ≥ 1, or None for whole paths."),
    (lambda p: p.save("x", kind="csv"), "profile: kind='csv' is unknown.\n  Use one of: json, chrome, table."),
])
def test_mistakes(call, text):
    with pytest.raises(ArgumentError, match=re.escape(text)):
        call(profile())


def test_public_names():
    assert set(profiler.__all__) == {"profile", "record", "Row", "Event"} and tg.profiler is profiler


def test_a_call_that_began_before_is_not_counted():
    inner = profile()

    class Late(Function):
        @staticmethod
        def forward(ctx, x):
            inner.__enter__()
            return x.exp()

        @staticmethod
        def backward(ctx, grad):
            return grad

    with profile() as outer:
        Late.apply(tg.ones(2, requires_grad=True)).tanh()
        inner.__exit__(None, None, None)
    assert {"late", "tanh"} <= set(by_name(outer)) and "tanh" in by_name(inner) and "late" not in by_name(inner)


def test_results_of_a_function_and_rules_of_its_parent_are_counted_once():
    class Pair(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b * 3

    class Triple(Op):
        __slots__ = ()

        def forward(self, x):
            return x * 3

        def backward(self, grad):
            return grad * 3

    class Loud(Triple):
        __slots__ = ()

        def backward(self, grad):
            return super().backward(grad)

    x = tg.ones(2, requires_grad=True)
    with profile() as p:
        a, b = Pair.apply(x)
        (Loud().apply(a) + b).sum().backward()
    assert x.grad.tolist() == [9.0, 9.0]
    calls = {name: (row.calls, row.backward_calls) for name, row in by_name(p).items()}
    assert calls["pair"] == calls["loud"] == calls["add"] == (1, 1)
    assert set(calls) == {"pair", "loud", "add", "sum", "[backward walk]"}
