"""Small parameters updated as one array: for a few hundred numbers a step costs its calls, not its arithmetic."""

from __future__ import annotations

from typing import Any, Callable, Mapping

import numpy as np

from tensorgrad.tensor import Tensor

__all__ = ["Bundle", "bundles"]

SMALL = 4096  # entries up to which copying a parameter is cheaper than a step of its own

Entry = tuple[Tensor, np.ndarray, dict[str, Any]]  # a parameter, its gradient, its group
States = list[dict[str, Any]]                      # what an optimizer remembers of each parameter of a bundle


def bundles(entries: list[Entry], state: Mapping[Tensor, dict[str, Any]]) -> list[list[Entry]]:
    """The entries in lists: small parameters of one group, dtype and history together, every other alone."""
    found: dict[Any, list[Entry]] = {}
    for entry in entries:
        p, _, group = entry
        array = p.array
        if not 0 < array.size <= SMALL or not array.flags.c_contiguous:
            found[p] = [entry]
        else:
            history = state[p]
            key = (id(group), array.dtype.char, history.get("step"), *history)
            if key in found:
                found[key].append(entry)
            else:
                found[key] = [entry]
    return list(found.values())


class Bundle:
    """Small parameters put end to end, so that a rule which works entry by entry runs once for all of them.

    Parameters and gradients are copied at each step.  What the optimizer remembers of them stays where it is: its arrays
    become views of joint arrays, and are joined again if anybody has put others in their place.
    """

    __slots__ = ("shapes", "ends", "param", "grad", "parts", "joint")

    def __init__(self, arrays: list[np.ndarray]):
        self.shapes = [array.shape for array in arrays]
        self.ends = np.cumsum([array.size for array in arrays]).tolist()
        self.param, self.grad = np.empty((2, self.ends[-1]), arrays[0].dtype)
        self.parts = self.views(self.param)
        self.joint: dict[str, tuple[np.ndarray, list[np.ndarray]]] = {}

    def views(self, row: np.ndarray) -> list[np.ndarray]:
        """The pieces of a joint array that belong to each parameter."""
        starts = [0, *self.ends]
        return [row[start:end].reshape(shape) for start, end, shape in zip(starts, self.ends, self.shapes)]

    def update(self, rule: Callable[..., None], entries: list[Entry], states: States) -> None:
        """Run an optimizer's `update` on all parameters at once."""
        remembered = {name: self.joined(name, states) if isinstance(value, np.ndarray) else value
                      for name, value in states[0].items()}
        np.concatenate([p.array.reshape(-1) for p, _, _ in entries], out=self.param)
        np.concatenate([grad.reshape(-1) for _, grad, _ in entries], out=self.grad)
        rule(self.param, self.grad, remembered, entries[0][2])
        for (p, _, _), part in zip(entries, self.parts):
            p.array[...] = part
        for name, value in remembered.items():
            if not isinstance(value, np.ndarray):
                for state in states:
                    state[name] = value
            elif name not in self.joint or self.joint[name][0] is not value:
                self.hand_out(name, value, states)

    def joined(self, name: str, states: States) -> np.ndarray:
        """The array of which the buffers of that name are the pieces."""
        if name in self.joint:
            row, views = self.joint[name]
            # A copy of an optimizer has copies of the views, which are no views.
            if views[0].base is row and all([state[name] is view for state, view in zip(states, views)]):
                return row
        row = np.concatenate([state[name].reshape(-1) for state in states])
        self.hand_out(name, row, states)
        return row

    def hand_out(self, name: str, row: np.ndarray, states: States) -> None:
        """Let the buffers of that name be pieces of `row` from now on."""
        views = self.views(row)
        self.joint[name] = row, views
        for state, view in zip(states, views):
            state[name] = view
