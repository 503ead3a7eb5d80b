"""Command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Sequence

from benchmarks import footprint, runner
from benchmarks.cases import SUITES
from benchmarks.engines import ENGINES, here
from benchmarks.report import summary, write

HERE = Path(__file__).parent
EVERY = [*SUITES, "memory"]

EXAMPLES = """examples:
  python -m benchmarks                          every suite against every installed peer, about an hour on two cores
  python -m benchmarks --report                 README.md and images/ from results/
  python -m benchmarks --suite steps --only lenet --rounds 3 --results /tmp/results
  python -m benchmarks --quick                  tiny, a minute: does it run at all; leaves results/ as it is
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run suites into JSON and print what came out, or make the report from the JSON of earlier runs.

    Raises
        SystemExit   wrong arguments (2), an engine failed (1), Ctrl-C (130); the last two after the results are written
    """
    options = parse(arguments)
    if options.report:
        print(f"benchmarks: wrote {write(options.results, options.out)}")
        return
    failed = False
    for suite in options.suite:
        measure = footprint.measure if suite == "memory" else runner.run
        names = runner.engines_for(suite, options.engines)
        results = measure(suite, names, options.quick, options.only, options.rounds, options.seconds)
        path = options.results / f"{suite}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
        print(summary(results))
        if results["interrupted"]:
            print("benchmarks: interrupted", file=sys.stderr)
            raise SystemExit(130)
        failed = failed or any("error" in result for row in results["rows"] for result in row["engines"].values())
    if options.quick:  # the report is made as well, where it does no harm
        with tempfile.TemporaryDirectory() as folder:
            write(options.results, Path(folder))
    if failed:
        raise SystemExit("benchmarks: an engine failed, see above")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Times tensorgrad against its peers, interleaved in one run.")
    parser.add_argument("--suite", nargs="+", metavar="NAME", choices=EVERY, default=EVERY, help="some of: %(choices)s")
    parser.add_argument("--quick", action="store_true", help="tiny rows and short bursts; the figures mean nothing")
    parser.add_argument("--only", metavar="TEXT", default="", help="rows with this text in their names")
    parser.add_argument("--engines", nargs="+", metavar="NAME", help=f"some of: {', '.join(ENGINES)} (default: all)")
    parser.add_argument("--rounds", type=positive(int), default=0, help="bursts per engine and row (default: by suite)")
    parser.add_argument("--seconds", type=positive(float), default=0, help="length of a burst (default: by suite)")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="of the JSON (default: benchmarks/results)")
    parser.add_argument("--report", action="store_true", help="make the report from the JSON, measure nothing")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=HERE, help="of the report (default: benchmarks)")
    options = parser.parse_args(arguments)
    missing = here()
    for name in options.engines or ():
        if missing.get(name, "no such engine"):
            parser.error(f"{name}: {missing.get(name, 'there is no such engine')}; here are "
                         f"{', '.join(other for other, reason in missing.items() if not reason)} "
                         "(the peers come with pip install '.[peers]')")
    if options.results is None:
        options.results = HERE / "results"
        if options.quick or options.only or options.engines:  # a part of a run does not replace a whole one
            options.results = Path(tempfile.mkdtemp(prefix="benchmarks-"))
            print(f"benchmarks: results go to {options.results}", file=sys.stderr)
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
