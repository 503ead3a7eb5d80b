"""Measures what the tests execute of tensorgrad and nn, and fails below 97 % of the branches.

    python -m tests.coverage                 the default tests, then the compiled kernels in the interpreter
    python -m tests.coverage --json FILE     and writes which lines and branches are missing

The numbers of the interpreter have other widths than those of compiled code, so that tests of the last digits are left out
of the second run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAIL_UNDER = 97
DEFAULT = ["-p", "no:cacheprovider"]
KERNELS = ["channels", "classes", "entrywise", "extremes", "reductions", "parity", "normalization", "steps", "dense",
           "formulas", "pieces", "planar", "explain"]
EXACT = ["float64", "threads", "run_to_run", "cancel", "empty"]
INTERPRETED = [*DEFAULT, "-p", "tests.interpreted",
               "-k", f"(compiled or planar or explain) and not ({' or '.join(EXACT)})",
               *(f"tests/tensorgrad/kernels/test_{name}.py" for name in KERNELS)]


def coverage(folder: Path, *arguments: str | Path) -> int:
    """Run ``coverage arguments``, its data in `folder`, where older ones do not mix with them."""
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=ROOT,
                          env={**os.environ, "COVERAGE_FILE": str(folder / "data")}).returncode


def main() -> int:
    """Run both, add them up, report; 1 if tests fail or too few branches are covered."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write coverage's report there")
    options = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for tests in (DEFAULT, INTERPRETED):
            if coverage(folder, "run", "-m", "pytest", "-q", *tests):
                print("the tests fail, and what they cover is not measured")
                return 1
        coverage(folder, "combine", "-q")
        coverage(folder, "report", "-m")
        report = (options.json or folder / "report.json").resolve()
        coverage(folder, "json", "-q", "-o", report)
        totals = json.loads(report.read_text())["totals"]
    covered, branches = totals["covered_branches"], totals["num_branches"]
    print(f"{covered} of {branches} branches, {covered / branches:.2%}, in {time.monotonic() - start:.0f} s; "
          f"at least {FAIL_UNDER} % are asked for")
    return 0 if 100 * covered >= FAIL_UNDER * branches else 1


if __name__ == "__main__":
    sys.exit(main())
