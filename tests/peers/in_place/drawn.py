"""Programs drawn at random: views of views, copies, and writes into any of them, in an order that a seed decides."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

VIEWS = ("row", "rows", "transposed", "flat", "unsqueezed", "steps", "last", "detached", "copy", "new axis",
         "narrowed", "picked", "split")
WRITES = ("add", "mul", "add a number", "first row", "columns", "mask", "copy_", "fill_", "leaky_relu", "same place twice",
          "from the end", "through a new axis", "masked_fill_", "index_add_", "unrecorded")


def view(t: Any, kind: str, at: int) -> Any:
    """A view of `t`, or a copy, or None where it has too few axes."""
    if not len(t.shape) and kind not in ("flat", "unsqueezed", "detached", "copy"):
        return None
    if kind == "transposed" and len(t.shape) < 2:
        return None
    return {"row": lambda: t[at % t.shape[0]], "rows": lambda: t[at % 2:], "transposed": lambda: t.transpose(0, -1),
            "flat": lambda: t.reshape(-1), "unsqueezed": lambda: t.unsqueeze(0), "steps": lambda: t[..., ::2],
            "last": lambda: t[..., -1], "detached": t.detach, "copy": lambda: t * 1,
            "new axis": lambda: t[:, None], "narrowed": lambda: t.narrow(-1, 0, 1 + at % t.shape[-1]),
            "picked": lambda: t[[at % t.shape[0], 0, -1]], "split": lambda: t.tensor_split(2, -1)[at % 2]}[kind]()


def write(lib: Any, t: Any, kind: str, numbers: Any) -> None:
    """Write into `t`, which may depend on the tensor `numbers`."""
    def shaped(like: Any) -> Any:
        return numbers.reshape(-1)[:like.numel()].reshape(tuple(like.shape))

    if kind == "add":
        t += shaped(t)
    elif kind == "mul":
        t.mul_(shaped(t))
    elif kind == "add a number":
        t += 0.5
    elif kind == "first row" and len(t.shape):
        t[0] = shaped(t[0])
    elif kind == "columns" and len(t.shape):
        t[..., 1:] = shaped(t[..., 1:])
    elif kind == "mask":
        t[t > 0.7] = 0.25
    elif kind == "copy_":
        t.copy_(shaped(t) ** 2)
    elif kind == "fill_":
        t.fill_(numbers[0, 0])
    elif kind == "same place twice" and len(t.shape):
        t[[0, -1, 0]] = shaped(t[[0, -1, 0]])
    elif kind == "from the end" and len(t.shape):
        t[..., -1] = numbers[1, 1]
    elif kind == "through a new axis" and len(t.shape):
        t[None, ..., 0] = shaped(t[..., 0])
    elif kind == "masked_fill_":
        t.masked_fill_(t < -0.5, 0.125)
    elif kind == "index_add_" and len(t.shape):
        t.index_add_(0, lib.tensor([0, t.shape[0] - 1, 0]), shaped(t[[0, -1, 0]]), alpha=0.5)
    elif kind == "unrecorded":
        with lib.no_grad():
            t.mul_(1.5)
    elif kind == "leaky_relu":
        lib.nn.functional.leaky_relu(t, 0.3, inplace=True)


def drawn(lib: Any, x: Any, w: Any, seed: int) -> list[Any]:
    """The tensors that are left when the program ends."""
    draw = random.Random(seed)
    pool = [lib.ones(3, 4, dtype=lib.float64) * 2 if draw.random() < 0.3 else x * 2]
    for _ in range(draw.randint(3, 9)):
        t = draw.choice(pool)
        if draw.random() < 0.45:
            made = view(t, draw.choice(VIEWS), draw.randrange(6))
            if made is not None and made.numel():
                pool.append(made)
            del made
        else:
            write(lib, t, draw.choice(WRITES), w)
        if len(pool) > 1 and draw.random() < 0.15:
            pool.pop(draw.randrange(len(pool)))
        del t  # what is dropped is to be gone
    return pool


def values() -> list[np.ndarray]:
    """The two leaves."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 4)), rng.normal(size=(3, 4))]
