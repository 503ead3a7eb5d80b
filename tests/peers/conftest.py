"""Helpers of the comparison with PyTorch are no tests, and cannot be imported without it."""

import importlib.util

collect_ignore_glob = [] if all(map(importlib.util.find_spec, ("torch", "expecttest"))) else ["opinfo/*"]
