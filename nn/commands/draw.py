"""`tensorgrad draw`: the graph of a model as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from nn.commands.models import add_choice, chosen
from nn.commands.results import drawing

HELP = "draw the graph of a run's model, or of any model"
DESCRIPTION = """\
Draw the operations that compute the scores of one image, grouped by layer, with shapes on the arrows and parameters by name.
The suffix of the file decides on the format: .svg, .dot, .txt; .png and .pdf with the extra [plot]."""
EXAMPLES = """\
examples:
  tensorgrad draw shop -o shop.svg
  tensorgrad draw --model resnet20 --data cifar10 -o resnet.svg"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tensorgrad draw`."""
    add_choice(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="default: graph.svg, or MODEL.svg")


def run(arguments: argparse.Namespace) -> int:
    """Draw, and say where."""
    found = chosen(arguments)
    path = Path(arguments.output or f"{found.name}.svg")
    drawing(found.model, found.image).save(path)
    print(path)
    return 0
