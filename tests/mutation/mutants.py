"""Mutants: the source of a module with one small mistake put in, and where."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import Callable, Iterator

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
               ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
              ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr}
DELETED = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Delete, ast.Continue, ast.Break)
SPARED = ("__slots__", "__all__")


@dataclass(frozen=True)
class Mutant:
    """One change.

    key      what and where, stable as long as the line is: "engine.py:walk: `if x:` negated"
    line     in the file
    lines    first and last of those of which one runs before the change can matter
    tree     of the changed module
    """

    key: str
    line: int
    lines: tuple[int, int]
    tree: ast.Module


def mutants(source: str, name: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(source)
    lines = source.splitlines()
    places = [(node, function) for node, function in executed(tree, "")]
    around = statements(tree)
    seen: dict[str, int] = {}
    for index, (node, function) in enumerate(places):
        for what, part, change in changes(node):
            changed = copy.deepcopy(tree)
            target = list(executed(changed, ""))[index][0]
            change(target)
            key = f"{name}:{function}: {what} in `{lines[node.lineno - 1].strip()}`"
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > 1:
                key += f" #{seen[key]}"
            yield Mutant(key, part.lineno, around[part], ast.fix_missing_locations(changed))


def statements(tree: ast.Module) -> dict[ast.AST, tuple[int, int]]:
    """Per node the lines of its statement: of one with a body, the head; of a signature, the function; of what runs at
    import, the file."""
    found: dict[ast.AST, tuple[int, int]] = {}

    def visit(node: ast.AST, lines: tuple[int, int], inside: bool) -> None:
        if isinstance(node, ast.FunctionDef):
            lines, inside = (node.lineno, node.end_lineno or node.lineno), True
        elif isinstance(node, ast.stmt) and inside:
            body = getattr(node, "body", None)
            lines = node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
        found[node] = lines
        for child in ast.iter_child_nodes(node):
            visit(child, lines, inside)

    visit(tree, (1, max(getattr(node, "end_lineno", 1) or 1 for node in ast.walk(tree))), False)
    return found


def executed(node: ast.AST, function: str) -> Iterator[tuple[ast.AST, str]]:
    """The nodes that run and the function they are in: not types, docstrings, imports and error messages."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.AnnAssign, ast.JoinedStr)) and not getattr(node, "value", None):
        return
    if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id in SPARED for t in node.targets):
        return
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".lstrip(".")
    yield node, function
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Call) and getattr(child.func, "id", "") == "message":
                continue
            if isinstance(child, ast.AST):
                yield from executed(child, function)


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, Callable[[ast.AST], None]]]:
    """What can be made wrong at this node, at which part of it, and how, on a copy of it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        yield "comparison", node, lambda n: n.ops.__setitem__(0, COMPARISONS[type(n.ops[0])]())  # type: ignore[attr-defined]
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC and not text(node):
        yield "arithmetic", node, lambda n: setattr(n, "op", ARITHMETIC[type(n.op)]())  # type: ignore[attr-defined]
    if isinstance(node, ast.BoolOp):
        yield "and/or", node, lambda n: setattr(  # type: ignore[attr-defined]
            n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And())
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int)):
        value = not node.value if isinstance(node.value, bool) else node.value + 1
        yield "constant", node, lambda n: setattr(n, "value", value)
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield "negated", node, lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))  # type: ignore[attr-defined]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", node, lambda n: setattr(n, "op", ast.UAdd()) or setattr(
            n, "operand", ast.Call(ast.Name("bool", ast.Load()), [n.operand], []))  # type: ignore[attr-defined]
    if isinstance(node, ast.Return) and node.value is not None and not none(node.value):
        yield "returns None", node, lambda n: setattr(n, "value", ast.Constant(None))
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
            for i, statement in enumerate(block):
                if isinstance(statement, DELETED):
                    if not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Call):
                        yield (f"deleted `{ast.unparse(statement).splitlines()[0][:50]}`", statement,
                               lambda n, f=field, i=i: getattr(n, f).__setitem__(i, ast.Pass()))


def text(node: ast.AST) -> bool:
    """True for the joining of texts."""
    return any(isinstance(part, ast.JoinedStr) or isinstance(part, ast.Constant) and isinstance(part.value, str)
               for part in ast.walk(node))


def none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
