"""The op table: every module beside this file lists rows in `CASES`; `ALL` is all of them."""

from __future__ import annotations

import importlib
import pkgutil

from tests.op_cases.case import Case

ALL: list[Case] = []
for _module in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "case"):
    ALL += importlib.import_module(f"{__name__}.{_module}").CASES

_names = [case.name for case in ALL]
assert len(set(_names)) == len(_names), sorted({n for n in _names if _names.count(n) > 1})
