"""The three small matrices of Winograd's F(4×4, 3×3), as vector code.

A 4×4 block of outputs of a 3×3 convolution needs 16 · 9 = 144 multiplications per pair of channels; Winograd's way
needs 36:

    y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ x B) ] A          x: 6×6 inputs, w: 3×3 weights, y: 4×4 outputs

The interpolation points are 0, ±√½, ±√2 and ∞; the usual 0, ±1, ±2, ∞ need as many operations and lose twice as many
digits.

Source
    Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016; the matrices follow from the points by
    the
    Toom-Cook construction.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import I1, Vectors

i64 = types.int64

P, Q = 0.5**0.5, 2.0**0.5  # the points are 0, ±P, ±Q, ∞
P2, Q2 = 0.5, 2.0
NP, NQ = 2 * P2 * (P2 - Q2), 2 * Q2 * (Q2 - P2)  # what the polynomials of P and of Q are divided by


def input_line(v: Vectors, d: list) -> list:
    """Bᵀ d: six inputs at the six points."""
    f = lambda scale, x, y: v.fma(v.constant(scale), x, y)  # noqa: E731
    even_p, odd_p = f(-Q2, d[2], d[4]), f(-Q2, d[1], d[3])
    even_q, odd_q = f(-P2, d[2], d[4]), f(-P2, d[1], d[3])
    return [f(P2 * Q2, d[0], f(-(P2 + Q2), d[2], d[4])),
            f(P, odd_p, even_p), f(-P, odd_p, even_p), f(Q, odd_q, even_q), f(-Q, odd_q, even_q),
            f(P2 * Q2, d[1], f(-(P2 + Q2), d[3], d[5]))]


def weight_line(v: Vectors, g: list) -> list:
    """G g: three weights at the six points."""
    f = lambda scale, x, y: v.fma(v.constant(scale), x, y)  # noqa: E731
    scaled = lambda scale, x: v.b.fmul(v.constant(scale), x)  # noqa: E731
    even_p, even_q = scaled(1 / NP, f(P2, g[2], g[0])), scaled(1 / NQ, f(Q2, g[2], g[0]))
    return [scaled(1 / (P2 * Q2), g[0]), f(P / NP, g[1], even_p), f(-P / NP, g[1], even_p),
            f(Q / NQ, g[1], even_q), f(-Q / NQ, g[1], even_q), g[2]]


def output_line(v: Vectors, m: list) -> list:
    """Aᵀ m: six points to four outputs."""
    f = lambda scale, x, y: v.fma(v.constant(scale), x, y)  # noqa: E731
    scaled = lambda scale, x: v.b.fmul(v.constant(scale), x)  # noqa: E731
    sum_p, difference_p = v.b.fadd(m[1], m[2]), v.b.fsub(m[1], m[2])
    sum_q, difference_q = v.b.fadd(m[3], m[4]), v.b.fsub(m[3], m[4])
    return [v.b.fadd(m[0], v.b.fadd(sum_p, sum_q)), f(Q, difference_q, scaled(P, difference_p)),
            f(Q2, sum_q, scaled(P2, sum_p)), f(Q**3, difference_q, f(P**3, difference_p, m[5]))]


def output_line_transposed(v: Vectors, y: list) -> list:
    """A y: four outputs' gradients at the six points."""
    f = lambda scale, x, z: v.fma(v.constant(scale), x, z)  # noqa: E731
    even_p, odd_p = f(P2, y[2], y[0]), f(P2, y[3], y[1])
    even_q, odd_q = f(Q2, y[2], y[0]), f(Q2, y[3], y[1])
    return [y[0], f(P, odd_p, even_p), f(-P, odd_p, even_p), f(Q, odd_q, even_q), f(-Q, odd_q, even_q), y[3]]


def weight_line_transposed(v: Vectors, u: list) -> list:
    """Gᵀ u: six points to the gradients of three weights."""
    f = lambda scale, x, y: v.fma(v.constant(scale), x, y)  # noqa: E731
    scaled = lambda scale, x: v.b.fmul(v.constant(scale), x)  # noqa: E731
    sum_p, sum_q = v.b.fadd(u[1], u[2]), v.b.fadd(u[3], u[4])
    return [f(1 / NQ, sum_q, f(1 / NP, sum_p, scaled(1 / (P2 * Q2), u[0]))),
            f(Q / NQ, v.b.fsub(u[3], u[4]), scaled(P / NP, v.b.fsub(u[1], u[2]))),
            f(Q2 / NQ, sum_q, f(P2 / NP, sum_p, u[5]))]


def make_transform(line, n_in: int, n_out: int, edge: str = "", add: bool = False):
    """Apply `line` to the columns and then the rows of one n_in × n_in block of vectors.

    Entry (i, j) is read at ``x[at + i·row + j·column]`` and written at ``y[to + i·to_row + j·to_column]``.  `edge`
    "in" or "out": of the entries on that side only those count whose bits are set in both `rows` and `columns`;
    others read as 0, or are written to `spare`.  `add`: ``bias[b : + lanes]`` is added to every entry.
    """

    @intrinsic
    def transform(typing, x, at, row, column, y, to, to_row, to_column, bias, b, rows, columns, spare):
        signature = types.void(x, i64, i64, i64, y, i64, i64, i64, bias, i64, i64, i64, spare)

        def codegen(context, builder, signature, args):
            x, at, row, column, y, to, to_row, to_column, bias, b, rows, columns, spare = args
            t = signature.args
            v = Vectors(context, builder, t[0].dtype)
            source, target, elsewhere = v.array(t[0], x, at), v.array(t[4], y, to), v.array(t[12], spare)
            n_edge = n_in if edge == "in" else n_out
            bit = lambda bits, i: builder.trunc(builder.lshr(bits, v.int(i)), I1)  # noqa: E731
            row_counts = [bit(rows, i) for i in range(n_edge)] if edge else []
            column_counts = [bit(columns, j) for j in range(n_edge)] if edge else []

            def place(start, i, step, j, cell, side):
                pointer = v.at(start, builder.add(builder.mul(step, v.int(i)), builder.mul(cell, v.int(j))))
                if edge != side:
                    return pointer
                return builder.select(builder.and_(row_counts[i], column_counts[j]), pointer, elsewhere)

            columns_done = [line(v, [v.load(place(source, i, row, j, column, "in")) for i in range(n_in)])
                            for j in range(n_in)]
            added = v.load(v.array(t[8], bias, b)) if add else None
            for i in range(n_out):
                done = line(v, [columns_done[j][i] for j in range(n_in)])
                for j in range(n_out):
                    value = builder.fadd(done[j], added) if add else done[j]
                    v.store(value, place(target, i, to_row, j, to_column, "out"))
            return context.get_dummy_value()

        return signature, codegen

    return transform
