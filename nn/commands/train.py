"""`tensorgrad train`: train a model, and leave a folder with everything about it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from nn.commands.experiment import Experiment
from nn.commands.optimizing import table
from nn.commands.results import final_table, write_results
from nn.commands.run_folder import RunFolder
from nn.commands.settings import Settings, add_settings
from nn.commands.terminal import percent, stop_on_sigterm
from nn.training import Checkpointer, JSONLLogger, ProgressBar

HELP = "train a model; leaves a folder with curves, pictures, weights and a checkpoint"
DESCRIPTION = """\
Train a convolutional network on a data set.  Without options: two convolutions and two dense layers, after the plan of
LeNet-5, on the digits in this package, in less than a minute.

The run's folder holds its settings, the numbers of every epoch, learning curves, the first layer's kernels, the feature maps
of one image, the confusion matrix, a drawing of the graph, a summary, the weights, and a checkpoint that is replaced after
every epoch.  A run that was stopped in any way goes on with --resume and ends with the same weights, bit for bit."""
EXAMPLES = table() + """

examples:
  tensorgrad train
  tensorgrad train --data fashion-mnist --epochs 10 --out shop
  tensorgrad train --data cifar10 --model resnet20 --optimizer sgd --lr 0.1 --augment
  tensorgrad train --resume shop"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tensorgrad train`."""
    add_settings(parser)
    run_options = parser.add_argument_group("the run")
    place = run_options.add_mutually_exclusive_group()
    place.add_argument("--out", metavar="DIR", help="folder for the run, new or empty (default: runs/DATA-MODEL-TIME)")
    place.add_argument("--resume", metavar="DIR", help="go on with the run in this folder, with its settings")
    run_options.add_argument("--quiet", action="store_true", help="print nothing but the folder")


def run(arguments: argparse.Namespace) -> int:
    """Train, or go on training, and write the results."""
    stop_on_sigterm()
    if arguments.quiet:
        os.environ.setdefault("TENSORGRAD_QUIET", "1")  # not a word about kernels being compiled either
    say = (lambda *args: None) if arguments.quiet else print
    folder: RunFolder | None = None
    checkpointer: Checkpointer | None = None
    try:
        if arguments.resume is not None:
            folder = RunFolder.open(arguments.resume)
            folder.acquire()
            folder.tidy()
            settings = Settings.from_config(folder.config, arguments)
            experiment = Experiment(settings)
            warn_of_other_versions(folder.config, experiment)
        else:
            settings = Settings.from_arguments(arguments)
            path = arguments.out or RunFolder.default_path(settings.data, settings.model)
            RunFolder(path).require_free()
            experiment = Experiment(settings)
            folder = RunFolder.begin(path, experiment.config())
            folder.acquire()
        checkpointer = Checkpointer(folder.checkpoint)
        train(experiment, folder, checkpointer, arguments.quiet, say)
    except KeyboardInterrupt as stop:
        raise type(stop)(farewell(folder, checkpointer)) from None
    finally:
        if folder is not None:
            folder.release()
    if arguments.quiet:
        print(folder)
    return 0


def train(experiment: Experiment, folder: RunFolder, checkpointer: Checkpointer, quiet: bool, say: Any) -> None:
    """Bring the run in `folder` to its end from wherever it is."""
    # The row of an epoch is shown once the epoch is safe on the disk.
    bars = [] if quiet else [ProgressBar()]
    trainer = experiment.trainer([JSONLLogger(folder / "metrics.jsonl"), checkpointer, *bars])
    say(experiment.headline())
    state = folder.read_state()
    if state is not None:
        trainer.load_state_dict(state)
        if trainer.epoch:
            say(f"Going on after epoch {trainer.epoch} of {experiment.settings.epochs}.")
    epochs = experiment.settings.epochs - trainer.epoch
    if not epochs and folder.result is not None:
        missing = write_results(experiment, trainer, folder, only_missing=True)
        say(final_table(trainer.history))
        say(f"{folder} is complete: {trainer.epoch} epochs, test accuracy {percent(trainer.history[-1]['test_accuracy'])}."
            + (f"  Written again: {', '.join(missing)}." if missing else ""))
        return
    started = time.perf_counter()
    if epochs:
        say()
        trainer.fit(experiment.train_loader, experiment.test_loader, epochs)
    written = write_results(experiment, trainer, folder)
    say()
    say(final_table(trainer.history))
    say(f"{folder} holds {', '.join(written)}.")
    say(f"{time.perf_counter() - started:.1f} seconds.  Try: tensorgrad predict {folder} IMAGE.png")


def farewell(folder: RunFolder | None, checkpointer: Checkpointer | None) -> str:
    """What to tell a user who stopped the run."""
    if folder is None or not (folder / "config.json").exists():
        return "\nStopped before there was anything to keep."
    epoch = 0 if checkpointer is None or checkpointer.saved_epoch is None else checkpointer.saved_epoch
    kept = f"The checkpoint in {folder} is that of epoch {epoch}" if epoch else f"{folder} holds the run's settings"
    return f"\nStopped.  {kept}.\nGo on with: tensorgrad train --resume {folder}"


def warn_of_other_versions(config: dict[str, Any], experiment: Experiment) -> None:
    """Say where the same bits cannot be expected, because the software is not the same."""
    for name, version in experiment.config()["versions"].items():
        before = config["versions"].get(name)
        if before != version:
            print(f"Note: the run was begun with {name} {before}, this is {version}; the last bits may differ.",
                  file=sys.stderr)
