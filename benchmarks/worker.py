"""One engine in a process of its own: builds a step on request, times bursts of it on request.

It speaks JSON, one object a line.  In: ``{"do": "build", "step": {...}}`` or ``{"do": "time", "seconds": s}``.  Out: the
answer, or ``{"error": text}``.  Engines run in separate processes so that none shares thread pools, caches or allocators.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any, Callable

import numpy as np

Work = Callable[[], Any]

MOMENTUM, RATE = 0.9, 0.01


def tensorgrad_step(step: dict[str, Any], kernels: str | None) -> Work:
    """The step in tensorgrad, through its ordinary API."""
    import nn
    import tensorgrad

    tensorgrad.set_num_threads(threads())
    if kernels:
        tensorgrad.kernels.use(kernels)
    tensorgrad.manual_seed(0)
    model = nn.models.create(step["model"], num_classes=10, in_channels=step["channels"], image_size=step["side"])
    images, labels = batch(step)
    x, y = tensorgrad.tensor(images), tensorgrad.tensor(labels)
    optimizer = nn.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)

    def work() -> float:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return work


def torch_step(step: dict[str, Any], channels_last: bool) -> Work:
    """The step in PyTorch."""
    import torch

    from benchmarks import torch_models

    torch.set_num_threads(threads())
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = torch_models.create(step["model"], 10, step["channels"], step["side"]).to(memory_format=layout)
    images, labels = batch(step)
    x, y = torch.tensor(images).to(memory_format=layout), torch.tensor(labels)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)

    def work() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return work


def control(step: dict[str, Any]) -> Work:
    """A fixed matrix product and a memory copy: what the machine itself does in this run."""
    a = np.ones((512, 512), np.float32)
    source = np.ones(4_000_000, np.float32)
    target = np.empty_like(source)

    def work() -> None:
        a @ a
        np.copyto(target, source)

    return work


ENGINES: dict[str, Callable[[dict[str, Any]], Work]] = {
    "tensorgrad": lambda step: tensorgrad_step(step, None),
    "tensorgrad-reference": lambda step: tensorgrad_step(step, "reference"),
    "torch": lambda step: torch_step(step, False),
    "torch-channels-last": lambda step: torch_step(step, True),
    "control": control,
}


def threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))


def batch(step: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The same random images and labels for every engine."""
    rng = np.random.default_rng(0)
    shape = (step["batch"], step["channels"], step["side"], step["side"])
    return rng.standard_normal(shape, dtype=np.float32), rng.integers(0, 10, step["batch"])


def timed(work: Work, seconds: float) -> list[float]:
    """Times of single calls, in seconds, for about that long; at least three."""
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    engine = ENGINES[sys.argv[1]]
    work: Work = lambda: None  # noqa: E731
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "build":
                work = engine(request["step"])
                first = timed(work, 0)[0]
                timed(work, request["warm_up"])
                answer = {"first": first}
            else:
                answer = {"times": timed(work, request["seconds"]),
                          "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        except Exception as error:  # the parent reports it and goes on with the other engines
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
