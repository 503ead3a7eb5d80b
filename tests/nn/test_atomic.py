"""Atomic files: the old contents or the new, never a part, never a leftover."""

from __future__ import annotations

import os
import threading

import pytest

from nn.atomic import atomic


def write(path, content, fail=None):
    with atomic(path) as file:
        file.write(content)
        if fail is not None:
            raise fail


def test_new_and_replaced(tmp_path):
    path = tmp_path / "a.bin"
    for content in (b"one", b"two"):
        write(path, content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError("x")])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.bin"
    write(path, b"old")
    with pytest.raises(type(error)):
        write(path, b"half of the new", error)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_of_the_system(tmp_path, monkeypatch, call):
    path = tmp_path / "a.bin"
    write(path, b"old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="No space left"):
            write(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.bin"]


def test_the_mode_is_that_of_an_ordinary_file(tmp_path):
    write(tmp_path / "a.bin", b"x")
    (tmp_path / "b.bin").write_bytes(b"x")
    assert (tmp_path / "a.bin").stat().st_mode == (tmp_path / "b.bin").stat().st_mode


def test_a_link_keeps_pointing_to_the_file(tmp_path):
    (tmp_path / "real").mkdir()
    write(tmp_path / "real" / "a.bin", b"old")
    link = tmp_path / "link.bin"
    link.symlink_to(tmp_path / "real" / "a.bin")
    write(link, b"new")
    assert link.is_symlink() and (tmp_path / "real" / "a.bin").read_bytes() == b"new"


def test_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "none" / "a.bin", b"x")


def test_writers_at_the_same_time_do_not_mix(tmp_path):
    path = tmp_path / "a.bin"
    contents = [bytes([i]) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents and os.listdir(tmp_path) == ["a.bin"]
