"""A worker process, asked questions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import tensorgrad

__all__ = ["Process"]

ROOT = Path(__file__).parents[1]

# Settings that force an older BLAS kernel would time that kernel instead of the one users get, and without bytecode on
# disk, which comes with an installed package, the import of packages in this folder would time Python's compiler.
FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


def environment() -> dict[str, str]:
    """That of this process, without what would measure something else."""
    return {key: value for key, value in os.environ.items() if key not in FORCED}


class Process:
    """An engine's process, in a ``with`` block that ends it.  It starts with the first question, and again after it died.

    Ctrl-C reaches this process only, which then stops the worker.  A worker whose parent is gone ends after its burst.
    """

    def __init__(self, name: str):
        self.name = name
        self.process: subprocess.Popen[str] | None = None
        self.late = False

    def ask(self, limit: float = 60, again: bool = True, **request: Any) -> dict[str, Any]:
        """The worker's answer, or ``{"error": text}`` if it failed, died or took longer than `limit` seconds.

        again   True: a worker that has ended starts anew, without the row that it was at
        """
        process = self.start() if again or self.process is None else self.process
        assert process.stdin and process.stdout
        self.late = False
        timer = threading.Timer(limit, self.give_up, [process])
        timer.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line:
            return json.loads(line)
        code = process.wait()
        return {"error": f"no answer within {limit:g} s" if self.late else f"the process ended with code {code}"}

    def start(self) -> subprocess.Popen[str]:
        if self.process is None or self.process.poll() is not None:
            self.close()
            env = environment()
            env["OMP_NUM_THREADS"] = str(tensorgrad.get_num_threads())
            command = [sys.executable, "-m", "benchmarks.worker", self.name]
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, text=True, start_new_session=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self.process

    def give_up(self, process: subprocess.Popen[str]) -> None:
        self.late = True
        process.kill()

    def close(self, at_once: bool = False) -> None:
        """End it: an idle worker ends by itself when there are no more questions."""
        process, self.process = self.process, None
        if process is None:
            return
        if at_once:
            process.kill()
        try:
            process.communicate(timeout=20)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            process.kill()
            process.communicate()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        self.close(at_once=kind is not None)
