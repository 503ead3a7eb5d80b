"""``python -m tests.peers.opinfo [FILE]``: run everything and write the table to a file, or print it."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from string import Template

from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db
from tqdm import tqdm

from tests.peers.opinfo.modules import MODULES, run_module, run_module_errors
from tests.peers.opinfo.running import NAMES, run, run_errors
from tests.peers.opinfo.tally import tally
from tests.peers.opinfo.vocabulary import COARSE, MODULES_OUTSIDE, outside

PAGE = Path(__file__).parent / "page.md"


def page() -> str:
    """The page of the docs, of what was run until now."""
    coarse = "\n".join(f"* `{name}`, to {size:g}: {why}" for name, (size, why) in COARSE.items())
    return Template(PAGE.read_text()).substitute(table=tally.markdown(), outside=absent(), coarse=coarse)


def absent() -> str:
    """Each reason why tensorgrad lacks operators or modules, with their names."""
    names: dict[str, set[str]] = {}
    for op in op_db:
        if reason := outside(op.name):
            names.setdefault(reason, set()).add(op.name)
    for info in module_db:
        if reason := outside(info.module_cls.__name__, MODULES_OUTSIDE):
            names.setdefault(reason, set()).add(f"nn.{info.module_cls.__name__}")
    return "\n".join(f"* {reason} ({', '.join(f'`{name}`' for name in sorted(found))})" for reason, found in names.items())


def main() -> int:
    warnings.simplefilter("ignore")
    for name in tqdm(NAMES, unit="op", disable=None):
        run(name)
        run_errors(name)
    for name in tqdm(MODULES, unit="module", disable=None):
        run_module(name)
        run_module_errors(name)
    text = page()
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text)
    else:
        print(text)
    failures = [f"{line.name}: {failure}" for line in tally.values() for failure in line.failures]
    print(f"{len(failures)} failures", *failures[:50], sep="\n", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
