"""Helpers of the comparisons are no tests, and cannot be imported without what they compare with."""

import importlib.util

NEEDS = {"opinfo/*": ("torch", "expecttest"), "ported/*": ("torch",), "onnx/*": ("onnx",)}
collect_ignore_glob = [files for files, packages in NEEDS.items() if not all(map(importlib.util.find_spec, packages))]
