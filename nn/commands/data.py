"""`tensorgrad data`: which data sets there are, where their files are, and how they are trained on by default."""

from __future__ import annotations

import argparse

from nn.commands.presets import FORMATS, PRESETS, family
from nn.data.places import folders

HELP = "list the data sets and the default settings for each"
DESCRIPTION = """\
List the data sets, the folder with their files if they are on this machine, and what `tensorgrad train` does with them by
default.  Files that are nowhere are downloaded when they are first trained on."""
EXAMPLES = """\
examples:
  tensorgrad data
  tensorgrad data --data-dir datasets"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tensorgrad data`."""
    parser.add_argument("--data-dir", metavar="DIR", help="look for the files here instead")


def run(arguments: argparse.Namespace) -> int:
    """Print two tables."""
    print(f"{'data':16}{'image':>10}{'classes':>9}{'training':>10}{'test':>9}   files")
    for name, (channels, size, classes, train, test) in FORMATS.items():
        image = f"{channels}×{size}×{size}"
        print(f"{name:16}{image:>10}{classes:>9}{train:>10,}{test:>9,}   {place(name, arguments.data_dir)}")
    titles = list(next(iter(PRESETS.values()))._fields)
    rows = [[name, *map(text, preset)] for name, preset in PRESETS.items()]
    widths = [max(len(row[i]) for row in [["data", *titles], *rows]) for i in range(len(titles) + 1)]
    print("\nDefaults of tensorgrad train")
    for row in [["data", *titles], *rows]:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip())
    return 0


def place(name: str, root: str | None) -> str:
    """The folder with the files, or how they come."""
    if name == "digits":
        return "in this package"
    return next((str(path) for path in folders(family(name), root) if path.is_dir() and any(path.iterdir())), "not here")


def text(value: object) -> str:
    """A setting as the command line takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
