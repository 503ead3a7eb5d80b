"""Every sample and every error input of PyTorch's operator database for the operators that tensorgrad has."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = [pytest.mark.opinfo, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch.testing needs it")

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402
from torch.testing._internal.common_modules import module_db  # noqa: E402

import nn  # noqa: E402
import tensorgrad  # noqa: E402
from tests.peers.opinfo.__main__ import page  # noqa: E402
from tests.peers.opinfo.modules import MODULES, run_module, run_module_errors  # noqa: E402
from tests.peers.opinfo.running import NAMES, run, run_errors  # noqa: E402
from tests.peers.opinfo.tally import Line, tally  # noqa: E402
from tests.peers.opinfo.vocabulary import ACCEPTED, MODULES_OUTSIDE, REFUSED, UNDEFINED, outside  # noqa: E402


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


@pytest.mark.parametrize("name", MODULES)
def test_errors_of_modules(name: str) -> None:
    verdict(run_module_errors(name))


def test_nothing_that_tensorgrad_has_is_left_out() -> None:
    """An operator counts as absent only if there is neither a function nor a method of its name."""
    left_out = {op.name for op in op_db if outside(op.name)}
    assert not sorted(name for name in left_out if has(name))
    modules = {info.module_cls.__name__ for info in module_db if outside(info.module_cls.__name__, MODULES_OUTSIDE)}
    assert not sorted(name for name in modules if hasattr(nn, name))
    assert has("conv2d") and has("nn.functional.conv2d") and has("linalg.inv") and has("zero_") and not has("linalg.lu")


def has(name: str) -> bool:
    """Whether tensorgrad has a function or method of that name."""
    path, _, last = name.rpartition(".")
    home = {"": tensorgrad, "nn.functional": nn.functional, "linalg": tensorgrad.linalg,
            "special": tensorgrad.special}.get(path)
    return home is not None and (hasattr(home, last) or not path and hasattr(tensorgrad.Tensor, last))


def everything_ran() -> None:
    if len(tally) < 2 * (len(NAMES) + len(MODULES)):
        pytest.skip("only some of the operators were run")


def test_every_exception_is_needed() -> None:
    """A reason for a refusal that no sample gives any more would let the next failure pass for a refusal."""
    everything_ran()
    given = {reason for line in tally.values() for reason in line.refused}
    assert {entry.why for entry in [*REFUSED, *ACCEPTED]} | set(UNDEFINED.values()) <= given


def test_the_page_of_the_docs_says_what_came_out() -> None:
    everything_ran()
    committed = (Path(__file__).parents[2] / "docs" / "opinfo.md").read_text()
    assert committed == page(), "make it again: python -m tests.peers.opinfo docs/opinfo.md"
