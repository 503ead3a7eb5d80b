"""The three small matrices of Winograd's F(4×4, 3×3) and F(2×2, 5×5), as vector code.

A 4×4 block of outputs of a 3×3 convolution needs 16 · 9 = 144 multiplications per pair of channels, a 2×2 block of a
5×5 convolution 4 · 25 = 100; Winograd's way needs 36 for either:

    y = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ x B) ] A          x: 6×6 inputs, w: K×K weights, y: (7 - K)×(7 - K) outputs

G evaluates polynomials with K coefficients at six points, A those with 7 - K, and B depends on the points alone.  These
are 0, ±√½, ±√2 and ∞; the usual 0, ±1, ±2, ∞ need as many operations and lose twice as many digits.

Source
    Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016; the matrices follow from the points by the
    Toom-Cook construction.
"""

from __future__ import annotations

from typing import Any, Callable

from numba import types
from numba.extending import intrinsic

from tensorgrad.kernels.compiled.vectors import I1, Vectors

i64 = types.int64

P, Q = 0.5**0.5, 2.0**0.5  # the points are 0, ±P, ±Q, ∞
P2, Q2 = 0.5, 2.0
DIVISORS = {0: P2 * Q2, P: 2 * P2 * (P2 - Q2), Q: 2 * Q2 * (Q2 - P2)}  # of the values at 0, at ±P and at ±Q

Line = Callable[[Vectors, list], list]


def input_line(v: Vectors, d: list) -> list:
    """Bᵀ d: six inputs at the six points."""
    f = lambda scale, x, y: v.fma(v.constant(scale), x, y)  # noqa: E731
    even_p, odd_p = f(-Q2, d[2], d[4]), f(-Q2, d[1], d[3])
    even_q, odd_q = f(-P2, d[2], d[4]), f(-P2, d[1], d[3])
    return [f(P2 * Q2, d[0], f(-(P2 + Q2), d[2], d[4])),
            f(P, odd_p, even_p), f(-P, odd_p, even_p), f(Q, odd_q, even_q), f(-Q, odd_q, even_q),
            f(P2 * Q2, d[1], f(-(P2 + Q2), d[3], d[5]))]


def at_points(count: int, divide: bool) -> Line:
    """The polynomial with these `count` coefficients at the six points: A y, or, over the divisors, G g."""
    def line(v: Vectors, values: list) -> list:
        result = [v.b.fmul(v.constant(1 / DIVISORS[0] if divide else 1), values[0])]
        for point in (P, Q):
            even: list[Any] = []
            odd: list[Any] = []
            for start, total in ((0, even), (1, odd)):
                for k in range(start, count, 2):
                    scale = v.constant(point**(k - start) / (DIVISORS[point] if divide else 1))
                    total.append(v.fma(scale, values[k], total[-1]) if total else v.b.fmul(scale, values[k]))
            result += [v.fma(v.constant(sign * point), odd[-1], even[-1]) for sign in (1, -1)]
        return [*result, values[-1]]

    return line


def at_points_transposed(count: int, divide: bool) -> Line:
    """From six points to `count` values: Aᵀ m, or, over the divisors, Gᵀ u."""
    def line(v: Vectors, m: list) -> list:
        result = []
        for k in range(count):
            terms = [v.b.fmul(v.constant(1 / DIVISORS[0] if divide else 1), m[0])] if k == 0 else []
            terms += [m[5]] if k == count - 1 else []
            for point, here, opposite in ((P, m[1], m[2]), (Q, m[3], m[4])):
                scale = v.constant(point**k / (DIVISORS[point] if divide else 1))
                both = v.b.fsub(here, opposite) if k % 2 else v.b.fadd(here, opposite)
                terms.append(v.fma(scale, both, terms[-1]) if terms else v.b.fmul(scale, both))
            result.append(terms[-1])
        return result

    return line


def make_transform(line: Line, n_in: int, n_out: int, edge: str = "", add: bool = False):
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
