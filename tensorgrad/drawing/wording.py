"""How shapes, settings, counts and gradients read in a drawing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["value_text", "option_texts", "gradient_text", "count", "quantity", "number_text", "shorten", "NOT_COMPUTED"]

NOT_COMPUTED = "grad not computed"

# Settings that say nothing when they have these values, and settings that the shape on the edge says already.
USUAL = {"stride": 1, "dilation": 1, "padding": 0, "groups": 1, "output_padding": 0, "alpha": 1,
         "padding_mode": "zeros", "value": 0, "eps": 1e-5}
SHOWN_ELSEWHERE = {"to_shape", "from_shape", "input_shape", "keeps", "shape", "size"}
SIZES, KERNELS = ("stride", "padding", "dilation", "output_padding", "output_size"), ("kernel", "kernel_size")
LONGEST_OPTION = 34


def value_text(shape: tuple[int, ...], dtype: str) -> str:
    """Shape and dtype as error messages write them; the dtype may be unknown, "".

    Example
        >>> value_text((8, 3, 32, 32), "float32"), value_text((), "float64")
        ('(8, 3, 32, 32) float32', '() float64')
    """
    return f"{tuple(shape)} {dtype}".rstrip()


def option_texts(options: dict[str, Any]) -> list[str]:
    """The settings worth reading, as ``name value``; those at their usual value are left out.

    Example
        >>> option_texts({"stride": (2, 2), "padding": (0, 0), "dilation": 1, "kernel": (3, 5), "dim": (1, 2), "eps": None})
        ['stride 2', 'kernel 3×5', 'dim 1, 2']
    """
    texts = []
    for name, value in options.items():
        value = plain(name, value)
        if name in SHOWN_ELSEWHERE or value is None or value is False or value == () or value == "":
            continue
        if value == USUAL.get(name, USUAL) and value is not True:
            continue
        if name in (*SIZES, *KERNELS) and isinstance(value, tuple) and all(type(v) is int for v in value):
            shown = "×".join(map(str, value))
        else:
            shown = setting(value)
        text = name if value is True else f"{name} {shown}"
        texts.append(shorten(text, LONGEST_OPTION))
    return texts


def plain(name: str, value: Any) -> Any:
    """A NumPy scalar as a Python one, equal sizes along all axes as one number, except for kernels."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list):
        value = tuple(value)
    if name in SIZES and isinstance(value, tuple) and len(value) > 1 and len(set(map(repr, value))) == 1:
        return value[0]
    return value


def setting(value: Any) -> str:
    """One value of a setting, without the brackets of tuples."""
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, (np.dtype, str)):
        return str(value)
    if isinstance(value, tuple):
        return ", ".join(map(setting, value))
    if isinstance(value, slice):
        parts = (value.start, value.stop) if value.step is None else (value.start, value.stop, value.step)
        return ":".join("" if part is None else str(part) for part in parts)
    return getattr(value, "__name__", None) or ("…" if value is Ellipsis else repr(value))


def number_text(value: float) -> str:
    """Four significant digits.

    Example
        >>> number_text(2.302585), number_text(0.0), number_text(1e-9)
        ('2.303', '0', '1e-09')
    """
    return f"{value:.4g}"


def gradient_text(norms: list[float | None]) -> str:
    """The norm of a gradient, the range of several, or "grad not computed"; a missing gradient is never 0.

    Example
        >>> gradient_text([None]), gradient_text([0.0125]), gradient_text([1.0, 2.0])
        ('grad not computed', 'grad norm 0.0125', 'grad norm 1 – 2')
    """
    found = [norm for norm in norms if norm is not None]
    if not found:
        return NOT_COMPUTED
    odd = [norm for norm in found if math.isnan(norm)]
    low, high = number_text(min(odd or found)), number_text(max(odd or found))
    text = f"grad norm {low}" if low == high else f"grad norm {low} – {high}"
    missing = len(norms) - len(found)
    return text + (f" ({missing} of {len(norms)} not computed)" if missing else "")


def count(n: int, noun: str) -> str:
    """``1 operation``, ``1,200 operations``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def quantity(n: float) -> str:
    """A large number in three digits.

    Example
        >>> quantity(850), quantity(61_706), quantity(2.5e9)
        ('850', '61.7 k', '2.5 G')
    """
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n:.3g}"


def shorten(text: str, longest: int) -> str:
    """`text` on one line, with its middle left out where it is longer than `longest`."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    tail = longest // 3
    return f"{text[:longest - tail - 1]}…{text[-tail:]}"
