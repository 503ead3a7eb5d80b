"""`tensorgrad warmup`: compile the kernels now instead of when they are first needed."""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from tensorgrad import kernels

HELP = "compile the kernels for this machine"
DESCRIPTION = """\
Compile all kernels (the extra [fast], numba) for this machine, so that the first training does not wait for the compiler.
What is compiled already is not compiled again, until tensorgrad or numba change."""
EXAMPLES = """\
examples:
  tensorgrad warmup            for float32, the default
  tensorgrad warmup --float64  for float64 too"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tensorgrad warmup`."""
    parser.add_argument("--float64", action="store_true", help="compile for float64 as well")


def run(arguments: argparse.Namespace) -> int:
    """Compile, and say where the result is kept."""
    from tqdm import tqdm

    kernels.load("compiled")  # says how to install it
    from tensorgrad.kernels.compiled.cache import folders
    from tensorgrad.kernels.compiled.crew import complete
    from tensorgrad.kernels.compiled.notice import notice
    from tensorgrad.kernels.compiled.warmup import calls

    notice.said = True  # the bar says it
    start = time.perf_counter()
    dtypes = [np.float32, np.float64] if arguments.float64 else [np.float32]
    todo = [(np.dtype(dtype).name, name, call) for dtype in dtypes for name, call in calls(dtype)]
    with tqdm(todo, file=sys.stderr, disable=None, leave=False, dynamic_ncols=True,
              bar_format="{desc:32} {bar:24} {n_fmt}/{total_fmt}  {elapsed}") as bar:
        for dtype, name, call in bar:
            bar.set_description_str(f"{name} {dtype}")
            call()
            complete()
    names = " and ".join([np.dtype(dtype).name for dtype in dtypes])
    print(f"compiled kernels for {names} are ready, {notice.count} of them new, after {time.perf_counter() - start:.1f} s")
    for folder in folders():
        print(f"kept in {folder}")
    if not folders():
        print("but not kept: there is no folder to write to.  Set NUMBA_CACHE_DIR to one.")
    return 0
