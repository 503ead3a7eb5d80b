"""The runner of mutants makes the mistakes it says, and puts them where the code runs."""

from __future__ import annotations

import ast
import textwrap
import types

from tests.mutation.loading import put
from tests.mutation.mutants import mutants
from tests.mutation.reach import Reach

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
    module = loaded(SOURCE)
    box, more = module.Box(3), module.Box.more
    assert box.more(2) == 5
    (changed,) = [mutant for key, mutant in found().items() if "arithmetic" in key]
    put(changed.tree, module)
    assert box.more(2) == 1 and more(box, 2) == 1


def loaded(source: str, path: str = "box.py") -> types.ModuleType:
    module = types.ModuleType("box")
    module.__file__ = path
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def test_a_mutant_reaches_what_a_factory_has_made():
    source = "def factory():\n    def inner():\n        return 1\n    return inner\n"
    module = loaded(source, "factory.py")
    inner = module.factory()
    (changed,) = [mutant for mutant in mutants(source, "factory.py") if "constant" in mutant.key]
    put(changed.tree, module)
    assert inner() == 2


def test_a_function_that_loses_its_outer_variable_is_changed_too():
    source = ("class Base:\n    def __init__(self):\n        self.ready = True\n"
              "class Part(Base):\n    def __init__(self):\n        super().__init__()\n")
    module = loaded(source)
    assert module.Part().ready
    (changed,) = [mutant for mutant in mutants(source, "box.py") if "deleted `super" in mutant.key]
    put(changed.tree, module)
    assert not hasattr(module.Part(), "ready")


def test_only_tests_that_reach_the_change_are_run():
    source = "def one(x=1):\n    if x:\n        x = 3\n    return x\n\n\ndef two():\n    return 2\n"
    module, reach = loaded(source), Reach({"box.py"})
    reach.watch("no branch", lambda: module.one(0))
    reach.watch("branch", module.one)
    reach.watch("other", module.two)
    reached = {mutant.key.split(": ", 1)[1]: reach.tests("box.py", *mutant.lines) for mutant in mutants(source, "box.py")}
    assert reached["constant in `x = 3`"] == reached["deleted `x = 3` in `if x:`"] == ["branch"]
    assert sorted(reached["negated in `if x:`"]) == sorted(reached["returns None in `return x`"]) == ["branch", "no branch"]
    assert sorted(reached["constant in `def one(x=1):`"]) == ["branch", "no branch"]
    assert reached["returns None in `return 2`"] == ["other"]
