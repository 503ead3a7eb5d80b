"""What pytest leaves out where an optional package is not installed."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("numba") else ["tensorgrad/kernels/compiled/*"]
