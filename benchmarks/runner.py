"""Runs the engines side by side: a burst of each in turn, A B A B, so that a drifting machine slows all alike."""

from __future__ import annotations

import math
import os
import platform
import time
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Sequence

from tqdm import tqdm

import tensorgrad
from benchmarks.cases import SUITES, Case, Op
from benchmarks.engines import here
from benchmarks.process import Process

__all__ = ["run", "machine", "engines_for"]

# Seconds for an engine to compile a row and run it twice.
BUILD = {"torch-compile": 240.0, "jax": 120.0, "tinygrad": 120.0, "mygrad": 20.0, "autograd": 20.0}
AT_MOST = 45.0  # for any other
SLOW = 2.0  # an engine whose warm call takes more seconds is not called again


def engines_for(suite: str, wanted: Sequence[str] | None) -> list[str]:
    """The installed engines that a suite is for, of those wanted."""
    without = SUITES[suite].without if suite in SUITES else ("control", "numpy")
    return [name for name, reason in here().items()
            if not reason and not name.startswith(without or ("-",)) and (not wanted or name in wanted)]


def run(suite: str, names: Sequence[str], quick: bool = False, only: str = "", rounds: int = 0,
        seconds: float = 0) -> dict[str, Any]:
    """Time every row of a suite on every engine, `rounds` bursts of `seconds` each, interleaved.

    Returns
        a dict that JSON can hold: the machine, the engines that are missing, and per row and engine the median of each
        round (seconds) as a whole and by stage, the first call, the loss it gave, or why there is none; if Ctrl-C ended it
        early, "interrupted" and the rows until then
    """
    plan = SUITES[suite]
    rows = [case for case in (plan.quick if quick else plan.cases) if only.lower() in case.name.lower()]
    rounds, seconds = rounds or (2 if quick else plan.rounds), seconds or (0.02 if quick else plan.seconds)
    results = start(suite, quick)
    with ExitStack() as stack, bar(suite, len(rows) * len(names) * (rounds + 1)) as progress:
        workers = [stack.enter_context(Process(name)) for name in names]
        try:
            for case in rows:
                results["rows"].append(row(suite, case, workers, quick, rounds, seconds, progress))
        except KeyboardInterrupt:
            results["interrupted"] = True
            for worker in workers:
                worker.close(at_once=True)
    results["took"] = round(time.time() - results.pop("began"), 1)
    return results


def start(suite: str, quick: bool) -> dict[str, Any]:
    """Results without rows."""
    return {"suite": suite, "quick": quick, "machine": machine(), "interrupted": False, "began": time.time(),
            "missing": {name: reason for name, reason in here().items() if reason}, "rows": []}


def bar(suite: str, total: int) -> tqdm:
    return tqdm(total=total, desc=suite, unit="burst", disable=None, dynamic_ncols=True)


def row(suite: str, case: Case, workers: Sequence[Process], quick: bool, rounds: int, seconds: float,
        progress: tqdm) -> dict[str, Any]:
    """What `run` returns for one row."""
    results: dict[str, dict[str, Any]] = {}
    for worker in workers:
        progress.set_description(f"{suite}: {case.name}: build {worker.name}")
        answer = worker.ask(BUILD.get(worker.name, AT_MOST), do="build", suite=suite, name=case.name, quick=quick,
                            warm_up=seconds / 2)
        if worker.late and not worker.name.startswith("tensorgrad"):
            answer = {"skipped": f"{answer['error']}, for compiling it and two calls"}
        if "call" in answer:
            slow = answer["call"] > SLOW
            answer.update(rounds=[answer["call"]] if slow else [], stages={})
        results[worker.name] = answer
        progress.update()
    for _ in range(rounds):
        for worker in workers:
            result = results[worker.name]
            if result.get("call", math.inf) <= SLOW:
                progress.set_description(f"{suite}: {case.name}: {worker.name}")
                answer = worker.ask(again=False, do="time", seconds=seconds)
                if "stages" in answer:
                    result["rounds"].append(sum(answer["stages"].values()))
                    for stage, value in answer["stages"].items():
                        result["stages"].setdefault(stage, []).append(value)
                else:
                    results[worker.name] = answer
            progress.update()
    return {"name": case.name, "unit": "s", **about(case), "engines": results}


def about(case: Case) -> dict[str, Any]:
    """What the report has to know of a row besides its times."""
    facts = {"family": case.family, "calls": case.calls, "at": case.at}
    if isinstance(case, Op):
        return {**facts, "multiply_adds": case.multiply_adds * case.passes}
    return {**facts, **({"model": case.model} if hasattr(case, "model") else {})}


def machine() -> dict[str, Any]:
    """What the timings are taken on."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    packages = ("numpy", "numba", "torch", "jax", "mygrad", "autograd", "tinygrad")
    return {"processor": processor(), "cores": os.cpu_count(), "threads": tensorgrad.get_num_threads(),
            "load at the start": load, "python": platform.python_version(),
            **{name: installed(name) for name in packages}}


def processor() -> str:
    """Its name, as far as the system tells."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def installed(package: str) -> str | None:
    """The version of a package, None where it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
