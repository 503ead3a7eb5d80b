"""Drawings of recorded graphs: `draw` gives a `Drawing`.

Reading order: `record` reads a graph, `groups` sorts its operations into layers, `folding` and `collapse` decide what is
drawn once or as one box, `compose` makes a `picture` of it: boxes, frames and arrows.  `layout` gives them places, frame
by frame (`footprint`, `ranks`, `ordering`, `places`), and `scene` colours.  `svg` and `raster` write a scene; `dot` and
`text` write a picture, without places.

SVG needs no program and no package: the layout is our own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorgrad.errors import ArgumentError, DtypeError
from tensorgrad.tensor import Tensor

if TYPE_CHECKING:
    from tensorgrad.drawing.drawing import Drawing

__all__ = ["Drawing", "draw"]


def __getattr__(name: str) -> Any:
    """`Drawing`, imported when it is first asked for: `import tensorgrad` does not wait for drawings."""
    if name == "Drawing":
        from tensorgrad.drawing.drawing import Drawing

        return Drawing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def draw(tensor: Any, *tensors: Any, direction: str = "TB", show_shapes: bool = True, depth: int | None = None,
         collapse: bool | str = "auto", highlight: str | None = None) -> Drawing:
    """The graph by which tensors were computed, as a `Drawing`.

    Operations stand in frames of the layer they ran in, with shape and dtype of what leaves them; parameters show the norm
    of their gradient once it is computed.  Backward does not have to be ahead: a graph that it freed can still be drawn.

    Arguments
        tensor, *tensors   what was computed; a list works too
        direction          "TB" from top to bottom, "LR" from left to right
        show_shapes        False leaves shapes and dtypes to the tooltips
        depth              layers nested this deep are one box each: 1 draws ``features`` as a box, 2 ``features.0``
        collapse           "auto" folds an op that follows itself many times, and, in graphs too large to read, repeated
                           layers and whole layers; True folds every repeat; False draws every operation
        highlight          "cost" shades operations by their forward work, estimated from the shapes

    Raises
        DtypeError      something that is no tensor
        ArgumentError   an option that means nothing here

    Example
        >>> import tensorgrad
        >>> w = tensorgrad.tensor([1.0, 2.0], requires_grad=True, name="w")
        >>> drawing = draw((w * w).sum())
        >>> drawing
        <Drawing of 2 operations, 1 tensor>
        >>> print(drawing)
        2 operations, 1 tensor
        tensor w                                                          (2,) float32  grad not computed
        [1] mul(w, w)                                                     (2,) float32
        [2] sum([1])  dim 0                                               () float32
        output = [2]                                                      () float32  = 5
    """
    asked = [tensor, *tensors]
    if len(asked) == 1 and isinstance(tensor, (list, tuple)):
        asked = list(tensor)
    check(asked, direction, depth, collapse, highlight)
    from tensorgrad.drawing.collapse import arrange
    from tensorgrad.drawing.compose import compose
    from tensorgrad.drawing.drawing import Drawing
    from tensorgrad.drawing.record import record

    found = record(asked)
    return Drawing(compose(found, *arrange(found, depth, collapse), show_shapes), direction, highlight)


def check(tensors: list[Any], direction: Any, depth: Any, collapse: Any, highlight: Any) -> None:
    """Raise an error for what cannot be drawn."""
    if not tensors:
        raise ArgumentError("draw: there is no tensor in the list.\n  Pass what a model or a loss returned.")
    for tensor in tensors:
        if isinstance(tensor, Tensor):
            continue
        module = hasattr(tensor, "forward")
        fix = "A graph is recorded as a model runs: draw(model(x))." if module else "Pass what a model or a loss returned."
        raise DtypeError(f"draw: expects tensors, got {'the model' if module else 'a'} {type(tensor).__name__}.\n  {fix}")
    if direction not in ("TB", "LR"):
        raise ArgumentError(f"draw: direction={direction!r} is unknown.\n  Use 'TB' (top to bottom) or 'LR' (to the right).")
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 1):
        raise ArgumentError(f"draw: depth={depth!r} is no depth of layers.\n  Use 1 for whole top layers, 2, ..., or None.")
    if collapse not in ("auto", True, False) or not isinstance(collapse, (str, bool)):
        raise ArgumentError(f"draw: collapse={collapse!r} is unknown.\n  Use 'auto', True or False.")
    if highlight not in (None, "cost"):
        raise ArgumentError(f"draw: highlight={highlight!r} is unknown.\n  Use 'cost' or None.")
