"""Programs written for PyTorch, and the same text with other import lines: the same numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parent / "ported"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "weights"))

# What someone who ports a program changes: whole import lines, by their beginnings.
IMPORTS = [
    (r"import torch\.nn as nn\b", "import nn"),
    (r"import torch\.nn\.functional as F\b", "import nn.functional as F"),
    (r"import torch\.optim as optim\b", "import nn.optim as optim"),
    (r"import torch$", "import tensorgrad as torch"),
    (r"from torch import Tensor, nn$", "import nn; from tensorgrad import Tensor"),
    (r"from torch import nn$", "import nn"),
    (r"from torch import optim$", "from nn import optim"),
    (r"from torch\.(nn|optim|utils)\b(.*)$", lambda found: f"from nn{'' if found[1] == 'nn' else '.' + found[1]}{found[2]}"),
    (r"from torch\.autograd\b", "from tensorgrad.autograd"),
]


def ported(text: str) -> str:
    """The program with tensorgrad's import lines."""
    lines = []
    for line in text.splitlines():
        for pattern, replacement in IMPORTS:
            line, changed = re.subn("^" + pattern, replacement, line)
            if changed:
                break
        lines.append(line)
    return "\n".join(lines) + "\n"


def run(text: str, name: str) -> Any:
    space: dict[str, Any] = {"__name__": name}
    exec(compile(text, name, "exec"), space)
    return space["main"]()


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_numbers_with_other_imports(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert not re.search(r"^(import|from) torch", ported(text), re.M), "an import line is missing above"
    expected, got = run(text, f"{name} for PyTorch"), run(ported(text), f"{name} for tensorgrad")
    assert len(got) == len(expected)
    for i, (a, b) in enumerate(zip(got, expected)):
        if isinstance(b, str):
            assert a == b
        else:
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-9, atol=1e-11, err_msg=f"result {i}")
