"""Small parameters updated as one array: for a few hundred numbers a step costs its calls, not its arithmetic."""

from __future__ import annotations

from typing import Any, Callable, Mapping

import numpy as np

from tensorgrad.tensor import Tensor

__all__ = ["bundles", "update_as_one"]

SMALL = 4096  # entries up to which copying a parameter is cheaper than a step of its own

Entry = tuple[Tensor, np.ndarray, dict[str, Any]]  # a parameter, its gradient, its group


def bundles(entries: list[Entry], state: Mapping[Tensor, dict[str, Any]]) -> list[list[Entry]]:
    """The entries in lists: small parameters of one group, dtype and history together, every other alone."""
    found: dict[Any, list[Entry]] = {}
    for entry in entries:
        p, _, group = entry
        array = p.array
        if array.size > SMALL:
            found[p] = [entry]
        else:
            history = state[p]
            key = (id(group), array.dtype, history.get("step"), *history)
            found.setdefault(key, []).append(entry)
    return list(found.values())


def update_as_one(update: Callable[..., None], entries: list[Entry], state: Mapping[Tensor, dict[str, Any]]) -> None:
    """Run an optimizer's `update`, whose rule works entry by entry, on all parameters of a bundle put end to end."""
    arrays, states = [p.array for p, _, _ in entries], [state[p] for p, _, _ in entries]
    joint = {name: end_to_end([s[name] for s in states]) if isinstance(value, np.ndarray) else value
             for name, value in states[0].items()}
    param = end_to_end(arrays)
    update(param, end_to_end([grad for _, grad, _ in entries]), joint, entries[0][2])
    start = 0
    for array, own in zip(arrays, states):
        stop, shape = start + array.size, array.shape
        array[...] = param[start:stop].reshape(shape)
        for name, value in joint.items():
            if not isinstance(value, np.ndarray):
                own[name] = value
                continue
            if name not in own:
                own[name] = np.empty_like(array)
            own[name][...] = value[start:stop].reshape(shape)
        start = stop


def end_to_end(arrays: list[np.ndarray]) -> np.ndarray:
    """All entries of all arrays, each in row-major order."""
    return np.concatenate([a.ravel() for a in arrays])
