"""By what function of tensorgrad an operator of ONNX is computed: ``OPERATORS[name](*inputs, **attributes)``.

An input that is left out is None; attributes have ONNX's names and defaults.
"""

from __future__ import annotations

from typing import Any, Callable

from tests.peers.onnx.operators import (activations, creating, elementwise, images, indexing, losses, normalization, pooling,
                                        products, reducing, shaping)

__all__ = ["OPERATORS"]

OPERATORS: dict[str, Callable[..., Any]] = {}
for family in (activations, creating, elementwise, images, indexing, losses, normalization, pooling, products, reducing,
               shaping):
    OPERATORS |= family.OPERATORS
