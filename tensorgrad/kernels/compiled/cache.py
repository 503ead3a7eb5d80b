"""Compiled code on disk, so that only the first process waits for the compiler.

numba keeps it beside the source file, or where that is not allowed in the user's cache folder, or in NUMBA_CACHE_DIR.  It
takes what it finds there as long as the file of the function is the same; here every file of kernels that it imports
counts as well, since they write instructions and constants into the function, and so does the version of tensorgrad.

numba numbers the files of a function in an index, which two processes that compile at once may overwrite: one would then
run what the other compiled for other types.  Here a file is named by all that it depends on, and is written in one go.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import re
import threading
from pathlib import Path
from types import CodeType
from typing import Any, Callable, Iterator

from llvmlite.binding import parse_bitcode
from numba import __version__ as compiler
from numba.core.caching import FunctionCache, NullCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps

from tensorgrad.kernels.compiled.notice import notice
from tensorgrad.version import __version__

__all__ = ["cache_of", "folders", "fingerprint"]

ROOT = Path(__file__).parents[3]
IMPORTS = re.compile(r"^from tensorgrad\.kernels\.(compiled|reference)(?:\.(\w+))? import (\([^)]*\)|.*)", re.MULTILINE)
ASIDE = {"cache", "notice"}  # files that every kernel's file imports in the end, and that write nothing into it
kept: set[str] = set()


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
        code = function.__code__
        # numba leaves them out, for they are in the source file; not so if the source was made up.
        constants = [value for value in code.co_consts if not isinstance(value, CodeType)]
        stamp = f"{fingerprint(Path(code.co_filename))} {constants}"
        kept.add(self._cache_path)
        self._cache_file = Files(Path(self._cache_path), self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for these types; None if it has to be compiled."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # a damaged file: pickle and LLVM raise anything
            found = None
        if found is not None:
            Loaded.take(found.library)
        else:
            notice.begin("once; later starts take a second.  `tensorgrad warmup` compiles all of them.")
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for these types, if there is room."""
        notice.end()
        try:
            super().save_overload(sig, data)
        except OSError:
            pass


class Loaded(JITCodeLibrary):
    """Compiled code from the disk.  It runs as it is.  Its instructions are for kernels that call it and are yet to be
    compiled, and stay packed until then: parsed, they take more memory than the arrays of a small network."""

    bitcode: bytes

    @classmethod
    def take(cls, library: Any) -> None:
        """Pack those of a library that numba has loaded."""
        if type(library) is JITCodeLibrary and library._shared_module is not None:
            library.__class__ = cls
            library.bitcode, library._shared_module = library._shared_module.as_bitcode(), None

    def _get_module_for_linking(self) -> Any:
        return parse_bitcode(self.bitcode)


class Files:
    """The compiled forms of one function, each in a file."""

    def __init__(self, folder: Path, name: str, stamp: str):
        self.folder, self.name = folder, name
        self.current = f"{name}.{digest(stamp.encode())[:12]}."

    def path(self, key: Any) -> Path:
        """The file of a form: of types, processor, and the function's code."""
        return self.folder / f"{self.current}{digest(repr((compiler, key)).encode())[:20]}.nbc"

    def load(self, key: Any) -> Any:
        """What was kept; None if nothing was, or if the file is damaged."""
        try:
            check, content = self.path(key).read_bytes().split(b"\n", 1)
        except (OSError, ValueError):
            return None
        return pickle.loads(content) if check == digest(content).encode() else None

    def save(self, key: Any, data: Any) -> None:
        """Keep it, in place of what older sources were compiled to."""
        content, path = dumps(data), self.path(key)
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            part.write_bytes(digest(content).encode() + b"\n" + content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        for name in os.listdir(self.folder):
            if name.startswith(f"{self.name}.") and name.endswith((".nbc", ".nbi")) and not name.startswith(self.current):
                (self.folder / name).unlink(missing_ok=True)


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
def fingerprint(file: Path, root: Path = ROOT, version: str = __version__) -> str:
    """A hash of the file, of the kernels' files that it imports and that those import, and of the version."""
    found: dict[Path, str] = {}
    due = [file]
    while due:
        path = due.pop()
        if path not in found:
            found[path], imported = contents(path, root)
            due += imported
    return digest("".join([version, *[found[path] for path in sorted(found)]]).encode())


@functools.cache
def contents(path: Path, root: Path) -> tuple[str, list[Path]]:
    """The hash of a file, and which files of kernels it imports."""
    text = path.read_bytes() if path.is_file() else b""
    return digest(text), [*imports(text.decode(), root)]


def imports(text: str, root: Path) -> Iterator[Path]:
    """The files of kernels that a source imports, perhaps by ``from tensorgrad.kernels.compiled import direct``."""
    for package, module, names in IMPORTS.findall(text):
        folder = root / "tensorgrad" / "kernels" / package
        for name in [module] if module else re.findall(r"\w+", names):
            if name not in ASIDE and (folder / f"{name}.py").is_file():
                yield folder / f"{name}.py"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if hasattr(os, "register_at_fork"):
    # A fork waits until no thread compiles: the child would find the compiler's locks taken for ever.
    os.register_at_fork(before=global_compiler_lock.acquire, after_in_parent=global_compiler_lock.release,
                        after_in_child=global_compiler_lock.release)
