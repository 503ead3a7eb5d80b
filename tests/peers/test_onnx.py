"""ONNX's node tests of the operators that tensorgrad has functions for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.onnx, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("onnx")

from tensorgrad.errors import TensorgradError  # noqa: E402
from tests.peers.onnx.__main__ import page  # noqa: E402
from tests.peers.onnx.missing import LACKING, OUTSIDE, lacking, outside  # noqa: E402
from tests.peers.onnx.nodes import TESTS, Difference, operators_of, run  # noqa: E402
from tests.peers.onnx.operators import OPERATORS  # noqa: E402
from tests.peers.onnx.operators.arguments import Missing  # noqa: E402

INSIDE = {name: test for name, test in TESTS.items() if not outside(test)}


@pytest.mark.parametrize("test", [test for test in INSIDE.values() if not lacking(test)], ids=lambda test: test.name)
def test_nodes(test: Any) -> None:
    run(test)


@pytest.mark.parametrize("test", [test for test in INSIDE.values() if lacking(test)], ids=lambda test: test.name)
def test_what_is_listed_as_lacking_does_not_pass(test: Any) -> None:
    with pytest.raises((Difference, Missing, TensorgradError)):
        run(test)


def test_every_operator_of_onnx_has_a_function_or_a_reason() -> None:
    reasons = [name for names in OUTSIDE.values() for name in names.split()]
    assert sorted(reasons) == sorted(set(reasons)) and not OPERATORS.keys() & set(reasons)
    assert set().union(*map(operators_of, TESTS.values())) == OPERATORS.keys() | set(reasons)


def test_every_reason_is_needed() -> None:
    assert {lacking(test) for test in INSIDE.values()} >= LACKING.keys()


def test_the_page_of_the_docs_says_what_comes_out() -> None:
    made, _ = page()
    committed = (Path(__file__).parents[2] / "docs" / "onnx.md").read_text()
    assert committed == made, "make it again: python -m tests.peers.onnx docs/onnx.md"
