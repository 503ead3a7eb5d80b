"""What a library weighs: time to import it, time to the first step, disk, memory of training steps."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Sequence

from benchmarks.cases import SUITES
from benchmarks.process import ROOT, Process, environment
from benchmarks.runner import AT_MOST, BUILD, bar, start

__all__ = ["measure", "disk"]

# Engine: (what a user imports, the distribution)
PACKAGES = {"tensorgrad": ("import tensorgrad, nn", "tensorgrad"), "torch": ("import torch", "torch"),
            "jax": ("import jax, jax.numpy", "jax"), "mygrad": ("import mygrad", "mygrad"),
            "autograd": ("import autograd, autograd.numpy", "autograd"), "tinygrad": ("import tinygrad", "tinygrad")}

# Whose memory is measured in which networks: compiling leaves hundreds of megabytes behind, and the others take minutes.
WEIGHED = ("tensorgrad", "tensorgrad-reference", "torch", "torch-channels-last", "jax")
NETWORKS = ("mnist_cnn", "vgg", "resnet20", "mobilenet", "unet", "alexnet")

STEPS = 5  # training steps whose peak is taken


def measure(suite: str, names: Sequence[str], quick: bool = False, only: str = "", rounds: int = 0,
            seconds: float = 0) -> dict[str, Any]:
    """The rows of the suite "memory", as `benchmarks.runner.run` has them; their unit is "s" or "MB"."""
    results = start(suite, quick)
    rounds = rounds or (1 if quick else 5)
    steps = SUITES["steps"].quick[2:3] if quick else [case for case in SUITES["steps"].cases if case.model in NETWORKS]
    packages = [name for name in names if name in PACKAGES]
    eager = [name for name in names if name in WEIGHED]
    rows: list[tuple[str, str, Sequence[str], int, Callable[[str], dict[str, Any]]]] = [
        ("import", "s", packages, rounds, import_time),
        ("process start to the end of the first training step, LeNet-5, batch 1", "s", names, min(rounds, 2),
         lambda name: first_step(name, quick)),
        ("on disk", "MB", packages, 1, lambda name: {"value": disk(PACKAGES[name][1])}),
        ("on disk, with all it requires", "MB", packages, 1, lambda name: {"value": disk(PACKAGES[name][1], [""])}),
        ("on disk, with all it requires, compiled kernels included", "MB", packages, 1,
         lambda name: {"value": disk(PACKAGES[name][1], ["", *["fast"] * (name == "tensorgrad")])})]
    rows += [(f"memory of a training step: {case.name}", "MB", eager, 1,
              lambda name, case=case: peak(name, case.name, quick)) for case in steps]  # type: ignore[misc]
    rows = [row for row in rows if only.lower() in row[0].lower()]
    with bar(suite, sum(len(engines) * count for _, _, engines, count, _ in rows)) as progress:
        try:
            for title, unit, engines, count, function in rows:
                found: dict[str, dict[str, Any]] = {name: {"rounds": []} for name in engines}
                for _ in range(count):
                    for name in engines:
                        progress.set_description(f"{suite}: {title}: {name}")
                        answer = function(name)
                        if "value" in answer and "rounds" in found[name]:
                            found[name]["rounds"].append(answer.pop("value"))
                            found[name].update(answer)
                        else:
                            found[name] = answer
                        progress.update()
                results["rows"].append({"name": title, "unit": unit, "family": title.split(":")[0], "calls": 1, "at": None,
                                        "engines": found})
        except KeyboardInterrupt:
            results["interrupted"] = True
    results["took"] = round(time.time() - results.pop("began"), 1)
    return results


def import_time(name: str) -> dict[str, Any]:
    """Seconds that the import statement takes in a new interpreter."""
    code = f"import time; t = time.perf_counter(); {PACKAGES[name][0]}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env=environment(), capture_output=True,
                          text=True)
    return {"value": float(done.stdout.split()[-1])} if not done.returncode else {"error": done.stderr.strip()[-200:]}


def first_step(name: str, quick: bool) -> dict[str, Any]:
    """Seconds from the start of a process to its first answer."""
    first = SUITES["steps"].quick[0] if quick else SUITES["steps"].cases[0]
    began = time.perf_counter()
    with Process(name) as worker:
        answer = worker.ask(BUILD.get(name, AT_MOST), do="build", suite="steps", name=first.name, quick=quick, warm_up=0)
    return {"value": time.perf_counter() - began} if "call" in answer else answer


def peak(name: str, case: str, quick: bool) -> dict[str, Any]:
    """Megabytes at the peak of a few steps, above what the process held after a step of the smallest network.

    That step loads what the library needs for any training; the network itself, its optimizer, what compiling it leaves
    behind and the buffers of its steps are counted.
    """
    if not Path("/proc/self/clear_refs").exists():
        return {"skipped": "the peak of a step is read from /proc, which this system has not"}
    first = SUITES["steps"].quick[0] if quick else SUITES["steps"].cases[0]
    limit = BUILD.get(name, AT_MOST)
    with Process(name) as worker:
        answer = worker.ask(limit, do="build", suite="steps", name=first.name, quick=quick, warm_up=0)
        if "call" not in answer:
            return answer
        before = worker.ask(do="memory", steps=0)["now"]
        answer = worker.ask(limit, do="build", suite="steps", name=case, quick=quick, warm_up=0)
        if "call" not in answer:
            return answer
        answer = worker.ask(limit * 2, do="memory", steps=1 if answer["call"] > 1 else STEPS)
    if "peak" not in answer:
        return answer
    return {"value": answer["peak"] - before, "process": answer["peak"]}


def disk(distribution: str, extras: Sequence[str] = ()) -> float:
    """Megabytes of the installed files of a distribution, without bytecode.

    Arguments
        extras   what it requires for these is counted, too; "" stands for what it requires in any case

    Example
        >>> 5 < disk("numpy") <= disk("numpy", [""])
        True
    """
    names, sizes = {canonical(distribution)}, 0
    waiting = [distribution]
    while waiting:
        try:
            found = importlib.metadata.distribution(waiting.pop())
        except importlib.metadata.PackageNotFoundError:  # required on other systems only
            continue
        sizes += files(found)
        for line in found.requires or ():
            name = canonical(re.split(r"[^A-Za-z0-9._-]", line)[0])
            extra = re.search(r"extra == ['\"](.*?)['\"]", line)
            wanted = extras if canonical(found.metadata["Name"]) == canonical(distribution) else extras[:1]
            if (extra[1] if extra else "") in wanted and name not in names:
                names.add(name)
                waiting.append(name)
    return sizes / 2**20


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def files(distribution: importlib.metadata.Distribution) -> int:
    """Bytes of its files; of the packages in this folder where it is installed from here."""
    if distribution.metadata["Name"] == "tensorgrad":
        paths = [path for package in ("tensorgrad", "nn") for path in (ROOT / package).rglob("*")]
    else:
        paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    return sum(os.path.getsize(path) for path in paths if path.is_file() and "__pycache__" not in path.parts)
