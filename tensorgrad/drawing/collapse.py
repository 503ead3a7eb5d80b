"""How much of a graph is drawn: everything while it is readable, then repeats once, then whole layers as boxes."""

from __future__ import annotations

from tensorgrad.drawing.folding import Folding
from tensorgrad.drawing.groups import Child, Group, grow, walk
from tensorgrad.drawing.record import Leaf, Record

__all__ = ["arrange", "READABLE"]

READABLE = 120  # boxes; above, "auto" begins to fold
LONG_LIST = 40  # children of one group; above, the middle may be left out
ENDS = 14       # children kept at either end of a list whose middle is left out


def arrange(record: Record, depth: int | None = None, collapse: bool | str = "auto") -> tuple[Group, Folding]:
    """The groups to draw and what was folded.

    Arguments
        depth      layers this deep are one box each; None draws inside all of them
        collapse   "auto" folds runs of one op, and in graphs of more than READABLE boxes more and more, until they
                   are readable; True folds every repeat; False nothing
    """
    scopes = [op.scope for op in record.operations]
    root, folding = grow(scopes), Folding(record)
    close(root, depth)
    if collapse is False:
        return root, folding
    if collapse == "auto":
        folding.fold_runs(root)
        if boxes(record, root) <= READABLE:
            return root, folding
        root, folding = grow(scopes), Folding(record)
    folding.fold_repeats(root)
    close(root, depth)
    if collapse is True:
        return root, folding
    deepest = max(group.depth for group in walk(root))
    for level in range(deepest, 0, -1):
        if boxes(record, root) <= READABLE:
            return root, folding
        close(root, level)
    if boxes(record, root) > READABLE:
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
