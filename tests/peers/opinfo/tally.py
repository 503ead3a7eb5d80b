"""What came of the samples, by operator, and the table of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Tally", "Line", "tally"]


@dataclass
class Line:
    """An operator: how many samples passed, were refused and failed, the reasons for refusals, the first failures."""

    name: str
    passed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return self.passed + self.refused.total() + len(self.failures)


class Tally(dict[str, Line]):
    """A line per operator."""

    def line(self, name: str) -> Line:
        return self.setdefault(name, Line(name))

    def markdown(self) -> str:
        """The table, its totals, and every reason for a refusal once."""
        reasons = {reason: number for number, reason in
                   enumerate(sorted({reason for line in self.values() for reason in line.refused}), 1)}
        lines = ["| op | samples | passed | refused | failed |", "|---|--:|--:|--:|--:|"]
        for line in sorted(filter(lambda line: line.samples, self.values()), key=lambda line: line.name):
            notes = ", ".join(str(reasons[reason]) for reason in sorted(line.refused, key=lambda r: reasons[r]))
            refused = f"{line.refused.total()} ({notes})" if notes else "0"
            lines.append(f"| {line.name} | {line.samples} | {line.passed} | {refused} | {len(line.failures)} |")
        total = [sum(line.samples for line in self.values()), sum(line.passed for line in self.values()),
                 sum(line.refused.total() for line in self.values()), sum(len(line.failures) for line in self.values())]
        lines.append("| **all** | " + " | ".join(f"**{n}**" for n in total) + " |")
        if reasons:
            lines += ["", "Refused:", "", *[f"{number}. {reason}" for reason, number in reasons.items()]]
        return "\n".join(lines)


tally = Tally()
