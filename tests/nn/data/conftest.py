"""A web server on this machine that gives out a folder and can misbehave, and caches of the tests' own."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator

import pytest


class Handler(SimpleHTTPRequestHandler):
    """Gives out files.  A path in `server.faults` is answered by that function instead."""

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        fault = self.server.faults.get(self.path)
        if fault is None:
            super().do_GET()
        else:
            fault(self)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def web(tmp_path, monkeypatch) -> Iterator[Any]:
    """The server: `folder` to put files into, its `address`, `faults` by path, and the `requests` it got."""
    folder = tmp_path / "web"
    folder.mkdir()
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.folder, server.faults, server.requests = folder, {}, []
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Any:
    """An empty folder that is the cache of downloads; the system's folder is empty too."""
    from nn.data import places

    folder = tmp_path / "cache"
    monkeypatch.setenv("TENSORGRAD_DATA", str(folder))
    monkeypatch.delenv("TENSORGRAD_MIRROR", raising=False)
    monkeypatch.setattr(places, "SYSTEM", tmp_path / "system")
    return folder
