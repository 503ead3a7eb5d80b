"""The runner of mutants makes the mistakes it says, and puts them where the code runs."""

from __future__ import annotations

import ast
import textwrap
import types

from tests.mutation.__main__ import put
from tests.mutation.mutants import mutants

SOURCE = textwrap.dedent('''
    """A module."""
    from __future__ import annotations

    __all__ = ["largest"]


    class Box:
        """A class with a method."""

        __slots__ = ("content",)
        full: bool = False

        def __init__(self, content: int = 0):
            self.content = content

        def more(self, by: int) -> int:
            """More."""
            if by < 1 and not self.content:
                raise ValueError(f"no {by}")
            return self.content + by
    ''')


def found():
    return {mutant.key: mutant for mutant in mutants(SOURCE, "box.py")}


def test_every_kind_of_mistake():
    assert sorted(key.split(" in `")[0] for key in found()) == sorted([
        "box.py:Box: constant", "box.py:Box.__init__: constant", "box.py:Box.__init__: deleted `self.content = content`",
        "box.py:Box.more: negated", "box.py:Box.more: and/or", "box.py:Box.more: comparison", "box.py:Box.more: constant",
        "box.py:Box.more: not dropped", "box.py:Box.more: deleted `raise ValueError(f'no {by}')`",
        "box.py:Box.more: returns None", "box.py:Box.more: arithmetic"])


def test_each_is_one_change():
    for mutant in mutants(SOURCE, "box.py"):
        before, after = ast.unparse(ast.parse(SOURCE)).splitlines(), ast.unparse(mutant.tree).splitlines()
        assert sum(a != b for a, b in zip(before, after)) == 1, mutant.key


def test_a_mutant_reaches_objects_that_exist():
    module = types.ModuleType("box")
    module.__file__ = "box.py"
    exec(compile(SOURCE, "box.py", "exec"), module.__dict__)
    box, more = module.Box(3), module.Box.more
    assert box.more(2) == 5
    (changed,) = [mutant for key, mutant in found().items() if "arithmetic" in key]
    put(changed.tree, module)
    assert box.more(2) == 1 and more(box, 2) == 1
