"""How much of a graph is drawn: everything while it is readable, then repeats once, then whole layers as boxes."""

from __future__ import annotations

from typing import Callable

from tensorgrad.drawing.folding import Folding
from tensorgrad.drawing.groups import Child, Group, grow, walk
from tensorgrad.drawing.record import Leaf, Record

__all__ = ["arrange", "REPEATS_ABOVE", "LAYERS_ABOVE"]

REPEATS_ABOVE = 60  # boxes; above, "auto" draws layers that repeat once
LAYERS_ABOVE = 150  # boxes; above, it folds everything that repeats, and closes layers
LONG_LIST = 40  # children of one group; above, the middle may be left out
ENDS = 14       # children kept at either end of a list whose middle is left out


def arrange(record: Record, depth: int | None = None, collapse: bool | str = "auto") -> tuple[Group, Folding]:
    """The groups to draw and what was folded.

    Arguments
        depth      layers this deep are one box each; None draws inside all of them
        collapse   "auto" folds ops that follow themselves, and the more the larger the graph is; True folds every
                   repeat; False nothing
    """
    scopes = [op.scope for op in record.operations]

    def attempt(*folds: Callable[[Folding, Group], None]) -> tuple[Group, Folding, int]:
        root, folding = grow(scopes), Folding(record)
        for fold in folds:
            fold(folding, root)
        close(root, depth)
        return root, folding, boxes(record, root)

    if collapse is False:
        return attempt()[:2]
    if collapse is True:
        return attempt(Folding.fold_all)[:2]
    root, folding, n = attempt(Folding.fold_chains)
    if n > REPEATS_ABOVE:
        root, folding, n = attempt(Folding.fold_layers, Folding.fold_chains)
    if n > LAYERS_ABOVE:
        root, folding, n = attempt(Folding.fold_all)
        level = max(group.depth for group in walk(root))
        while n > LAYERS_ABOVE and level:
            close(root, level)
            level, n = level - 1, boxes(record, root)
        if n > LAYERS_ABOVE:
            for group in walk(root):
                leave_out_middle(group)
    return root, folding


def close(root: Group, depth: int | None) -> None:
    """Draw the layers at `depth` as one box each."""
    if depth is not None:
        for group in walk(root):
            group.closed = group.closed or bool(group.path) and group.depth >= depth


def boxes(record: Record, root: Group) -> int:
    """About how many boxes a drawing of `root` has."""
    total = 0
    for group in walk(root):
        if group.closed:
            total += 1
            continue
        for child in group.children:
            if isinstance(child, int):
                total += 1 + sum(isinstance(source, Leaf) and len(source.uses) == 1
                                 for source in record.operations[child].inputs)
    return total


def leave_out_middle(group: Group) -> None:
    """Draw the middle of a long list of children as one box."""
    if group.closed or len(group.children) <= LONG_LIST:
        return
    middle = group.children[ENDS:-ENDS]
    start, stop = first(middle[0]), first(group.children[-ENDS])
    hidden = Group("", group, start, stop, middle)
    hidden.closed = hidden.elided = True
    group.children[ENDS:-ENDS] = [hidden]


def first(child: Child) -> int:
    return child if isinstance(child, int) else child.start
