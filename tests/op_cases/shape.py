"""Rows for `tensorgrad.ops.shape`, `repetition` and `windows`."""

import numpy as np

from tensorgrad.ops.windows import AddWindows
from tests.op_cases.case import Case, fixed, normal


def windows_of(x, axis, size, step):
    """Every window of `size` entries along `axis`, `step` apart, as a last axis."""
    starts = range(0, x.shape[axis] - size + 1, step)
    return np.stack([np.moveaxis(x.take(range(i, i + size), axis), axis, -1) for i in starts], axis)


def windows_added(x, step, n):
    """Windows along the last axis but one of matrices, added up into `n` entries."""
    out = np.zeros((x.shape[0], n))
    for i, k in np.ndindex(x.shape[1:]):
        out[:, i * step + k] += x[:, i, k]
    return out


CASES = [
    Case("reshape", lambda lib, x: lib.reshape(x, (4, -1)), (normal(2, 3, 4),), lambda x: x.reshape(4, 6)),
    Case("reshape-method", lambda lib, x: x.reshape(3, -1), (normal(2, 3),), lambda x: x.reshape(3, 2)),
    Case("reshape-to_number", lambda lib, x: lib.reshape(x, ()), (normal(1, 1),), lambda x: x.reshape(())),
    Case("flatten", lambda lib, x: lib.flatten(x, 1), (normal(2, 3, 4),), lambda x: x.reshape(2, 12), ops=("reshape",)),
    Case("flatten-number", lambda lib, x: lib.flatten(x), (normal(),), lambda x: x.reshape(1), ops=("reshape",)),
    Case("flatten-inner", lambda lib, x: lib.flatten(x, 1, 2), (normal(2, 3, 2, 2),), lambda x: x.reshape(2, 6, 2),
         ops=("reshape",)),
    Case("unflatten", lambda lib, x: lib.unflatten(x, 1, (2, -1)), (normal(2, 6, 3),), lambda x: x.reshape(2, 2, 3, 3),
         ops=("reshape",)),
    Case("ravel", lambda lib, x: lib.ravel(x), (normal(2, 3),), np.ravel, ops=("reshape",)),
    Case("view_as", lambda lib, x, y: x.view_as(y), (normal(2, 3), normal(3, 2)), lambda x, y: x.reshape(3, 2),
         ops=("reshape",), constant=(1,)),
    Case("reshape_as", lambda lib, x, y: x.reshape_as(y), (normal(2, 3), normal(3, 2)), lambda x, y: x.reshape(3, 2),
         ops=("reshape",), constant=(1,)),
    Case("expand_as", lambda lib, x, y: x.expand_as(y), (normal(2, 1), normal(4, 2, 3)),
         lambda x, y: np.broadcast_to(x, (4, 2, 3)), ops=("expand",), constant=(1,)),
    Case("permute", lambda lib, x: lib.permute(x, (2, 0, 1)), (normal(2, 3, 4),), lambda x: x.transpose(2, 0, 1)),
    Case("permute-negative", lambda lib, x: x.permute(0, -1, 1), (normal(2, 3, 4),), lambda x: x.transpose(0, 2, 1)),
    Case("transpose", lambda lib, x: lib.transpose(x, 0, -1), (normal(2, 3, 4),), lambda x: x.transpose(2, 1, 0),
         ops=("permute",)),
    Case("swapaxes", lambda lib, x: lib.swapaxes(x, 1, 2), (normal(2, 3, 4),), lambda x: x.transpose(0, 2, 1),
         ops=("permute",)),
    Case("movedim", lambda lib, x: lib.movedim(x, 1, -1), (normal(2, 3, 4),), lambda x: np.moveaxis(x, 1, -1),
         ops=("permute",)),
    Case("movedim-several", lambda lib, x: lib.movedim(x, (3, 1, 0), (0, 1, 3)), (normal(2, 3, 4, 2),),
         lambda x: np.moveaxis(x, (3, 1, 0), (0, 1, 3)), ops=("permute",)),
    Case("t", lambda lib, x: lib.t(x), (normal(2, 3),), np.transpose, ops=("permute",)),
    Case("T", lambda lib, x: x.T, (normal(2, 3),), np.transpose, ops=("permute",)),
    Case("mT", lambda lib, x: x.mT, (normal(2, 3, 4),), lambda x: x.transpose(0, 2, 1), ops=("permute",)),
    Case("squeeze", lambda lib, x: lib.squeeze(x), (normal(1, 3, 1),), np.squeeze, ops=("reshape",)),
    Case("squeeze-dim", lambda lib, x: lib.squeeze(x, -1), (normal(1, 3, 1),), lambda x: x[..., 0], ops=("reshape",)),
    Case("squeeze-nothing", lambda lib, x: lib.squeeze(x * 1, 1), (normal(1, 3),), lambda x: x, ops=("mul",)),
    Case("unsqueeze", lambda lib, x: lib.unsqueeze(x, 1), (normal(2, 3),), lambda x: x[:, None], ops=("reshape",)),
    Case("unsqueeze-last", lambda lib, x: lib.unsqueeze(x, -1), (normal(2, 3),), lambda x: x[..., None], ops=("reshape",)),
    Case("expand", lambda lib, x: x.expand(4, -1, 3), (normal(2, 1),), lambda x: np.broadcast_to(x, (4, 2, 3))),
    Case("broadcast_to", lambda lib, x: lib.broadcast_to(x, (2, 3)), (normal(3),), lambda x: np.broadcast_to(x, (2, 3)),
         ops=("expand",)),
    Case("repeat", lambda lib, x: x.repeat(2, 1, 3), (normal(2, 3),), lambda x: np.tile(x, (2, 1, 3)),
         ops=("reshape", "expand")),
    Case("tile", lambda lib, x: lib.tile(x, (3,)), (normal(2, 3),), lambda x: np.tile(x, 3), ops=("reshape", "expand")),
    Case("repeat_interleave", lambda lib, x: lib.repeat_interleave(x, 2, 0), (normal(2, 3),), lambda x: np.repeat(x, 2, 0),
         ops=("reshape", "expand")),
    Case("repeat_interleave-flat", lambda lib, x: lib.repeat_interleave(x, 3), (normal(2, 3),), lambda x: np.repeat(x, 3),
         ops=("reshape", "expand")),
    Case("repeat_interleave-each", lambda lib, x, n: lib.repeat_interleave(x, n, 1), (normal(2, 3), fixed([2, 0, 1])),
         lambda x, n: np.repeat(x, n, 1), ops=("index_select",)),
    Case("moveaxis", lambda lib, x: lib.moveaxis(x, 0, 2), (normal(2, 3, 4),), lambda x: np.moveaxis(x, 0, 2),
         ops=("permute",)),
    Case("swapdims", lambda lib, x: lib.swapdims(x, 0, 2), (normal(2, 3, 4),), lambda x: np.swapaxes(x, 0, 2),
         ops=("permute",)),
    Case("adjoint", lambda lib, x: lib.adjoint(x), (normal(2, 3, 4),), lambda x: np.swapaxes(x, 1, 2), ops=("permute",)),
    Case("H", lambda lib, x: x.H, (normal(2, 3),), np.transpose, ops=("permute",)),
    Case("windows", lambda lib, x: x.unfold(1, 3, 2), (normal(2, 8, 2),), lambda x: windows_of(x, 1, 3, 2)),
    Case("windows-apart", lambda lib, x: x.unfold(-1, 2, 3), (normal(2, 9),), lambda x: windows_of(x, 1, 2, 3)),
    # The mirror, which users meet only as a gradient; PyTorch has no function for it.
    Case("add_windows", lambda lib, x: AddWindows(1, 3, 2, (2, 8)).apply(x), (normal(2, 3, 3),),
         lambda x: windows_added(x, 2, 8), torch=False),
]
