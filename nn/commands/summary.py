"""`tensorgrad summary`: the table of a model's layers, shapes, parameters and multiply-adds."""

from __future__ import annotations

import argparse

import nn
from nn.commands.models import add_choice, chosen

HELP = "print a model's layers, shapes, parameters and multiply-adds"
DESCRIPTION = """\
Print per layer the shape of its result, the formula and number of its parameters, its multiply-adds and its options."""
EXAMPLES = """\
examples:
  tensorgrad summary shop
  tensorgrad summary --model resnet20 --data cifar10"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tensorgrad summary`."""
    add_choice(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    found = chosen(arguments)
    print(nn.summary(found.model, found.image.shape))
    return 0
