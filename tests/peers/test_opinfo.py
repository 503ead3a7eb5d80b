"""Every sample and every error input of PyTorch's operator database for the operators that tensorgrad has."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.opinfo, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch.testing needs it")

from tests.peers.opinfo.modules import MODULES, run_module  # noqa: E402
from tests.peers.opinfo.running import NAMES, run, run_errors  # noqa: E402
from tests.peers.opinfo.tally import Line  # noqa: E402


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
