"""profile: collects the calls made inside a ``with`` block, and shows them as a table, JSON or a trace."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from tensorgrad.errors import ArgumentError, StateError
from tensorgrad.profiler import timing
from tensorgrad.profiler.timing import BACKWARD, FORWARD, Event
from tensorgrad.profiler.trace import chrome_events

__all__ = ["profile", "Row"]

KINDS = ("op", "layer", "op and layer")
NO_LAYER = "(no layer)"
MOST_PENDING = 20_000  # calls that wait to be added up, so that noting one stays short


@dataclass
class Row:
    """Calls that were added up.

    Attributes
        name            the op, the layer, or both; [in brackets] what is neither: parts named by `record`, backward walks
        calls, backward_calls     of forward, of backward rules
        forward, backward, other  seconds; `other` for what is in brackets, without the ops inside
        multiply_adds, backward_multiply_adds   None where not defined
        bytes, backward_bytes     operands read and results written, estimated from shapes
        algorithms, backward_algorithms         those that ran, where there is a choice
    """

    name: str
    calls: int = 0
    backward_calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    other: float = 0.0
    multiply_adds: int | None = None
    backward_multiply_adds: int | None = None
    bytes: int = 0
    backward_bytes: int = 0
    algorithms: list[str] = field(default_factory=list)
    backward_algorithms: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Seconds altogether."""
        return self.forward + self.backward + self.other

    def add(self, event: Event) -> None:
        """Count one more call."""
        if event.phase == BACKWARD:
            self.backward_calls += 1
            self.backward += event.seconds
            self.backward_bytes += event.bytes
            if event.multiply_adds is not None:
                self.backward_multiply_adds = (self.backward_multiply_adds or 0) + event.multiply_adds
            self.backward_algorithms += [name for name in event.algorithms if name not in self.backward_algorithms]
            return
        self.calls += 1
        self.bytes += event.bytes
        if event.phase == FORWARD:
            self.forward += event.seconds
        else:
            self.other += event.seconds - event.inner
        if event.multiply_adds is not None:
            self.multiply_adds = (self.multiply_adds or 0) + event.multiply_adds
        self.algorithms += [name for name in event.algorithms if name not in self.algorithms]

    def merge(self, other: Row) -> None:
        """Count all calls of another row too."""
        for name in ("calls", "backward_calls", "forward", "backward", "other", "bytes", "backward_bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("multiply_adds", "backward_multiply_adds"):
            counts = [n for n in (getattr(self, name), getattr(other, name)) if n is not None]
            setattr(self, name, sum(counts) if counts else None)
        for name in ("algorithms", "backward_algorithms"):
            setattr(self, name, list(dict.fromkeys(getattr(self, name) + getattr(other, name))))

    def to_dict(self) -> dict[str, Any]:
        """Everything as numbers, strings and lists."""
        return {**asdict(self), "total": self.total}


SORTS = {
    "total": lambda row: -row.total, "forward": lambda row: -row.forward, "backward": lambda row: -row.backward,
    "calls": lambda row: -row.calls, "bytes": lambda row: -(row.bytes + row.backward_bytes),
    "multiply_adds": lambda row: -((row.multiply_adds or 0) + (row.backward_multiply_adds or 0)),
    "name": lambda row: row.name, "order": lambda row: 0,
}


class profile:
    """Times every op and backward rule inside its ``with`` block, in all threads; blocks may nest, and be entered again.

    An op's time includes the kernels and ops it calls; a backward walk's is what it takes beside the rules, above all
    adding up gradients.  What Python does between ops is in no row: the table says how much that was.

    Arguments
        trace   keep each single call for `chrome_trace`, about 300 bytes; False keeps sums only, for long runs

    Raises
        StateError   entered while it is running

    Example
        >>> import tensorgrad
        >>> x = tensorgrad.ones(8, 4, requires_grad=True)
        >>> with profile() as p:
        ...     (x @ tensorgrad.ones(4, 2)).sum().backward()
        >>> [(row.name, row.multiply_adds, row.backward_multiply_adds) for row in p.rows(sort="name")]
        [('[backward walk]', None, None), ('matmul', 64, 64), ('sum', None, None)]
    """

    def __init__(self, *, trace: bool = True):
        self.trace = trace
        self.pending: deque[Event] = deque()
        self.events: list[Event] = []
        self.seconds = 0.0
        self.sums: dict[tuple[str, str, bool], Row] = {}  # by op, layer, and whether it is an op
        self.started: int | None = None
        self.origin: int | None = None
        self.lock = threading.Lock()

    def __enter__(self) -> profile:
        if self.started is not None:
            raise StateError("profile: it is running already.\n  Nest another one: with tensorgrad.profiler.profile() as q:")
        timing.start(self)
        self.started = perf_counter_ns()
        self.origin = self.origin or self.started
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.started is not None
        self.seconds += (perf_counter_ns() - self.started) * 1e-9
        self.started = None
        timing.stop(self)

    def add(self, event: Event) -> None:
        """Count a call; for the timed functions, which all threads run."""
        started = self.started
        if started is not None and event.start >= started:  # else it began before the block, or ended after it
            self.pending.append(event)
            if len(self.pending) > MOST_PENDING:
                self.add_up()

    def add_up(self) -> None:
        """Take the calls since the last time into the sums."""
        with self.lock:
            while self.pending:
                event = self.pending.popleft()
                if event.counted:
                    key = (event.name, event.layer, event.phase in (FORWARD, BACKWARD))
                    row = self.sums.get(key)
                    if row is None:
                        row = self.sums[key] = Row("")
                    row.add(event)
                if self.trace:
                    self.events.append(event)

    # -- results ------------------------------------------------------------------------------------------------------

    def rows(self, by: str = "op", sort: str = "total", depth: int | None = None) -> list[Row]:
        """The calls added up.

        Arguments
            by      "op", "layer" or "op and layer"
            sort    "total", "forward", "backward", "calls", "multiply_adds" or "bytes", largest first; "name"; or "order",
                    as they first ran
            depth   with layers: how many parts of their paths count, so that 1 adds up whole blocks

        Raises
            ArgumentError   another `by` or `sort`, a depth below 1
        """
        for name, value, known in (("by", by, KINDS), ("sort", sort, tuple(SORTS))):
            if value not in known:
                raise ArgumentError(f"profile: {name}={value!r} is unknown.\n  Use one of: {', '.join(known)}.")
        if depth is not None and depth < 1:
            raise ArgumentError(f"profile: depth={depth!r} makes no sense.\n  Use an integer ≥ 1, or None for whole paths.")
        self.add_up()
        found: dict[str, Row] = {}
        for (op, layer, is_op), row in list(self.sums.items()):
            path = ".".join(layer.split(".")[:depth]) or NO_LAYER
            name = f"[{op}]" if not is_op else op if by == "op" else path if by == "layer" else f"{path}/{op}"
            found.setdefault(name, Row(name)).merge(row)
        return sorted(found.values(), key=SORTS[sort])

    def table(self, by: str = "op", sort: str = "total", depth: int | None = None, limit: int | None = None) -> str:
        """The rows as text, with their shares and the totals; arguments as for `rows`, of which at most `limit` are shown.

        G/s is multiply-adds, in thousand millions, per second.
        """
        rows = self.rows(by, sort, depth)
        total = Row("total")
        for row in rows:
            total.merge(row)
        total.algorithms, total.backward_algorithms = [], []
        shown = rows if limit is None else rows[:limit]
        head = [by, "calls", "forward", "backward", "total", "share", "multiply-adds", "G/s", "bytes", "algorithm"]
        body = [cells(row, total.total) for row in [*shown, total]]
        widths = [max(map(len, column)) for column in zip(head, *body)]
        lines = ["  ".join(cell.ljust(width) if i in (0, 9) else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in [head, *body]]
        rule = "-" * max(map(len, lines))
        left = [f"({len(rows) - len(shown)} more rows)"] if len(shown) < len(rows) else []
        outside = max(self.seconds - total.total, 0.0)
        return "\n".join([lines[0], rule, *lines[1:-1], *left, rule, lines[-1],
                          f"{duration(self.seconds)} in the block, {duration(outside)} of it outside of these rows"])

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single calls, for JSON: the seconds in the block, and the rows in each of the three ways."""
        return {"seconds": self.seconds,
                **{f"by {by}": [row.to_dict() for row in self.rows(by)] for by in KINDS}}

    def chrome_trace(self) -> dict[str, Any]:
        """Every single call in the format of Chrome's tracing and of Perfetto: forward, backward and records on tracks of
        their own for each thread, in boxes for the layers.

        Raises
            StateError   the profile was made with ``trace=False``
        """
        if not self.trace:
            raise StateError("profile: with trace=False the single calls were not kept.\n  Use profile(trace=True).")
        self.add_up()
        return {"displayTimeUnit": "ms", "traceEvents": chrome_events(list(self.events), self.origin or 0)}

    def save(self, path: str | os.PathLike[str], kind: str = "json") -> None:
        """Write a file: "json" for `to_dict`, "chrome" for `chrome_trace`, "table" for the text.

        Raises
            ArgumentError   another kind
        """
        if kind == "table":
            text = str(self) + "\n"
        elif kind in ("json", "chrome"):
            import json  # here, as `import tensorgrad` can do without

            text = json.dumps(self.to_dict() if kind == "json" else self.chrome_trace())
        else:
            raise ArgumentError(f"profile: kind={kind!r} is unknown.\n  Use one of: json, chrome, table.")
        Path(path).write_text(text, encoding="utf-8")


# -- text --------------------------------------------------------------------------------------------------------------


def cells(row: Row, total: float) -> list[str]:
    """A row of the table."""
    counts = [n for n in (row.multiply_adds, row.backward_multiply_adds) if n is not None]
    count, moved = sum(counts), row.bytes + row.backward_bytes
    return [row.name, str(row.calls or row.backward_calls), duration(row.forward) if row.forward else "-",
            duration(row.backward) if row.backward else "-", duration(row.total),
            f"{row.total / total:.1%}" if total else "-", scaled(count, 1000, ("", "K", "M", "G", "T")) if counts else "-",
            f"{count / row.total * 1e-9:.1f}" if count and row.total else "-",
            scaled(moved, 1024, ("B", "KiB", "MiB", "GiB", "TiB")) if moved else "-", algorithms_text(row)]


def algorithms_text(row: Row) -> str:
    """Those of forward, and those of backward where they differ."""
    forward, backward = ", ".join(row.algorithms), ", ".join(row.backward_algorithms)
    if not backward or forward == backward:
        return forward
    return f"{forward}; backward {backward}" if forward else f"backward {backward}"


def duration(seconds: float) -> str:
    """0.0123 as "12.3 ms"."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1e6:.1f} µs"


def scaled(number: float, step: int, units: tuple[str, ...]) -> str:
    """1,536 in steps of 1,024 as "1.5 KiB"."""
    i = 0
    while number >= step and i < len(units) - 1:
        number, i = number / step, i + 1
    return f"{number:.1f} {units[i]}" if i else f"{number:.0f} {units[0]}".rstrip()
