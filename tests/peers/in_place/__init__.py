"""Small programs that write in place.  Each gets a library and two leaves of shape (3, 4), and returns tensors to compare.

SAME      both libraries give the same numbers and gradients
BETTER    PyTorch refuses, in forward or because it has written over what backward needs; ours has the gradient
REFUSED   by both
"""

from __future__ import annotations

from typing import Any, Callable

Program = Callable[..., Any]
SAME: dict[str, Program] = {}
BETTER: dict[str, Program] = {}
REFUSED: dict[str, Program] = {}


def group(programs: dict[str, Program]) -> Callable[[Program], Program]:
    """The decorator that adds to these programs."""
    def add(program: Program) -> Program:
        assert program.__name__ not in programs
        programs[program.__name__] = program
        return program

    return add


same, better, refused = group(SAME), group(BETTER), group(REFUSED)
