"""Matrix products, as in dense layers: the matrices are read where they lie.

BLAS copies them into an order of its own first, which takes a third of the time where one has some ten rows, and it splits
its work over threads of its own, which do not go with ours.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.dense_tiles import DOT_COLUMNS, DOT_ROWS, dot_tile, make_row_tile
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.tiles import ROWS, VECTORS
from tensorgrad.kernels.compiled.vectors import lanes, transpose
from tensorgrad.kernels.reference import dense as reference

LEAST = 4          # rows and columns of a result; with fewer, all is a matter of reading one matrix once
LITTLE = 1 << 17   # multiplications up to which NumPy's call is the cheaper one
MANY = 160         # rows from which it pays to transpose the other matrix, rather than to add up vectors at the end of a sum
DEPTH = 512        # terms of a sum at a time: what belongs to them stays in the second-level cache
ROWS_AT_ONCE = 96  # the same for rows

R_FULL, R_TWO, R_ONE = ROWS[VECTORS], ROWS[2], ROWS[1]
row_full, row_two, row_one = (make_row_tile(R_FULL, VECTORS, False), make_row_tile(R_TWO, 2, True),
                              make_row_tile(R_ONE, 1, True))


def matmul(a, b):
    m, k = a.shape
    n = b.shape[1]
    if m * n * k <= LITTLE or m < LEAST or n < LEAST or k == 1 or a.dtype is not b.dtype:
        return reference.matmul(a, b)
    if b.flags.c_contiguous:
        if a.flags.c_contiguous:
            return rows_times(a, k, 1, b, np.zeros(n, a.dtype))
        if a.flags.f_contiguous:
            return rows_times(a, 1, m, b, np.zeros(n, a.dtype))
    elif b.flags.f_contiguous and a.flags.c_contiguous and k >= lanes(a.dtype.itemsize):
        return rows_times_transposed(a, b.T, np.zeros(n, a.dtype))
    return reference.matmul(a, b)


def linear(x, weight, bias):
    (m, k), n = x.shape, len(weight)
    if (m * n * k <= LITTLE or m < LEAST or n < LEAST or k < lanes(x.dtype.itemsize) or x.dtype is not weight.dtype
            or not x.flags.c_contiguous or not weight.flags.c_contiguous):
        return reference.linear(x, weight, bias)
    return rows_times_transposed(x, weight, np.zeros(n, x.dtype) if bias is None else np.ascontiguousarray(bias, x.dtype))


def rows_times(a: np.ndarray, row_a: int, step_a: int, b: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """``a · b + bias``; a[m, k] is entry m · row_a + k · step_a of its memory, b is in C order."""
    (m, k), n = a.shape, b.shape[1]
    y = np.empty((m, n), a.dtype)
    lane = lanes(a.dtype.itemsize)
    by_rows = m >= 2 * n
    units = -(-m // R_FULL) if by_rows else -(-n // lane)
    multiply(slices(units, m * n * k), units, by_rows, a.ravel("K"), row_a, step_a, m, b.reshape(-1), k, n, bias,
             y.reshape(-1), lane)
    return y


def rows_times_transposed(a: np.ndarray, b: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """``a · bᵀ + bias``, both in C order."""
    (m, k), n = a.shape, len(b)
    if m >= MANY:
        return rows_times(a, k, 1, transposed(b), bias)
    y = np.empty((m, n), a.dtype)
    units = -(-n // DOT_COLUMNS)
    multiply_dots(slices(units, m * n * k), units, a.reshape(-1), m, b.reshape(-1), k, n, bias, y.reshape(-1))
    return y


def transposed(x: np.ndarray) -> np.ndarray:
    """``x.T`` in C order."""
    (m, n), lane = x.shape, lanes(x.dtype.itemsize)
    y = np.empty((n, m), x.dtype)
    units = -(-n // lane)
    turn(slices(units, 4 * x.size), units, x, y, lane)
    return y


@shared
@jit
def turn(first, last, slice, x, y, lane):
    """y = xᵀ, by columns of x in units of `lane`."""
    rows, columns = x.shape
    source, target = x.reshape(-1), y.reshape(-1)
    whole = rows // lane * lane
    for j in range(first * lane, min(columns, last * lane), lane):
        if columns - j >= lane:
            for i in range(0, whole, lane):
                transpose(source, i * columns + j, columns, lane, target, j * rows + i, rows, lane)
        for jj in range(j, min(columns, j + lane)):
            for i in range(whole if columns - j >= lane else 0, rows):
                y[jj, i] = x[i, jj]


@shared
@jit
def multiply_dots(first, last, slice, a, rows, b, count, columns, bias, y):
    """Columns of a (rows, count) · bᵀ (columns, count) + bias, in units of `DOT_COLUMNS`."""
    until = min(columns, last * DOT_COLUMNS)
    for m0 in range(0, rows, ROWS_AT_ONCE):
        m1 = min(rows, m0 + ROWS_AT_ONCE)
        k = 0
        while k < count:
            depth = DEPTH if count - k >= 2 * DEPTH else count - k  # no piece is shorter than a vector
            for n in range(first * DOT_COLUMNS, until, DOT_COLUMNS):
                width = min(DOT_COLUMNS, until - n)
                for m in range(m0, m1, DOT_ROWS):
                    dot_tile(a, m * count + k, count, b, n * count + k, count, depth, bias, n, y, m * columns + n, columns,
                             min(DOT_ROWS, m1 - m), width, k == 0)
            k += depth


@shared
@jit
def multiply(first, last, slice, by_rows, a, row_a, step_a, rows, b, count, columns, bias, y, lane):
    """Rows, in units of `R_FULL`, or columns, in units of `lane`, of a (rows, count) · b (count, columns) + bias."""
    m0, m1, n0, n1 = 0, rows, first * lane, min(columns, last * lane)
    if by_rows:
        m0, m1, n0, n1 = first * R_FULL, min(rows, last * R_FULL), 0, columns
    for k in range(0, count, DEPTH):
        depth, start = min(DEPTH, count - k), k == 0
        n = n0
        while n < n1:
            left, here = n1 - n, k * columns + n
            if left >= VECTORS * lane:
                for m in range(m0, m1, R_FULL):
                    row_full(a, m * row_a + k * step_a, row_a, step_a, depth, b, here, columns, bias, n,
                             y, m * columns + n, columns, min(R_FULL, m1 - m), 0, start)
                n += VECTORS * lane
            elif left > lane:
                for m in range(m0, m1, R_TWO):
                    row_two(a, m * row_a + k * step_a, row_a, step_a, depth, b, here, columns, bias, n,
                            y, m * columns + n, columns, min(R_TWO, m1 - m), min(left, 2 * lane), start)
                n += 2 * lane
            else:
                for m in range(m0, m1, R_ONE):
                    row_one(a, m * row_a + k * step_a, row_a, step_a, depth, b, here, columns, bias, n,
                            y, m * columns + n, columns, min(R_ONE, m1 - m), left, start)
                n += lane
