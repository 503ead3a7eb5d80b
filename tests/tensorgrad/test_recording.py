"""Grad modes and scopes: as context managers, decorators, in generators, in threads."""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator

import pytest

import tensorgrad
from tensorgrad import Tensor, enable_grad, inference_mode, is_grad_enabled, no_grad, scope, set_grad_enabled
from tensorgrad.recording import current_scope


def test_no_grad_gives_constants() -> None:
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        y = x * 2
        assert not y.requires_grad and y.is_leaf and not is_grad_enabled()
    assert is_grad_enabled() and (x * 2).requires_grad


def test_inference_mode() -> None:
    x = Tensor([1.0], requires_grad=True)
    with inference_mode():
        assert not is_grad_enabled() and not (x * 2).requires_grad
        with inference_mode(False):
            assert is_grad_enabled() and (x * 2).requires_grad
        with inference_mode(mode=False):
            assert is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled() and not inference_mode(True)(is_grad_enabled)() and inference_mode(False)(is_grad_enabled)()

    @inference_mode
    def directly() -> bool:
        return is_grad_enabled()

    assert not directly() and is_grad_enabled()


def test_nesting_and_reuse() -> None:
    mode = no_grad()
    with mode:
        with enable_grad():
            assert is_grad_enabled()
            with mode:
                assert not is_grad_enabled()
            assert is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_an_exception_restores_the_mode() -> None:
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0
    assert is_grad_enabled()

    @no_grad()
    def fails() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        fails()
    assert is_grad_enabled()


def test_set_grad_enabled_as_a_call_a_block_and_a_decorator() -> None:
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)
    for mode in (False, True):
        with set_grad_enabled(mode):
            assert is_grad_enabled() is mode
    assert is_grad_enabled()

    @set_grad_enabled(False)
    def evaluate() -> bool:
        return is_grad_enabled()

    assert is_grad_enabled() and evaluate() is False


@pytest.mark.parametrize("decorator", [no_grad, no_grad(), tensorgrad.inference_mode()],
                         ids=["bare", "called", "inference_mode"])
def test_decorated_functions(decorator: Callable[..., Any]) -> None:
    @decorator
    def evaluate(a: int, *, b: int = 2) -> tuple[int, int, bool]:
        """doc"""
        return a, b, is_grad_enabled()

    assert evaluate(1, b=3) == (1, 3, False)
    assert evaluate.__name__ == "evaluate" and evaluate.__doc__ == "doc"


def test_decorated_methods() -> None:
    class Model:
        @no_grad()
        def evaluate(self) -> bool:
            return is_grad_enabled()

        @enable_grad()
        def adapt(self) -> bool:
            return is_grad_enabled()

    assert Model().evaluate() is False
    with no_grad():
        assert Model().adapt() is True


def test_decorated_generators_switch_only_while_they_run() -> None:
    @no_grad()
    def batches(n: int) -> Iterator[Any]:
        closed = "not closed"
        try:
            for i in range(n):
                sent = yield i, is_grad_enabled()
                if sent is not None:
                    yield "sent", sent, is_grad_enabled()
        except ValueError:
            yield "caught", is_grad_enabled()
        finally:
            closed = "closed"
            log.append((closed, is_grad_enabled()))
        return "done"

    log: list[Any] = []
    seen = []
    for item in batches(2):
        seen.append((item, is_grad_enabled()))
    assert seen == [((0, False), True), ((1, False), True)]

    generator = batches(3)
    next(generator)
    assert generator.send("hello") == ("sent", "hello", False) and is_grad_enabled()
    assert generator.throw(ValueError()) == ("caught", False) and is_grad_enabled()
    generator.close()
    assert is_grad_enabled() and log[-1] == ("closed", False)

    def delegating() -> Iterator[Any]:
        result = yield from batches(1)
        log.append(result)

    list(delegating())
    assert log[-1] == "done"


def test_threads_have_modes_and_scopes_of_their_own() -> None:
    seen: list[Any] = []
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(10)
        seen.append((is_grad_enabled(), current_scope()))
        with no_grad(), scope("worker"):
            done.set()
            release.wait(10)

    release = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    with no_grad(), scope("main"):
        go.set()
        done.wait(10)
        assert current_scope() == "main"
    assert is_grad_enabled() and current_scope() == ""
    release.set()
    thread.join(10)
    assert seen == [(True, "")]


def test_scopes_are_dotted_and_land_on_ops() -> None:
    x = Tensor([1.0], requires_grad=True)
    with scope("features"):
        with scope("conv1"):
            y = x * 2
        z = x * 2
    assert y.creator.scope == "features.conv1" and y.creator.where == "features.conv1/mul"
    assert z.creator.scope == "features" and (x * 2).creator.where == "mul"
    with pytest.raises(ZeroDivisionError), scope("a"):
        1 / 0
    assert current_scope() == ""


def test_exports() -> None:
    assert tensorgrad.no_grad is no_grad and tensorgrad.scope is scope


def test_a_mode_made_beforehand_holds_inside_its_block() -> None:
    mode = set_grad_enabled(False)
    set_grad_enabled(True)
    with mode:
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_the_mode_holds_while_a_generator_is_closed() -> None:
    seen = []

    @no_grad()
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append(is_grad_enabled())

    generator = numbers()
    assert next(generator) == 1 and is_grad_enabled()
    generator.close()
    assert seen == [False] and is_grad_enabled()
