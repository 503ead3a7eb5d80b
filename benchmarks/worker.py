"""One engine in a process of its own: prepares a row on request, times bursts of it on request.

It speaks JSON, one object a line.  In: ``{"do": "build", "suite": s, "name": s, "quick": b, "warm_up": s}``, then
``{"do": "time", "seconds": s}``, or ``{"do": "memory", "steps": n}``.  Out: the answer, ``{"skipped": reason}`` or
``{"error": text}``.  Engines run in separate processes so that none shares thread pools, caches or allocators.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import time
import warnings
from typing import Any

from benchmarks import cases, engines
from benchmarks.engines.stages import Stages

__all__ = ["Worker", "burst", "memory"]

THREADS = int(os.environ.get("OMP_NUM_THREADS", 1))


class Worker:
    """An engine, and the row it is at."""

    def __init__(self, engine: str):
        self.name = engine
        self.engine: Any = None
        self.stages: Stages = {}

    def build(self, suite: str, name: str, quick: bool, warm_up: float) -> dict[str, Any]:
        """Prepare a row; how long its first call took, which loss it gave, and how long a warm one takes."""
        self.stages = {}
        gc.collect()  # what the row before held
        case = cases.find(suite, name, quick)
        for start, reason in case.skips.items():
            if self.name.startswith(start):
                return {"skipped": reason}
        if self.engine is None:
            self.engine = engines.create(self.name, THREADS)
        self.engine.set_threads(case.threads or THREADS)
        prepare = getattr(self.engine, {cases.Op: "op", cases.Network: "network", cases.Update: "update"}[type(case)])
        start = time.perf_counter()
        self.stages = prepare(case)
        for stage in self.stages.values():
            loss = stage()
        first = time.perf_counter() - start
        call = sum(burst(self.stages, warm_up).values())
        settle()
        return {"first": first, "loss": loss if isinstance(loss, float) else None, "call": call}

    def time(self, seconds: float) -> dict[str, Any]:
        """The median time of each stage; the answer waits until this process has gone quiet."""
        stages = burst(self.stages, seconds)
        settle()
        return {"stages": stages}

    def memory(self, steps: int) -> dict[str, Any]:
        """Megabytes now and at the peak of the next `steps` calls."""
        now = memory("VmRSS")
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak starts anew
        for _ in range(steps):
            for stage in self.stages.values():
                stage()
        return {"now": now, "peak": memory("VmHWM")}


def burst(stages: Stages, seconds: float) -> dict[str, float]:
    """Median time of each stage, in seconds, over calls for about that long; at least one."""
    times: list[list[float]] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        marks = [time.perf_counter()]
        for stage in stages.values():
            stage()
            marks.append(time.perf_counter())
        times.append([b - a for a, b in zip(marks, marks[1:])])
    return {name: statistics.median(column) for name, column in zip(stages, zip(*times))}


def settle() -> None:
    """Wait, at most half a second, until no thread of this process computes.

    Those of OpenBLAS look out for work for a tenth of a second after a product, on a processor that the next engine needs.
    """
    for _ in range(100):
        before = time.process_time()
        time.sleep(0.005)
        if time.process_time() - before < 0.0005:
            break


def memory(field: str) -> float:
    """Megabytes of this process: "VmRSS" now, "VmHWM" at the peak."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))


def main() -> None:
    # What libraries print goes to stderr, so that answers have stdout to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except NotImplementedError as reason:
            answer = {"skipped": str(reason)}
        except Exception as error:  # the parent reports it and goes on with the other engines
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            print(json.dumps(answer), file=answers, flush=True)
        except BrokenPipeError:  # nobody waits for it any more
            os._exit(1)


if __name__ == "__main__":
    main()
