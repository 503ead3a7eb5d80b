"""Operations grouped by the layer they ran in: a tree grown from the dotted scopes.

A group is one *call* of a layer: a stretch of consecutive operations.  A layer that is called twice gives two groups, so
that edges between groups never form a cycle, whatever is reused.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Union

__all__ = ["Group", "Child", "grow", "walk"]


class Group:
    """The operations numbered `start` to `stop` - 1 of one layer, in `children`: numbers and groups of inner layers.

    path      "features.0"; empty for the root and for groups made by folding
    times     how many equal stretches in a row it stands for
    last      path of the last of them
    closed    True: drawn as one box
    elided    True: the middle of a long list, left out
    """

    __slots__ = ("path", "parent", "depth", "children", "start", "stop", "times", "last", "closed", "elided")

    def __init__(self, path: str, parent: Group | None, start: int, stop: int = -1, children: Iterable[Child] = ()):
        self.path = self.last = path
        self.parent = parent
        self.depth: int = path.count(".") + 1 if path else parent.depth if parent else 0
        self.start, self.stop = start, stop
        self.children: list[Child] = list(children)
        self.times = 1
        self.closed = self.elided = False


Child = Union[int, Group]


def grow(scopes: list[str]) -> Group:
    """The tree of the operations whose scopes these are, in the order they ran.

    Example
        >>> root = grow(["net.a", "net.a", "net.b", ""])
        >>> [child.path if isinstance(child, Group) else child for child in root.children]
        ['net', 3]
        >>> [(group.path, group.children) for group in root.children[0].children]
        [('net.a', [0, 1]), ('net.b', [2])]
    """
    root = Group("", None, 0)
    stack, current = [root], ""
    names: list[str] = []
    for number, scope in enumerate(scopes):
        if scope != current:
            wanted = scope.split(".") if scope else []
            common = 0
            while common < min(len(names), len(wanted)) and names[common] == wanted[common]:
                common += 1
            for group in stack[common + 1:]:
                group.stop = number
            del stack[common + 1:]
            for name in wanted[common:]:
                parent = stack[-1]
                group = Group(f"{parent.path}.{name}" if parent.path else name, parent, number)
                parent.children.append(group)
                stack.append(group)
            names, current = wanted, scope
        stack[-1].children.append(number)
    for group in stack:
        group.stop = len(scopes)
    return root


def walk(root: Group) -> Iterator[Group]:
    """`root` and every group in it that is not inside a closed one, outer before inner, in the order they ran."""
    stack = [root]
    while stack:
        group = stack.pop()
        yield group
        if not group.closed:
            stack += [child for child in reversed(group.children) if isinstance(child, Group)]
