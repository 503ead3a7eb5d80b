"""What pytest leaves out: what needs a package that is not installed, and examples that it finds a second time."""

import importlib.util

NEED_NUMBA = ["tensorgrad/kernels/compiled/*", "tests/tensorgrad/kernels/crew_kernels.py"]

collect_ignore = ["tensorgrad/__init__.py"]  # its functions have their examples where they are written
collect_ignore_glob = [] if importlib.util.find_spec("numba") else NEED_NUMBA
