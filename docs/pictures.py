"""Makes the pictures of the README by running its first Python block: ``python docs/pictures.py``."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def example() -> str:
    """The README's first Python block."""
    found = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, "README.md has no Python block"
    return found[1]


def main() -> None:
    os.chdir(ROOT / "docs" / "images")
    exec(compile(example(), "README.md", "exec"), {})


if __name__ == "__main__":
    main()
