"""Runs the engines side by side: a burst of each in turn, A B A B, so that a drifting machine slows all alike."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Sequence

from tqdm import tqdm

import tensorgrad
from benchmarks.cases import Step

ROOT = Path(__file__).parents[1]

# Settings that force an older BLAS kernel would time that kernel instead of the one users get.
FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Engine:
    """A worker process, in a ``with`` block that ends it.

    Ctrl-C reaches this process only, which then stops the worker.  A worker whose parent is gone ends after its burst.
    """

    def __init__(self, name: str):
        self.name = name
        env = {key: value for key, value in os.environ.items() if key not in FORCED}
        env["OMP_NUM_THREADS"] = str(tensorgrad.get_num_threads())
        self.process = subprocess.Popen([sys.executable, "-m", "benchmarks.worker", name], cwd=ROOT, env=env, text=True,
                                        start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request: Any) -> dict[str, Any]:
        """The worker's answer, or ``{"error": text}`` if it failed or died."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": f"the process ended with code {self.process.wait()}"}

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is not None:
            self.process.kill()
        try:
            self.process.communicate(timeout=20)  # no more requests: the worker ends
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def engines_here() -> list[str]:
    """The engines whose packages are installed.

    Example
        >>> "tensorgrad" in engines_here()
        True
    """
    have = ["tensorgrad"]
    if "compiled" in tensorgrad.kernels.available():
        have += ["tensorgrad-reference"]
    if importlib.util.find_spec("torch"):
        have += ["torch", "torch-channels-last"]
    return [*have, "control"]


def run(steps: Sequence[Step], engines: Sequence[str], rounds: int, seconds: float) -> dict[str, Any]:
    """Time every step on every engine, `rounds` bursts of `seconds` each, interleaved.

    Returns
        a dict that JSON can hold: the machine, and per step and engine the median of each round (seconds), the first call,
        the loss it gave, the peak memory, or the error; if Ctrl-C ended it early, "interrupted" and the steps until then
    """
    results: dict[str, Any] = {"machine": machine(), "rows": [], "interrupted": False}
    with tqdm(total=len(steps) * len(engines) * (rounds + 1), unit="burst", disable=None) as bar:
        try:
            for step in steps:
                results["rows"].append(row(step, engines, rounds, seconds, bar))
        except KeyboardInterrupt:
            results["interrupted"] = True
    return results


def row(step: Step, engines: Sequence[str], rounds: int, seconds: float, bar: tqdm) -> dict[str, Any]:
    """What `run` returns for one step."""
    answers: dict[str, Any] = {}
    with ExitStack() as stack:
        workers = [stack.enter_context(Engine(name)) for name in engines]
        for worker in workers:
            bar.set_description(f"{step.name}: build {worker.name}")
            answers[worker.name] = {"rounds": [], **worker.ask(do="build", step=asdict(step), warm_up=seconds / 2)}
            bar.update()
        for _ in range(rounds):
            for worker in workers:
                bar.set_description(f"{step.name}: {worker.name}")
                result = answers[worker.name]
                if "error" not in result:
                    answer = worker.ask(do="time", seconds=seconds)
                    if "times" in answer:
                        result["rounds"].append(statistics.median(answer.pop("times")))
                    result.update(answer)
                bar.update()
    return {"step": asdict(step), "engines": answers}


def machine() -> dict[str, Any]:
    """What the timings are taken on."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {"processor": processor(), "cores": os.cpu_count(), "threads": tensorgrad.get_num_threads(),
            "load at the start": load, "python": platform.python_version(),
            **{name: installed(name) for name in ("numpy", "numba", "torch")}}


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
