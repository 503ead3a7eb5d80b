"""What is timed.  A suite is a list of rows, and how long to look at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from benchmarks.cases.case import Case, Input, Network, Op, Update, quick as few
from benchmarks.cases.growth import GROWTH, QUICK_GROWTH
from benchmarks.cases.networks import INFERENCE, QUICK_INFERENCE, QUICK_STEPS, STEPS
from benchmarks.cases.ops import OPS, QUICK_OPS
from benchmarks.cases.tape import QUICK_TAPE, TAPE

__all__ = ["Case", "Input", "Network", "Op", "Suite", "SUITES", "Update", "find"]


@dataclass(frozen=True)
class Suite:
    """Rows that are timed alike.

    rounds, seconds   bursts per engine and row, and the length of one
    without           engines that have nothing to say here, by the beginning of their names
    """

    cases: Sequence[Case]
    quick: Sequence[Case]
    rounds: int
    seconds: float
    without: tuple[str, ...] = ()


FLOOR = ("numpy",)  # what stands beside a tape alone

SUITES = {
    "steps": Suite(STEPS, few(QUICK_STEPS), rounds=5, seconds=0.6, without=FLOOR),
    "ops": Suite(OPS, few(QUICK_OPS), rounds=5, seconds=0.08, without=FLOOR),
    "inference": Suite(INFERENCE, few(QUICK_INFERENCE), rounds=4, seconds=0.25, without=FLOOR),
    "tape": Suite(TAPE, few(QUICK_TAPE), rounds=5, seconds=0.2, without=("tensorgrad-reference", "torch-channels")),
    "growth": Suite(GROWTH, few(QUICK_GROWTH), rounds=3, seconds=0.2,
                    without=("tensorgrad-reference", "torch-c", "mygrad", "autograd", *FLOOR)),
}


def find(suite: str, name: str, quick: bool = False) -> Case:
    """The row of that name.

    Example
        >>> find("steps", "LeNet-5, batch 1").model
        'lenet5'
    """
    rows = SUITES[suite].quick if quick else SUITES[suite].cases
    return next(case for case in rows if case.name == name)
