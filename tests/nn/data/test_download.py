"""Downloads from a server on this machine: whole and as expected, or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket

import pytest

from nn.data import download
from nn.data.download import Remote, fetch, sha256_of
from tensorgrad.errors import DataError

CONTENT = bytes(range(256)) * 9000  # more than one chunk


def digest(data):
    return hashlib.sha256(data).hexdigest()


def remote(*bases, name="a.bin", gunzip=False):
    return Remote("set", name, bases, digest(CONTENT), len(CONTENT), gunzip)


def put(web, content=CONTENT, name="a.bin", folder=""):
    path = web.folder / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def test_a_download(web, cache, capsys):
    put(web)
    path = fetch("set", remote(web.address), cache / "set")
    assert path == cache / "set" / "a.bin" and path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == ["a.bin"]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""  # no terminal, no bar


def test_the_digest_of_a_gz_is_that_of_its_contents(web, cache):
    for level in (1, 9):
        put(web, gzip.compress(CONTENT, level), "a.gz")
        assert gzip.decompress(fetch("set", remote(web.address, name="a.gz", gunzip=True), cache).read_bytes()) == CONTENT
    assert sha256_of(cache / "a.gz", gunzip=True) == digest(CONTENT) != sha256_of(cache / "a.gz")


def test_the_next_address_is_tried(web, cache):
    put(web, folder="second")
    fetch("set", remote(f"{web.address}/first", f"{web.address}/second/"), cache)
    assert web.requests == ["/first/a.bin", "/second/a.bin"]


def test_mirrors_replace_the_addresses(web, cache, monkeypatch):
    put(web, folder="set")
    fetch("set", remote("https://nowhere.invalid"), cache / "one", web.address)
    monkeypatch.setenv("TENSORGRAD_MIRROR", web.address + "/")
    fetch("set", remote("https://nowhere.invalid"), cache / "two")
    assert web.requests == ["/set/a.bin"] * 2


def cut(handler):
    """Promises everything, gives a part, and hangs up."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[:1_500_000])
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def reset(handler):
    """Breaks the connection before it says anything."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.close()


def chunked(handler):
    """A part of an answer of unknown length."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"5\r\nhello\r\nffff\r\nworld")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def silent(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"x")


def endless(handler):
    """Sends on until nobody listens any more."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(1000):
            handler.wfile.write(bytes(1 << 20))
    except OSError:
        return
    raise AssertionError("a gigabyte was taken")


def huge(handler):
    """Announces terabytes."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 42))
    handler.end_headers()


def failure(handler):
    handler.send_error(503)


@pytest.mark.parametrize("fault, text", [
    (cut, r"cut after \d+ of 2304000 bytes|cut after \d+ bytes: IncompleteRead"), (reset, "no connection|cut"),
    (chunked, "cut after"), (endless, "the server sends more than 2304000 bytes, the most that it can be"),
    (huge, "the server has 4398046511104 bytes, where 2304000 are the most"),
    (failure, "the server answers 503 Service Unavailable"),
    (silent, f"another file: its SHA-256 is {digest(b'x')}, expected {digest(CONTENT)}"),
    (None, "the server answers 404"),
], ids=["cut", "reset", "chunked", "endless", "huge", "503", "wrong", "missing"])
def test_failures_leave_nothing_and_say_what_to_do(web, cache, fault, text):
    web.faults = {"/a.bin": fault} if fault else {}
    with pytest.raises(DataError, match=text) as caught:
        fetch("set", remote(web.address), cache)
    assert f"set: a.bin could not be downloaded:\n    {web.address}/a.bin: " in str(caught.value)
    assert f"Without a connection, put the file into {cache} yourself" in str(caught.value)
    assert "TENSORGRAD_MIRROR to an address that has set/a.bin" in str(caught.value)
    assert os.listdir(cache) == []


def test_every_address_is_listed(web, cache):
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    with pytest.raises(DataError) as caught:
        fetch("set", remote(web.address, f"http://127.0.0.1:{port}", "ftp://x", "http://bad host"), cache)
    text = str(caught.value)
    assert "404" in text and "Connection refused" in text and "ftp://x/a.bin: not an address of the web" in text
    assert "http://bad host/a.bin: " in text


def test_a_wrong_file_does_not_replace_a_good_one(web, cache):
    cache.mkdir()
    (cache / "a.bin").write_bytes(b"good")
    put(web, b"bad")
    with pytest.raises(DataError, match="another file"):
        fetch("set", remote(web.address), cache)
    assert (cache / "a.bin").read_bytes() == b"good"


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(CONTENT)[:-100], gzip.compress(CONTENT)[:-4] + b"1234",
                                     gzip.compress(CONTENT)[:100] + b"12345678" * 100])
def test_a_gz_that_is_none(web, cache, content):
    put(web, content, "a.gz")
    with pytest.raises(DataError, match="no gzip file"):
        fetch("set", remote(web.address, name="a.gz", gunzip=True), cache)
    assert os.listdir(cache) == []


def test_a_gz_that_unpacks_to_more_than_there_is(web, cache):
    put(web, gzip.compress(CONTENT + b"x"), "a.gz")
    with pytest.raises(DataError, match="another file: it has more than 2304000 bytes"):
        fetch("set", remote(web.address, name="a.gz", gunzip=True), cache)
    assert os.listdir(cache) == []


def test_a_gz_may_be_a_little_larger_than_its_contents(web, cache):
    content = os.urandom(1000)
    put(web, gzip.compress(content), "a.gz")
    expected = Remote("set", "a.gz", (web.address,), digest(content), len(content), gunzip=True)
    assert (web.folder / "a.gz").stat().st_size > len(content)
    assert gzip.decompress(fetch("set", expected, cache).read_bytes()) == content


def test_a_server_that_says_nothing(web, cache, monkeypatch):
    import threading

    done = threading.Event()
    web.faults = {"/a.bin": lambda handler: done.wait(5)}
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    try:
        with pytest.raises(DataError, match="timed out"):
            fetch("set", remote(web.address), cache)
    finally:
        done.set()


def test_a_folder_that_cannot_be_written(web, tmp_path):
    put(web)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot write .*file/set/a.bin: (.|\n)*Set TENSORGRAD_DATA"):
        fetch("set", remote(web.address), tmp_path / "file" / "set")
