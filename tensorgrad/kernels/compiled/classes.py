"""Softmax, its logarithm, and the cross entropy of a class, over the rows of a matrix.

A block of rows is taken through each step together, in the first-level cache: the exponential then runs over one long
array, however few columns there are.
"""

from __future__ import annotations

import numpy as np

from tensorgrad.kernels.compiled.crew import shared, slices
from tensorgrad.kernels.compiled.exponential import exp
from tensorgrad.kernels.compiled.jit import jit
from tensorgrad.kernels.compiled.rows import largest, total

BLOCK = 4096  # entries of a block of rows, about
COST = 8      # moves that an exponential takes as long as


def cross_entropy(x, classes):
    x, classes = np.ascontiguousarray(x), np.ascontiguousarray(classes, np.int64)
    losses, norms = np.empty(len(x), x.dtype), np.empty((len(x), 2), x.dtype)
    losses_of_rows(slices(len(x), COST * x.size), len(x), x, classes, losses, norms)
    return losses, norms


def cross_entropy_grad(factors, x, classes, norms):
    x, classes = np.ascontiguousarray(x), np.ascontiguousarray(classes, np.int64)
    factors = np.ascontiguousarray(factors)
    d_x = np.empty(x.shape, x.dtype)
    gradients_of_rows(slices(len(x), COST * x.size), len(x), x, classes, factors, norms, d_x)
    return d_x


def softmax(x, dim):
    return along(normalize_rows, x, dim)


def log_softmax(x, dim):
    return along(log_normalize_rows, x, dim)


def along(kernel, x, dim):
    """The kernel on rows of x that run along axis `dim`; the result lies in memory with that axis innermost."""
    order = [i for i in range(x.ndim) if i != dim] + [dim]
    rows = np.ascontiguousarray(x.transpose(order))
    y = np.empty(rows.shape, x.dtype)
    flat, out = rows.reshape(-1, x.shape[dim]) if x.size else rows.reshape(0, 1), y.reshape(-1, max(x.shape[dim], 1))
    kernel(slices(len(flat), COST * x.size), len(flat), flat, out)
    return y.transpose(np.argsort(order))


# -- over rows ---------------------------------------------------------------------------------------------------------


@jit
def exponentials(x, tops, scratch):
    """scratch = exp(x - the largest entry of its row), which goes to `tops`; all rows after one another."""
    columns, flat = x.shape[1], x.reshape(-1)
    for r in range(x.shape[0]):
        row, top = x[r], largest(flat, r * columns, columns)
        tops[r] = top
        out = scratch[r * columns:(r + 1) * columns]
        for k in range(columns):
            out[k] = row[k] - top
    used = scratch[:x.size]
    for i in range(used.size):
        used[i] = exp(used[i])


@shared
@jit
def losses_of_rows(start, stop, slice, x, classes, losses, norms):
    x, classes, losses, norms = x[start:stop], classes[start:stop], losses[start:stop], norms[start:stop]
    rows, columns = x.shape
    step = max(1, BLOCK // max(columns, 1))
    scratch = np.empty(min(step, rows) * columns, x.dtype)
    tops = np.empty(step, x.dtype)
    for first in range(0, rows, step):
        block, chosen = x[first:first + step], classes[first:first + step]
        loss, norm = losses[first:first + step], norms[first:first + step]
        exponentials(block, tops, scratch)
        for r in range(block.shape[0]):
            logarithm = np.log(total(scratch, r * columns, columns))
            norm[r, 0] = tops[r]
            norm[r, 1] = logarithm
            loss[r] = logarithm - (block[r, chosen[r]] - tops[r]) if chosen[r] >= 0 else 0.0


@shared
@jit
def gradients_of_rows(start, stop, slice, x, classes, factors, norms, d_x):
    x, classes, factors = x[start:stop], classes[start:stop], factors[start:stop]
    norms, d_x = norms[start:stop], d_x[start:stop]
    rows, columns = x.shape
    step = max(1, BLOCK // max(columns, 1))
    for first in range(0, rows, step):
        block, chosen, factor = x[first:first + step], classes[first:first + step], factors[first:first + step]
        norm, out = norms[first:first + step], d_x[first:first + step]
        for r in range(block.shape[0]):
            row, d_row, top, logarithm = block[r], out[r], norm[r, 0], norm[r, 1]
            for k in range(columns):
                d_row[k] = row[k] - top - logarithm
        flat = out.reshape(-1)
        for i in range(flat.size):
            flat[i] = exp(flat[i])
        for r in range(block.shape[0]):
            d_row, f, c = out[r], factor[r], chosen[r]
            if c < 0:
                d_row[:] = 0
            else:
                d_row[c] -= 1
                for k in range(columns):
                    d_row[k] *= f


@shared
@jit
def normalize_rows(start, stop, slice, x, y):
    x, y = x[start:stop], y[start:stop]
    rows, columns = x.shape
    step = max(1, BLOCK // max(columns, 1))
    tops = np.empty(step, x.dtype)
    for first in range(0, rows, step):
        block, out = x[first:first + step], y[first:first + step]
        exponentials(block, tops, out.reshape(-1))
        for r in range(block.shape[0]):
            row = out[r]
            share = 1 / total(row, 0, columns)
            for k in range(columns):
                row[k] *= share


@shared
@jit
def log_normalize_rows(start, stop, slice, x, y):
    x, y = x[start:stop], y[start:stop]
    rows, columns = x.shape
    step = max(1, BLOCK // max(columns, 1))
    scratch = np.empty(min(step, rows) * columns, x.dtype)
    tops = np.empty(step, x.dtype)
    for first in range(0, rows, step):
        block, out = x[first:first + step], y[first:first + step]
        exponentials(block, tops, scratch)
        for r in range(block.shape[0]):
            row, d_row, top = block[r], out[r], tops[r]
            logarithm = np.log(total(scratch, r * columns, columns))
            for k in range(columns):
                d_row[k] = row[k] - top - logarithm
