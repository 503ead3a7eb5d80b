"""``python -m tests.peers.opinfo [FILE]``: run everything and write the table to a file, or print it."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from string import Template

from tqdm import tqdm

from tests.peers.opinfo.modules import MODULES, run_module
from tests.peers.opinfo.running import NAMES, run, run_errors
from tests.peers.opinfo.tally import tally
from tests.peers.opinfo.vocabulary import MODULES_OUTSIDE, OUTSIDE

PAGE = Path(__file__).parent / "page.md"


def main() -> int:
    warnings.simplefilter("ignore")
    for name in tqdm(NAMES, unit="op", disable=None):
        run(name)
        run_errors(name)
    for name in tqdm(MODULES, unit="module", disable=None):
        run_module(name)
    outside = "\n".join(f"* {reason}" for reason in {**OUTSIDE, **MODULES_OUTSIDE})
    text = Template(PAGE.read_text()).substitute(table=tally.markdown(), outside=outside)
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text)
    else:
        print(text)
    failures = [f"{line.name}: {failure}" for line in tally.values() for failure in line.failures]
    print(f"{len(failures)} failures", *failures[:50], sep="\n", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
