"""What to do about shapes that do not broadcast: which axis differs, and what was probably meant.

The cases that convolutional networks bring: the sum of a residual block whose shortcut has other channels or another
stride, a gate (N, C) beside images, height and width the wrong way round, halves of an odd number of channels, and an
autoencoder that gives back one row less.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Mapping

from tensorgrad import lineage

RULE = "Axes are matched from the last; each pair must be equal or have a 1."
Shape = tuple[int, ...]
Named = tuple[str, Any, Shape]  # an operand: how the message calls it, itself, its shape


def how_to_broadcast(operands: Mapping[str, Any], shapes: Mapping[str, Shape]) -> str:
    """The rule, the first pair of operands that breaks it and where, and what mends that, if it shows."""
    for a, b in combinations(shapes, 2):
        axes = differing(shapes[a], shapes[b])
        if axes:
            from_first = len(shapes[a]) if len(shapes[a]) == len(shapes[b]) else 0  # then axes have one number in both
            pairs = ", ".join(f"axis {axis + from_first} has {shapes[a][axis]} entries in {a} and {shapes[b][axis]} in {b}"
                              for axis in axes)
            fix = remedy((a, operands[a], shapes[a]), (b, operands[b], shapes[b]))
            return f"{RULE}\n  {pairs[0].upper()}{pairs[1:]}." + (f"\n  {fix}" if fix else "")
    return RULE


def differing(a: Shape, b: Shape) -> list[int]:
    """The axes, counted from the last as -1, -2, ..., whose lengths do not broadcast; those of the first axes first.

    Example
        >>> differing((2, 8, 6, 6), (2, 8)), differing((2, 1, 5), (2, 3, 5))
        ([-2, -1], [])
    """
    shared = range(-min(len(a), len(b)), 0)
    return [axis for axis in shared if a[axis] != b[axis] and 1 not in (a[axis], b[axis])]


def remedy(a: Named, b: Named) -> str:
    """What mends two shapes that do not broadcast; empty if nothing shows."""
    if 0 in (*a[2], *b[2]):
        return ""
    if len(a[2]) != len(b[2]):
        return more_axes(*sorted((a, b), key=lambda operand: len(operand[2])))
    if len(a[2]) < 3:
        return ""
    (_, _, shape_a), (name_b, _, shape_b) = a, b
    if shape_a[-2:] == shape_b[:-3:-1] and shape_a[-1] != shape_b[-1]:
        return f"Height and width are swapped: use {name_b}.transpose(-2, -1)."
    whole = halved(a[1], b[1])
    if whole:
        return (f"They are parts of one tensor, whose axis 1 has {whole} entries: "
                f"an even number, {whole - 1} or {whole + 1}, has equal halves.")
    if shape_a[0] != shape_b[0] and 1 not in (shape_a[0], shape_b[0]):
        return ""
    return other_images(a, b)


def more_axes(few: Named, many: Named) -> str:
    """Where the axes of one are axes of the other, only not its last."""
    name, _, shape = few
    rest = len(many[2]) - len(shape)
    if shape == many[2][:len(shape)]:
        return f"Put axes of length 1 after those of {name}: {name}[{', '.join([':'] * len(shape) + ['None'] * rest)}]."
    if len(shape) == 1 and len(many[2]) > 2 and shape[0] == many[2][1]:
        return f"One number per channel needs axes behind it: {name}[{', '.join([':'] + ['None'] * (rest - 1))}]."
    return ""


def other_images(a: Named, b: Named) -> str:
    """Where channels or sizes of two batches of images differ."""
    big, small = sorted((a, b), key=lambda operand: operand[2][2:], reverse=True)
    if big[2][2:] == small[2][2:]:
        shortcut, main = sorted((a, b), key=lambda operand: length(operand[1]))
        return ("In a residual sum the shortcut needs a 1×1 convolution: "
                f"{projection(shortcut[2], main[2], 1)} for {shortcut[0]}.")
    strides = {-(-m // n) for m, n in zip(big[2][2:], small[2][2:])}
    stride = strides.pop()
    if not strides and stride > 1 and all(-(-m // stride) == n for m, n in zip(big[2][2:], small[2][2:])):
        maker = origin(big[1])
        there = f"\n  If {maker} is the shortcut, set stride={stride} there." if "conv" in maker else ""
        return ("In a residual sum the shortcut needs a 1×1 convolution with the stride of the other branch:\n"
                f"  {projection(big[2], small[2], stride)} for {big[0]}.{there}")
    lacking = {m - n for m, n in zip(big[2][2:], small[2][2:])}
    maker, lack = origin(small[1]), max(lacking)
    if len(lacking) != 1 or not maker:
        return ""
    if "conv_transpose" in maker:
        return f"{maker} can make {lack} more: set output_padding={lack} there."
    half = f"{lack // 2} more padding" if lack % 2 == 0 else f"padding of {lack} cells more in all"
    return f"{maker} makes the images smaller by {lack}: give it {half} (padding='same' keeps the size), or crop {big[0]}."


def projection(shape: Shape, wanted: Shape, stride: int) -> str:
    """The layer that makes images of one shape those of another."""
    more = f", stride={stride}" if stride > 1 else ""
    return f"Conv{len(shape) - 2}d({shape[1]}, {wanted[1]}, kernel_size=1{more})"


def origin(operand: Any) -> str:
    """The op that gave an operand its shape, with its layer; empty for plain data."""
    return next((op.where for op, before in lineage.behind(operand) if op.shape != before), "")


def length(operand: Any) -> int:
    """How many ops are known to lie behind an operand."""
    return sum(1 for _ in lineage.behind(operand))


def halved(a: Any, b: Any) -> int:
    """The length of axis 1 of the tensor that both are parts of, if they are parts of one; else 0."""
    def whole(part: Any) -> Any:
        return next((op.sources[0] for op, _ in lineage.behind(part) if op.name == "part"), None)

    source = whole(a)
    return int(source.shape[1]) if source is not None and source is whole(b) and source.shape[1] % 2 else 0
