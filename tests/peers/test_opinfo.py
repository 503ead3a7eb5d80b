"""Every sample and every error input of PyTorch's operator database for the operators that tensorgrad has."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = [pytest.mark.opinfo, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch.testing needs it")

from tests.peers.opinfo.__main__ import page  # noqa: E402
from tests.peers.opinfo.modules import MODULES, run_module  # noqa: E402
from tests.peers.opinfo.running import NAMES, run, run_errors  # noqa: E402
from tests.peers.opinfo.tally import Line, tally  # noqa: E402


def verdict(line: Line) -> None:
    shown = "\n".join(line.failures[:12])
    assert not line.failures, f"{len(line.failures)} of {line.samples} samples failed\n{shown}"


@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str) -> None:
    verdict(run(name))


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    verdict(run_module(name))


@pytest.mark.parametrize("name", NAMES)
def test_errors(name: str) -> None:
    verdict(run_errors(name))


def test_the_page_of_the_docs_says_what_came_out() -> None:
    if len(tally) < 2 * len(NAMES) + len(MODULES):
        pytest.skip("only some of the operators were run")
    committed = (Path(__file__).parents[2] / "docs" / "opinfo.md").read_text()
    assert committed == page(), "make it again: python -m tests.peers.opinfo docs/opinfo.md"
