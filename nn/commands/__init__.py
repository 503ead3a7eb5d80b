"""The console command `tensorgrad`: one file per subcommand.

Exit codes: 0 done, 2 the user can mend it (a message, no traceback), 130 stopped with Ctrl-C, 143 terminated.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Sequence

from nn.commands import data as data, draw as draw, predict as predict, summary as summary, train as train
from nn.commands import warmup as warmup
from nn.commands.terminal import Terminated, error_text
from tensorgrad.errors import TensorgradError
from tensorgrad.version import __version__

__all__ = ["main"]

DESCRIPTION = "Train convolutional networks, look into them, and use them."
EXAMPLES = """\
examples:
  tensorgrad train                                  a small network on the digits in this package, in seconds
  tensorgrad train --data fashion-mnist --out shop  another data set, a folder of your choice
  tensorgrad train --resume shop                    go on after a stop
  tensorgrad predict shop shirt.png                 what is in a picture
  tensorgrad summary --model resnet20 --data cifar10

`tensorgrad COMMAND --help` explains a command."""


def parser() -> argparse.ArgumentParser:
    """The parser of all subcommands."""
    top = argparse.ArgumentParser("tensorgrad", description=DESCRIPTION, epilog=EXAMPLES, allow_abbrev=False,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"tensorgrad {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (train, predict, draw, summary, data, warmup):
        name = command.__name__.rpartition(".")[2]
        sub = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION, epilog=command.EXAMPLES,
                                  allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
        command.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: that of the process) and return its exit code."""
    arguments = parser().parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except KeyboardInterrupt as stop:
        print(str(stop) or "Stopped.", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TensorgradError, OSError) as error:
        if arguments.debug:
            raise
        print(f"tensorgrad: {error_text(error)}", file=sys.stderr)
        return 2
