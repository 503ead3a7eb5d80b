"""What `tensorgrad train` does when an option is left out: one row per data set.

The accuracies are those of the test set after the last epoch; the seconds those of two slow cores with compiled kernels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tensorgrad.errors import ArgumentError

__all__ = ["Preset", "PRESETS", "preset_for", "family", "Format", "FORMATS"]


class Preset(NamedTuple):
    """The settings of a run that depend on the data."""

    model: str
    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    scheduler: str
    warmup: float
    augment: bool
    label_smoothing: float


PRESETS = {
    # data                   model     epochs batch optimizer lr     momentum decay scheduler warmup augment smoothing
    "digits":        Preset("cnn",      30,    64,  "adamw",  3e-3,   0.9,    1e-2, "cosine", 1.0,   True,   0.0),
    "mnist":         Preset("cnn",       5,    64,  "adamw",  2e-3,   0.9,    1e-2, "cosine", 0.3,   False,  0.0),
    "fashion-mnist": Preset("cnn",       5,    64,  "adamw",  2e-3,   0.9,    1e-2, "cosine", 0.3,   False,  0.0),
    "emnist":        Preset("cnn",       5,   128,  "adamw",  2e-3,   0.9,    1e-2, "cosine", 0.3,   False,  0.0),
    "cifar10":       Preset("resnet20", 30,   128,  "sgd",    1e-1,   0.9,    5e-4, "cosine", 2.0,   True,   0.0),
}


class Format(NamedTuple):
    """The images of a data set, which is known without its files."""

    channels: int
    size: int
    classes: int
    train: int
    test: int


FORMATS = {
    # data                      channels size classes train    test
    "digits":            Format(1,        8,  10,       1_442,     355),
    "mnist":             Format(1,       28,  10,      60_000,  10_000),
    "fashion-mnist":     Format(1,       28,  10,      60_000,  10_000),
    "cifar10":           Format(3,       32,  10,      50_000,  10_000),
    "emnist":            Format(1,       28,  47,     112_800,  18_800),
    "emnist-balanced":   Format(1,       28,  47,     112_800,  18_800),
    "emnist-byclass":    Format(1,       28,  62,     697_932, 116_323),
    "emnist-bymerge":    Format(1,       28,  47,     697_932, 116_323),
    "emnist-letters":    Format(1,       28,  26,     124_800,  20_800),
    "emnist-digits":     Format(1,       28,  10,     240_000,  40_000),
    "emnist-mnist":      Format(1,       28,  10,      60_000,  10_000),
}


def preset_for(data: str) -> dict[str, Any]:
    """The row of a data set by option name.

    Raises
        ArgumentError   an unknown data set

    Example
        >>> preset_for("digits")["model"]
        'cnn'
    """
    if family(data) not in PRESETS:
        raise ArgumentError(f"train: there is no data set {data!r}.\n  Use one of {', '.join(FORMATS)}.")
    return PRESETS[family(data)]._asdict()


def family(data: str) -> str:
    """The row of a data set: the splits of EMNIST share one.

    Example
        >>> family("emnist-letters"), family("fashion-mnist")
        ('emnist', 'fashion-mnist')
    """
    return "emnist" if data.startswith("emnist-") else data
