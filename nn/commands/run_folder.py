"""The folder of one run: which files it has, how it is begun, and how it is found again."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import IO, Any

from nn.atomic import atomic
from nn.training.checkpoint import load_checkpoint
from tensorgrad.errors import ArgumentError, DataError

__all__ = ["RunFolder"]

FORMAT = 1


class RunFolder:
    """A folder that holds a run.

    Files, in the order they come to be
        config.json           what the run is: settings, data set, versions; there from the first moment
        metrics.jsonl         one JSON object per epoch
        checkpoint.npz        all that is needed to go on after the last complete epoch
        weights.safetensors, summary.txt, graph.svg, curves.png, kernels.png, feature-maps.png, confusion.png
        result.json           the final numbers; there only once the run is complete
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.lock: IO[bytes] | None = None

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def __str__(self) -> str:
        return str(self.path)

    # -- beginning ----------------------------------------------------------------------------------------------------

    @classmethod
    def begin(cls, path: str | os.PathLike[str], config: dict[str, Any]) -> RunFolder:
        """A new run's folder with its config.json in it: from the first moment it exists it can be resumed.

        Raises
            DataError   the path is a file or a folder with something in it
        """
        folder = cls(path)
        folder.require_free()
        text = json.dumps({"format": FORMAT, **config}, indent=2, ensure_ascii=False) + "\n"
        if folder.path.exists():
            folder.write("config.json", text)
            return folder
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        part = folder.path.with_name(f".part-{folder.path.name}-{os.getpid()}")
        try:
            part.mkdir()
            cls(part).write("config.json", text)
            os.rename(part, folder.path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return folder

    def require_free(self) -> None:
        """Raise unless a run can begin here.

        Raises
            DataError   the path is a file or a folder with something in it
        """
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"train: {self} is a file.\n  Choose another --out.")
        if self.path.is_dir() and any(self.path.iterdir()):
            fix = (f"Go on with it: tensorgrad train --resume {self}; or choose another --out."
                   if (self / "config.json").exists() else "Choose another --out, or empty it.")
            raise DataError(f"train: the folder {self} is not empty, and nothing is overwritten.\n  {fix}")

    @staticmethod
    def default_path(data: str, model: str) -> Path:
        """``runs/<data>-<model>-<time>``, not taken yet."""
        base = Path("runs", f"{data}-{model}-{time.strftime('%Y%m%d-%H%M%S')}")
        path, number = base, 2
        while path.exists():
            path, number = base.with_name(f"{base.name}-{number}"), number + 1
        return path

    def write(self, name: str, text: str) -> Path:
        """Write a text file of the run, all or nothing."""
        with atomic(self / name) as file:
            file.write(text.encode())
        return self / name

    # -- finding again ------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """The folder of a run that was begun.

        Raises
            DataError   there is no folder, or no run in it
        """
        folder = cls(path)
        if not folder.path.is_dir():
            raise DataError(f"run: there is no folder {folder}.\n  Check the path; `tensorgrad train` prints it.")
        if not (folder / "config.json").is_file():
            raise DataError(f"run: {folder} holds no run: config.json is missing.\n"
                            f"  Begin one with: tensorgrad train --out {folder}")
        return folder

    @property
    def config(self) -> dict[str, Any]:
        """What config.json says.

        Raises
            DataError   it is damaged, or of a later version
        """
        path = self / "config.json"
        try:
            config = json.loads(path.read_text())
            found = config["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"run: {path} is damaged: {error}.\n  Begin the run again in another folder.") from None
        if found != FORMAT:
            raise DataError(f"run: {path} is of format {found}, this version reads {FORMAT}.\n  Update tensorgrad.")
        return config

    @property
    def checkpoint(self) -> Path:
        """The file that the run goes on from."""
        return self / "checkpoint.npz"

    @property
    def weights(self) -> Path | None:
        """The final weights, whichever format they were written in; None before the run is complete."""
        return next((path for name in ("weights.safetensors", "weights.npz") if (path := self / name).is_file()), None)

    def read_state(self) -> Any:
        """The trainer's state in the checkpoint, or None if the run died before the first.

        Raises
            DataError   the file is damaged
        """
        return load_checkpoint(self.checkpoint) if self.checkpoint.exists() else None

    @property
    def result(self) -> dict[str, Any] | None:
        """The final numbers, or None while the run is not complete."""
        try:
            return json.loads((self / "result.json").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def tidy(self) -> None:
        """Remove the halves of files that a process left when it was killed while it wrote them."""
        for part in self.path.glob(".*.part"):
            part.unlink(missing_ok=True)

    # -- being the only one -------------------------------------------------------------------------------------------

    def acquire(self) -> None:
        """Keep other processes from training in this folder until `release`, or until this one ends, however it ends.

        Raises
            ArgumentError   another one does
        """
        try:
            import fcntl
        except ImportError:  # Windows: the user has to take care
            return
        self.lock = open(self / "config.json", "rb")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArgumentError(f"train: another process is training in {self}.\n"
                                "  Wait for it, or stop it first.") from None
        except OSError:  # a file system without locks
            pass

    def release(self) -> None:
        """Let other processes train here."""
        if self.lock is not None:
            self.lock.close()
            self.lock = None
