"""One engine in a process of its own: builds a step on request, times bursts of it on request.

It speaks JSON, one object a line.  In: ``{"do": "build", "step": {...}, "warm_up": s}`` or ``{"do": "time", "seconds": s}``.
Out: the answer, or ``{"error": text}``.  Engines run in separate processes so that none shares thread pools, caches or
allocators.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
from typing import Any, Callable

import numpy as np

Work = Callable[[], Any]

MOMENTUM, RATE = 0.9, 0.01
THREADS = int(os.environ.get("OMP_NUM_THREADS", 1))
BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024


def tensorgrad_step(step: dict[str, Any], kernels: str | None) -> Work:
    """The step in tensorgrad, through its ordinary API."""
    import nn
    import tensorgrad

    tensorgrad.set_num_threads(THREADS)
    if kernels:
        tensorgrad.kernels.use(kernels)
    model = nn.models.create(step["model"], num_classes=10, in_channels=step["channels"], image_size=step["side"])
    model.load_state_dict(weights(model.named_parameters()), strict=False)
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

    torch.set_num_threads(THREADS)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = torch_models.create(step["model"], 10, step["channels"], step["side"])
    model.load_state_dict({name: torch.tensor(a) for name, a in weights(model.named_parameters()).items()}, strict=False)
    model = model.to(memory_format=layout)
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


def weights(parameters: Any) -> dict[str, np.ndarray]:
    """The same initial values for every engine: their losses can be compared, and as many ReLUs are dead in each."""
    rng = np.random.default_rng(1)
    values = {}
    for name, parameter in parameters:
        shape = tuple(parameter.shape)
        if len(shape) > 1:
            values[name] = rng.standard_normal(shape, dtype=np.float32) * math.sqrt(2 / math.prod(shape[1:]))
        else:
            values[name] = np.full(shape, name.endswith("weight"), np.float32)
    return values


def batch(step: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The same random images and labels for every engine."""
    rng = np.random.default_rng(0)
    shape = (step["batch"], step["channels"], step["side"], step["side"])
    return rng.standard_normal(shape, dtype=np.float32), rng.integers(0, 10, step["batch"])


def timed(work: Work, seconds: float) -> list[float]:
    """Times of single calls, in seconds, for about that long; at least three."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def build(engine: str, step: dict[str, Any], warm_up: float) -> tuple[Work, dict[str, Any]]:
    """The step of an engine, warm, and how long its first call took and which loss it gave."""
    work = ENGINES[engine](step)
    start = time.perf_counter()
    loss = work()
    first = time.perf_counter() - start
    timed(work, warm_up)
    return work, {"first": first, "loss": loss}


def main() -> None:
    # What libraries print goes to stderr, so that answers have stdout to themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    work: Work = control({})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "build":
                work, answer = build(sys.argv[1], request["step"], request["warm_up"])
            else:
                answer = {"times": timed(work, request["seconds"]),
                          "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_MAXRSS / 2**20}
        except Exception as error:  # the parent reports it and goes on with the other engines
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            print(json.dumps(answer), file=answers, flush=True)
        except BrokenPipeError:  # nobody waits for it any more
            os._exit(1)


if __name__ == "__main__":
    main()
