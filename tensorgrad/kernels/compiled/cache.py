"""Compiled code on disk, so that only the first process waits for the compiler.

numba keeps it beside the source file, or where that is not allowed in the user's cache folder, or in NUMBA_CACHE_DIR.  It
takes what it finds there as long as the file of the function is the same; here every file that file imports from this
package counts as well, since they write instructions into the function, and so does the version of tensorgrad.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache

from tensorgrad.version import __version__

__all__ = ["cache_of", "folders", "fingerprint"]

FOLDER = Path(__file__).parent
IMPORTS = re.compile(r"tensorgrad\.kernels\.compiled(?:\.(\w+)| import \(?([\w\s,]+))")
kept: set[str] = set()
PATIENCE = 1.0  # seconds of compiling before it is announced


def cache_of(function: Callable[..., Any]) -> KernelCache | NoCache:
    """Where the compiled function is kept."""
    try:
        return KernelCache(function)
    except RuntimeError:  # there is no folder that can be written to
        return NoCache()


class KernelCache(FunctionCache):
    """The cache of one function.  Files that cannot be read or written cost time, never an error."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp(), fingerprint(Path(function.__code__.co_filename).stem)
        kept.add(self._cache_path)
        self._cache_file = IndexDataCacheFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for these types; None if it has to be compiled."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # a damaged file: pickle and LLVM raise anything
            found = None
        if found is None:
            notice.begin("once; later starts take a second.  `tensorgrad warmup` compiles all of them.")
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for these types, if there is room."""
        notice.end()
        try:
            try:
                super().save_overload(sig, data)
            except Exception:  # the index is damaged
                self.flush()
                super().save_overload(sig, data)
        except OSError:
            pass


class NoCache(NullCache):
    """Every process compiles for itself."""

    def load_overload(self, sig: Any, target_context: Any) -> None:
        notice.begin("set NUMBA_CACHE_DIR to a folder that can be written to, and later starts take a second.")

    def save_overload(self, sig: Any, cres: Any) -> None:
        notice.end()


def folders() -> list[str]:
    """Where compiled code is kept; none if there is no place to write."""
    return sorted(kept)


@functools.cache
def fingerprint(name: str, folder: Path = FOLDER, version: str = __version__) -> str:
    """A hash of `name`.py in this package, of all it imports from this package, and of the version."""
    found: dict[str, bytes] = {}
    due = [name]
    while due:
        name = due.pop()
        path = folder / f"{name}.py"
        if name not in found and path.is_file():
            found[name] = path.read_bytes()
            for module, names in IMPORTS.findall(found[name].decode()):
                due += [module] if module else re.findall(r"\w+", names)
    parts = [version.encode(), *[found[name] for name in sorted(found)]]
    return hashlib.sha256(b"".join([hashlib.sha256(part).digest() for part in parts])).hexdigest()


class Notice:
    """One line on stderr when compiling takes more than a moment, unless TENSORGRAD_QUIET is set."""

    def __init__(self) -> None:
        self.said = False
        self.spent = self.begun = 0.0
        self.timer: threading.Timer | None = None

    def begin(self, outlook: str) -> None:
        """A function is about to be compiled."""
        if not self.said and self.timer is None and not os.environ.get("TENSORGRAD_QUIET"):
            self.begun = time.monotonic()
            self.timer = threading.Timer(max(0.0, PATIENCE - self.spent), self.say, [outlook])
            self.timer.daemon = True
            self.timer.start()

    def end(self) -> None:
        """A function has been compiled."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
            self.spent += time.monotonic() - self.begun

    def say(self, outlook: str) -> None:
        """Write the line."""
        self.said = True
        print(f"tensorgrad: compiling kernels for this machine, {outlook}", file=sys.stderr, flush=True)


notice = Notice()
