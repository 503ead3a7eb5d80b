"""Helpers of the comparisons are no tests, and cannot be imported without what they compare with."""

import importlib.util
from typing import Iterator

import pytest

NEEDS = {"opinfo/*": ("torch", "expecttest"), "ported/*": ("torch",), "onnx/*": ("onnx",)}
collect_ignore_glob = [files for files, packages in NEEDS.items() if not all(map(importlib.util.find_spec, packages))]


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch's threads wait for each other for longer than the sizes of these comparisons take."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
