"""From settings to what is trained: data, model, loaders, loss, optimizer, schedule.

Every random number comes from ``settings.seed``: the initial weights and dropout from the process-wide generator, the order
of the images and their augmentation from the loaders, batch by batch.
"""

from __future__ import annotations

import platform
from typing import Any, Sequence

import numpy as np

import nn
from nn.commands.images import Target
from nn.commands.optimizing import make_optimizer, make_scheduler
from nn.commands.presets import family
from nn.commands.settings import Settings
from nn.data import DataLoader, load
from nn.data.transforms import Compose, Normalize, RandomAffine, RandomCrop, RandomHorizontalFlip
from nn.models import create
from nn.training import Callback, Trainer
from tensorgrad import kernels, random
from tensorgrad.version import __version__

__all__ = ["Experiment", "target_of"]

# Data sets of one light thing on black, and the empty border around it as a fraction of the side.
MARGINS = {"digits": 0.0, "mnist": 4 / 28, "emnist": 2 / 28, "fashion-mnist": 0.0}
EVALUATED = 256  # images per batch when nothing is learnt


class Experiment:
    """What a run needs, made from its settings; two made from the same settings are equal to the last bit."""

    def __init__(self, settings: Settings):
        self.settings = settings
        use_machine(settings)
        self.train_set, self.test_set = load(settings.data, root=settings.data_dir)
        random.manual_seed(settings.seed)
        self.model = create(settings.model, num_classes=self.train_set.num_classes, in_channels=self.train_set.channels,
                            image_size=self.train_set.image_size)
        normalize = Normalize(self.train_set.mean, self.train_set.std)
        augment = augmentation(settings.data, self.train_set.image_size) if settings.augment else []
        workers = settings.workers
        self.train_loader = DataLoader(self.train_set, settings.batch_size, shuffle=True, seed=settings.seed,
                                       num_workers=workers, transform=Compose([*augment, normalize]))
        self.test_loader = DataLoader(self.test_set, EVALUATED, seed=settings.seed, num_workers=workers, transform=normalize)

    def trainer(self, callbacks: Sequence[Callback]) -> Trainer:
        """The loop over this experiment."""
        optimizer = make_optimizer(self.settings, self.model.parameters())
        scheduler, schedule = make_scheduler(self.settings, optimizer, len(self.train_loader))
        loss = nn.CrossEntropyLoss(label_smoothing=self.settings.label_smoothing)
        return Trainer(self.model, loss, optimizer, scheduler, schedule=schedule, callbacks=callbacks,
                       clip_grad_norm=self.settings.clip, coach=self.settings.coach)

    def config(self) -> dict[str, Any]:
        """For config.json: all that `predict` and a resumption need to know."""
        data = self.train_set
        return {
            "settings": self.settings.as_dict(),
            "data": {"name": self.settings.data, "classes": list(data.classes), "channels": data.channels,
                     "image_size": list(data.image_size), "mean": list(data.mean), "std": list(data.std),
                     "train": len(self.train_set), "test": len(self.test_set)},
            "versions": {"tensorgrad": __version__, "numpy": np.__version__, "python": platform.python_version()},
        }

    def headline(self) -> str:
        """What is trained on what and how, in two lines."""
        settings, data = self.settings, self.train_set
        height, width = data.image_size
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        augmented = ", augmented" if settings.augment else ""
        return (f"{type(self.model).__name__}, {parameters:,} parameters, on {settings.data}: {len(data):,} images of "
                f"{height} × {width} to train on{augmented}, {len(self.test_set):,} to test\n"
                f"{settings.optimizer}, learning rate {settings.lr:g}, {settings.scheduler} schedule, batches of "
                f"{settings.batch_size}, seed {settings.seed}, {settings.kernels} kernels on {settings.threads} "
                f"thread{'s' * (settings.threads != 1)}")


def use_machine(settings: Settings) -> None:
    """Switch kernels and threads as the settings say, and write into them what "auto" came to be."""
    if settings.kernels != "auto":
        kernels.use(settings.kernels)
    settings.kernels = kernels.active().name
    if settings.threads is not None:
        kernels.set_num_threads(settings.threads)
    settings.threads = kernels.get_num_threads()


def augmentation(data: str, image_size: tuple[int, int]) -> list[Any]:
    """Random changes of training images that leave their class as it is."""
    if family(data) in ("digits", "mnist", "emnist"):  # characters, which may not be mirrored
        shift = (0.07, 0.07) if MARGINS[family(data)] else None  # where there is a border to shift into
        return [RandomAffine(10, shift, (0.9, 1.1), 10)]
    return [RandomCrop(image_size, padding=image_size[0] // 8), RandomHorizontalFlip()]


def target_of(data: dict[str, Any]) -> Target:
    """How a picture has to look for a model of that data set; `data` is as in config.json."""
    height, width = data["image_size"]
    return Target(data["channels"], height, width, MARGINS.get(family(data["name"])))
