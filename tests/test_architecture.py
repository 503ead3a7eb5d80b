"""The house keeps its shape: imports point one way, files stay small, every op has a row in the table."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nn
import tensorgrad
from tensorgrad.op import Op
from tensorgrad.ops.formula import Formula
from tensorgrad.ops.normalization import Normalize
from tests.op_cases import ALL

ROOT = Path(__file__).parents[1]

# An import may only point to an earlier line, or inside its own package.
ORDER = [
    ("tensorgrad.version", "tensorgrad.errors", "tensorgrad.lineage", "tensorgrad.callers", "tensorgrad.ownership"),
    ("tensorgrad.dtypes", "tensorgrad.devices", "tensorgrad.cuda", "tensorgrad.accelerator", "tensorgrad.backends"),
    ("tensorgrad.porting", "tensorgrad.memory_formats", "tensorgrad.generator"),
    ("tensorgrad.recording", "tensorgrad.random", "tensorgrad.handles"),
    ("tensorgrad.window", "tensorgrad.costs", "tensorgrad.shared_memory"),
    ("tensorgrad.kernels",),
    ("tensorgrad.tensor",),
    ("tensorgrad.op",),
    ("tensorgrad.watching",),
    ("tensorgrad.ops",),
    ("tensorgrad.autograd",),
    ("tensorgrad.in_place", "tensorgrad.creation", "tensorgrad.linalg", "tensorgrad.special", "tensorgrad.index_creation"),
    ("tensorgrad.interop", "tensorgrad.random_creation", "tensorgrad.creation_methods", "tensorgrad.porting.typed_tensors"),
    ("tensorgrad.methods",),
    ("tensorgrad.in_place.functions",),
    ("tensorgrad.drawing", "tensorgrad.profiler"),
    ("tensorgrad",),
    ("nn.parameter", "nn.atomic", "nn.seal"),
    ("nn.hooks", "nn.state", "nn.tree", "nn.locating"),
    ("nn.module",),
    ("nn.functional", "nn.init", "nn.serialization", "nn.computed"),
    ("nn.modules", "nn.optim", "nn.data"),
    ("nn.utils",),
    ("nn.func",),
    ("nn.costs",),
    ("nn.models", "nn.summary", "nn.coach"),
    ("nn.training",),
    ("nn.plots",),
    ("nn",),
    ("nn.commands",),
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
FILES = sorted([*ROOT.glob("tensorgrad/**/*.py"), *ROOT.glob("nn/**/*.py")])
MOST_LINES = 400


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    """The entry of ORDER that a module belongs to: its longest prefix there."""
    parts = module.split(".")
    for n in range(len(parts), 0, -1):
        if ".".join(parts[:n]) in RANK and (n > 1 or len(parts) == 1):
            return ".".join(parts[:n])
    raise AssertionError(f"{module} has no place in ORDER")


def imports(path: Path) -> set[str]:
    """Every module a file imports at run time, at the top or inside a function; not those under TYPE_CHECKING."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if exists(name) else node.module for name in names}
    return {name for name in found if name.split(".")[0] in ("tensorgrad", "nn")}


def exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_one_way(path):
    here = room(module_name(path))
    for imported in imports(path):
        there = room(imported)
        assert there == here or RANK[there] < RANK[here], f"{module_name(path)} may not import {imported}"


def test_the_import_check_sees_a_wrong_arrow(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from nn.module import Module\n")
    assert imports(wrong) == {"nn.module"}
    assert RANK[room("nn.module")] > RANK[room("tensorgrad.ops.shape")]


def test_importing_layers_loads_neither_data_nor_optimizers():
    """They come when they are asked for: archives, worker processes and downloads take as long as all layers."""
    code = "import sys, nn; print(*[name for name in sys.modules if name.startswith(('nn.data', 'nn.optim', 'nn.utils'))])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_files_stay_small(path):
    lines = len(path.read_text().splitlines())
    assert lines <= MOST_LINES, f"{path.name} has {lines} lines: split it by topic"


BASES = (Formula, Normalize)  # of ops


def all_ops() -> list[type[Op]]:
    for module in pkgutil.walk_packages(tensorgrad.ops.__path__, "tensorgrad.ops."):
        importlib.import_module(module.name)
    found, stack = [], [Op]
    while stack:
        for cls in stack.pop().__subclasses__():
            stack.append(cls)
            made_here = "forward" in vars(cls) or "rule" in vars(cls)  # by a kernel, whose gradient is written here
            if cls.__module__.startswith("tensorgrad.ops.") and made_here and cls not in BASES:
                found.append(cls)
    return found


def test_every_op_has_a_row_in_the_table():
    tested = {name for case in ALL for name in case.ops}
    tested |= {re.sub(r"[123]d", "Nd", name) for name in tested}  # one class for any number of spatial axes
    missing = sorted({cls.name for cls in all_ops() if cls.differentiable} - tested)
    assert not missing, f"no row in tests/op_cases names {missing}"


@pytest.mark.parametrize("cls", all_ops(), ids=lambda cls: cls.__name__)
def test_every_op_states_its_formula(cls):
    assert cls.__doc__, f"{cls.__name__} has no docstring"


@pytest.mark.parametrize("package", [tensorgrad, tensorgrad.ops, tensorgrad.autograd, nn], ids=lambda p: p.__name__)
def test_public_names_exist_and_are_unique(package):
    assert len(set(package.__all__)) == len(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/**/test_*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_test_functions_are_collected(path):
    """A top-level function in a test file is a test, a fixture, or used in that file: no test is lost to a typo."""
    tree = ast.parse(path.read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names)), "two functions of the same name: the first is lost"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_"):
            assert node.name in used or any("fixture" in ast.unparse(d) for d in node.decorator_list), node.name
