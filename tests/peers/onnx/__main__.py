"""``python -m tests.peers.onnx [FILE]``: run all node tests and write a table of them to a file, or print it."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from string import Template

from tests.peers.onnx.missing import OUTSIDE, lacking, outside
from tests.peers.onnx.nodes import TESTS, operators_of, run

PAGE = Path(__file__).parent / "page.md"


def table() -> tuple[str, list[str]]:
    """The tests that each operator occurs in: how many there are, pass, and are lacking; and the failures."""
    passed: Counter[str] = Counter()
    absent: Counter[str] = Counter()
    reasons: dict[str, set[str]] = {}
    failures = []
    for test in TESTS.values():
        if outside(test):
            continue
        names = operators_of(test)
        if why := lacking(test):
            absent.update(names)
            for name in names:
                reasons.setdefault(name, set()).add(why)
            continue
        try:
            run(test)
        except Exception as error:  # every failure is counted, whatever it is
            failures.append(f"{test.name}: {error}")
        else:
            passed.update(names)
    numbers = {why: i for i, why in enumerate(sorted(set().union(*reasons.values())), 1)}
    lines = ["| operator | passed | lacking |", "|---|--:|--:|"]
    for name in sorted(passed | absent):
        notes = ", ".join(map(str, sorted(numbers[why] for why in reasons.get(name, ()))))
        lines.append(f"| {name} | {passed[name]} | {f'{absent[name]} ({notes})' if notes else 0} |")
    lines += ["", "Lacking:", "", *[f"{number}. {why}" for why, number in numbers.items()]]
    return "\n".join(lines), failures


def page() -> tuple[str, list[str]]:
    """The page of the docs, and the failures."""
    text, failures = table()
    inside = [test for test in TESTS.values() if not outside(test)]
    return Template(PAGE.read_text()).substitute(
        table=text, tests=len(TESTS), inside=len(inside), passed=sum(not lacking(test) for test in inside) - len(failures),
        outside="\n".join(f"* {reason} ({', '.join(sorted(names.split()))})" for reason, names in OUTSIDE.items())), failures


def main() -> int:
    warnings.simplefilter("ignore")
    text, failures = page()
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text)
    else:
        print(text)
    print(f"{len(failures)} failures", *failures[:50], sep="\n", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
