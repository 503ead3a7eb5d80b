"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Callable, Sequence

from benchmarks.cases import QUICK, STEPS
from benchmarks.report import report
from benchmarks.runner import engines_here, run

EXAMPLES = """examples:
  python -m benchmarks                          every step against every installed peer, about five minutes
  python -m benchmarks --only lenet5 --rounds 3
  python -m benchmarks --quick                  tiny batches: does it run at all
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the steps and print the report.

    Raises
        SystemExit   wrong arguments (2), an engine failed (1), Ctrl-C (130); the last two after the report
    """
    options = parse(arguments)
    steps = [step for step in (QUICK if options.quick else STEPS) if options.only in (None, step.model)]
    rounds = options.rounds or (2 if options.quick else 7)
    seconds = options.seconds or (0.1 if options.quick else 1.5)
    results = run(steps, list(dict.fromkeys(options.engines or engines_here())), rounds, seconds)
    print(report(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if results["interrupted"]:
        print("benchmarks: interrupted", file=sys.stderr)
        raise SystemExit(130)
    if any("error" in result for row in results["rows"] for result in row["engines"].values()):
        raise SystemExit("benchmarks: an engine failed, see the report")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Times training steps against PyTorch, interleaved in one run.")
    parser.add_argument("--quick", action="store_true", help="small batches and short bursts")
    parser.add_argument("--only", metavar="MODEL", choices=sorted({step.model for step in STEPS}),
                        help="steps of this model alone: %(choices)s")
    parser.add_argument("--engines", nargs="+", metavar="NAME", help=f"some of: {', '.join(engines_here())} (default: all)")
    parser.add_argument("--rounds", type=positive(int), help="bursts per engine and step (default 7; quick: 2)")
    parser.add_argument("--seconds", type=positive(float), help="length of a burst (default 1.5; quick: 0.1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there too")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.engines or () if name not in engines_here()]
    if unknown:
        parser.error(f"not installed or unknown: {', '.join(unknown)}; there are {', '.join(engines_here())} "
                     "(the peers come with pip install '.[peers]')")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"there is no folder {options.json.parent}")
    return options


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of argument: a number above 0."""
    def number(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    number.__name__ = kind.__name__
    return number


if __name__ == "__main__":
    main()
