"""Runs the engines side by side: a burst of each in turn, A B A B, so that a drifting machine slows all alike."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import asdict
from typing import Any, Sequence

from tqdm import tqdm

from benchmarks.cases import Step


class Engine:
    """A worker process."""

    def __init__(self, name: str):
        self.name = name
        # Settings that force an older BLAS kernel would time that kernel instead of the one users get.
        forced = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
        env = {key: value for key, value in os.environ.items() if key not in forced}
        self.process = subprocess.Popen([sys.executable, "-m", "benchmarks.worker", name], env=env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"the worker ended with code {self.process.wait()}"}

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def engines_here() -> list[str]:
    """The engines whose packages are installed."""
    have = ["tensorgrad", "tensorgrad-reference"]
    if importlib.util.find_spec("torch"):
        have += ["torch", "torch-channels-last"]
    return [*have, "control"]


def run(steps: Sequence[Step], engines: Sequence[str], rounds: int, seconds: float) -> dict[str, Any]:
    """Time every step on every engine, `rounds` bursts of `seconds` each, interleaved.

    Returns
        a dict that JSON can hold: the machine, and per step and engine the median of each round (seconds), the first call,
        the peak memory, or the error
    """
    rows = []
    with tqdm(total=len(steps) * len(engines) * (rounds + 1), unit="burst", disable=None) as bar:
        for step in steps:
            workers = [Engine(name) for name in engines]
            row: dict[str, Any] = {"step": asdict(step), "engines": {}}
            for worker in workers:
                bar.set_description(f"{step.name}: build {worker.name}")
                answer = worker.ask(do="build", step=asdict(step), warm_up=seconds / 2)
                row["engines"][worker.name] = {**answer, "rounds": []}
                bar.update()
            for _ in range(rounds):
                for worker in workers:
                    result = row["engines"][worker.name]
                    bar.set_description(f"{step.name}: {worker.name}")
                    if "error" not in result:
                        answer = worker.ask(do="time", seconds=seconds)
                        if "error" in answer:
                            result["error"] = answer["error"]
                        else:
                            result["rounds"].append(statistics.median(answer["times"]))
                            result["peak_mb"] = answer["peak_mb"]
                    bar.update()
            for worker in workers:
                worker.close()
            rows.append(row)
    return {"machine": machine(), "rows": rows}


def machine() -> dict[str, Any]:
    """What the timings were taken on."""
    versions = {name: module_version(name) for name in ("numpy", "numba", "torch")}
    return {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version(), **versions}


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def module_version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
