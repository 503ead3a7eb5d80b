"""What pytest leaves out where an optional package is not installed."""

import importlib.util

NEED_NUMBA = ["tensorgrad/kernels/compiled/*", "tests/tensorgrad/kernels/crew_kernels.py"]

collect_ignore_glob = [] if importlib.util.find_spec("numba") else NEED_NUMBA
