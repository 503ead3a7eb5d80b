"""The command line as a user runs it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).parents[3]


def environment(**changes: str) -> dict[str, str]:
    """That of this process, with the packages under test found first."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **changes}


def tensorgrad(*arguments: Any, cwd: Any, code: int | None = 0, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``tensorgrad arguments`` in folder `cwd`, after the statements in `prelude`; its exit code has to be `code`."""
    call = ["-m", "nn.commands"]
    if prelude:
        call = ["-c", f"{prelude}\nimport sys\nfrom nn.commands import main\nsys.exit(main())"]
    done = subprocess.run([sys.executable, *call, *map(str, arguments)], cwd=cwd, env=environment(), capture_output=True,
                          text=True, encoding="utf-8", timeout=300)
    assert code is None or done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@contextmanager
def started(*arguments: Any, cwd: Any, seconds: float = 200, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """``tensorgrad arguments``, running; it is killed at the end of the block, or when it has taken `seconds`."""
    call = [sys.executable, "-m", "nn.commands", *map(str, arguments)]
    process = subprocess.Popen(call, cwd=cwd, env=environment(PYTHONUNBUFFERED="1"), text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, **options)
    limit = threading.Timer(seconds, process.kill)  # ends a read of its output, too
    limit.start()
    try:
        yield process
    finally:
        limit.cancel()
        process.kill()
        process.communicate()
