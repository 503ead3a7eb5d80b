"""Equal stretches of a graph that follow one another, drawn once with the number of times they occur.

Two stretches are equal if they run the same ops with the same options, shapes and layers, wired alike: an input comes from
inside the stretch at the same place, from equally far before it, or from the very same source.
"""

from __future__ import annotations

from typing import Callable, Iterator, NamedTuple

from tensorgrad.drawing.groups import Child, Group
from tensorgrad.drawing.record import Leaf, Operation, Record

__all__ = ["Folding", "LONG_RUN"]

LONG_RUN = 4  # an op that follows itself this often is drawn once
LONGEST_PERIOD = 16
NEVER = float("inf")


class Run(NamedTuple):
    """`times` stretches of `length` operations each, from number `start` on."""

    start: int
    length: int
    times: int


class Folding:
    """Which operations stand for which others.

    Attributes
        times   {operation: how many it stands for}, for single operations that were folded
    """

    def __init__(self, record: Record):
        self.operations = record.operations
        self.times: dict[int, int] = {}
        self.run_of: dict[int, Run] = {}  # of the operations that are not drawn
        kinds: dict[tuple[object, ...], int] = {}
        self.kinds = [kinds.setdefault((op.label, op.shape, op.dtype), len(kinds)) for op in self.operations]

    # -- reading ------------------------------------------------------------------------------------------------------

    def drawn(self, number: int) -> int:
        """The operation that is drawn for this one."""
        while (run := self.run_of.get(number)) is not None:
            number = run.start + (number - run.start) % run.length
        return number

    def drawn_edge(self, source: int, target: int) -> tuple[int, int] | None:
        """The two ends as drawn; None for an edge from one stretch of a run to the next."""
        while True:
            if (run := self.run_of.get(target)) is not None:
                inside = run.start <= source < run.start + run.length * run.times
                if inside and (source - run.start) // run.length != (target - run.start) // run.length:
                    return None
                target = run.start + (target - run.start) % run.length
                source = run.start + (source - run.start) % run.length if inside else source
            elif (run := self.run_of.get(source)) is not None:
                source = run.start + (source - run.start) % run.length
            else:
                return source, target

    # -- folding ------------------------------------------------------------------------------------------------------

    def fold_chains(self, root: Group) -> None:
        """Fold single ops that follow themselves at least LONG_RUN times, each reading the one before and no other."""
        for group in open_groups(root):
            self.fold_children(group, 1, lambda unit: LONG_RUN if isinstance(unit[0], int) else NEVER, chained=True)

    def fold_layers(self, root: Group) -> None:
        """Fold layers that repeat, alone or with others between them."""
        for group in open_groups(root):
            self.fold_children(group, LONGEST_PERIOD, lambda unit: 2 if has_group(unit) else NEVER)

    def fold_all(self, root: Group) -> None:
        """Fold whatever repeats: layers, and stretches of ops."""
        for group in open_groups(root):
            self.fold_children(group, LONGEST_PERIOD,
                               lambda unit: 2 if has_group(unit) else LONG_RUN if len(unit) == 1 else 3)

    def fold_children(self, group: Group, longest: int, least: Callable[[list[Child]], float],
                      chained: bool = False) -> None:
        """Replace runs among the children of one group by their first stretch.

        Arguments
            longest   children in a stretch
            least     how often a stretch has to occur
            chained   True: each has to read the one before, and no other
        """
        children, codes = group.children, [self.code(child) for child in group.children]
        kept: list[Child] = []
        i = 0
        while i < len(children):
            for period in range(1, longest + 1):
                needed = least(children[i:i + period])
                if needed == NEVER:
                    continue
                times = self.repeats(children, codes, i, period, chained)
                if times >= needed:
                    kept += self.fold(group, children[i:i + period], children[i + period * (times - 1)], times)
                    i += period * times
                    break
            else:
                kept.append(children[i])
                i += 1
        group.children = kept

    def code(self, child: Child) -> int:
        """Equal for children that run the same ops in the same inner layers; negative for what is folded already."""
        if isinstance(child, int):
            return hash((self.kinds[child], "")) if child not in self.times else -1 - child
        skip = len(child.path)
        return hash(tuple([(self.kinds[i], self.operations[i].scope[skip:]) for i in range(child.start, child.stop)]))

    def repeats(self, children: list[Child], codes: list[int], at: int, period: int, chained: bool) -> int:
        """How many equal stretches of `period` children start at `at`."""
        start, stop = bounds(children[at])[0], 0
        times, end = 1, len(children)
        while at + period * (times + 1) <= end:
            here, there = at + period * (times - 1), at + period * times
            if any(codes[here + k] != codes[there + k] for k in range(period)):
                break
            start, middle = bounds(children[here])[0], bounds(children[there])[0]
            stop = bounds(children[there + period - 1])[1]
            if stop - middle != middle - start or not self.alike(start, middle, stop, first=times == 1):
                break
            if chained and (isinstance(children[there], Group) or not follows(self.operations[middle], start)):
                break
            times += 1
        return times

    def alike(self, start: int, middle: int, stop: int, first: bool) -> bool:
        """True if operations start..middle are wired like middle..stop; the first stretch may begin anywhere."""
        shift = middle - start
        for i in range(middle, stop):
            before, here = self.operations[i - shift].inputs, self.operations[i].inputs
            if len(before) != len(here):
                return False
            for x, y in zip(before, here):
                if x is y:
                    continue
                if isinstance(x, int) and isinstance(y, int):
                    if y - x == shift or (y == x and x < start):
                        continue
                    if not (first and x < start and start <= y < middle):
                        return False
                elif isinstance(y, int):
                    if not (first and start <= y < middle):
                        return False
                elif not (isinstance(x, Leaf) and isinstance(y, Leaf) and interchangeable(x, y)):
                    return False
        return True

    def fold(self, group: Group, unit: list[Child], last: Child, times: int) -> list[Child]:
        """Let `unit` stand for `times` stretches; what to draw for it."""
        start, stop = bounds(unit[0])[0], bounds(unit[-1])[1]
        run = Run(start, stop - start, times)
        for i in range(stop, start + run.length * times):
            self.run_of[i] = run
        if len(unit) > 1:
            repeated = Group("", group, start, stop, unit)
            repeated.times = times
            for child in unit:
                if isinstance(child, Group):
                    child.parent = repeated
            return [repeated]
        if isinstance(unit[0], Group):
            unit[0].times, unit[0].last = times, last.path if isinstance(last, Group) else ""
        else:
            self.times[unit[0]] = times
        return unit


def open_groups(root: Group) -> Iterator[Group]:
    """Every group, outer first; the children may be folded while it runs."""
    stack = [root]
    while stack:
        group = stack.pop()
        yield group
        stack += [child for child in group.children if isinstance(child, Group)]


def has_group(children: list[Child]) -> bool:
    return any(isinstance(child, Group) for child in children)


def bounds(child: Child) -> tuple[int, int]:
    """Where a child starts and stops, all its repeats included."""
    if isinstance(child, int):
        return child, child + 1
    return child.start, child.start + (child.stop - child.start) * child.times


def follows(op: Operation, before: int) -> bool:
    """True if `op` reads operation `before` once, and no other."""
    return [source for source in op.inputs if isinstance(source, int)] == [before]


def interchangeable(a: Leaf, b: Leaf) -> bool:
    """True for two leaves alike that are used once each."""
    return len(a.uses) == len(b.uses) == 1 and (a.kind, a.shape, a.dtype) == (b.kind, b.shape, b.dtype)
