"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.cases import QUICK, STEPS
from benchmarks.report import table
from benchmarks.runner import engines_here, run

EXAMPLES = """examples:
  python -m benchmarks                          every step against every installed peer, about ten minutes
  python -m benchmarks --only lenet5 --rounds 3
  python -m benchmarks --quick                  tiny batches: does it run at all
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Times training steps against PyTorch, interleaved in one run.")
    parser.add_argument("--quick", action="store_true", help="small batches and short bursts")
    parser.add_argument("--only", metavar="MODEL", help="steps of this model alone")
    parser.add_argument("--engines", nargs="+", metavar="NAME", help="default: all that are installed")
    parser.add_argument("--rounds", type=int, help="bursts per engine and step (default 7; quick: 2)")
    parser.add_argument("--seconds", type=float, help="length of a burst (default 1.5; quick: 0.1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there too")
    options = parser.parse_args()
    steps = [step for step in (QUICK if options.quick else STEPS) if options.only in (None, step.model)]
    if not steps:
        parser.error(f"no step has the model {options.only!r}; there are {sorted({s.model for s in STEPS})}")
    known = engines_here()
    unknown = sorted(set(options.engines or ()) - set(known))
    if unknown:
        parser.error(f"not installed or unknown: {', '.join(unknown)}; there are {', '.join(known)} "
                     "(the peers come with pip install '.[peers]')")
    rounds = options.rounds or (2 if options.quick else 7)
    seconds = options.seconds or (0.1 if options.quick else 1.5)
    results = run(steps, options.engines or known, rounds, seconds)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    if any("error" in result for row in results["rows"] for result in row["engines"].values()):
        raise SystemExit("benchmarks: an engine failed; see the table")


if __name__ == "__main__":
    main()
