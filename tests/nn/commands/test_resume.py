"""A run that is killed at any moment goes on, and ends with the same weights, bit for bit."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.nn.commands.process import environment, tensorgrad

ARGUMENTS = ["train", "--epochs", "3", "--batch-size", "128", "--seed", "5", "--threads", "1", "--quiet", "--out", "run"]

# Makes the process kill itself at the n-th of the calls that sync a file, or create, rename or replace one in this folder
# (numba writes its cache elsewhere).
KILLER = """
import os, signal, sys
{prelude}
from nn.commands import main
left = {call}
def dying(function):
    def wrapper(*args, **kwargs):
        global left
        here = isinstance(args[0], int) or os.path.realpath(args[0]).startswith(os.getcwd())
        left -= here
        if here and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return wrapper
for name in ("mkdir", "fsync", "rename", "replace"):
    setattr(os, name, dying(getattr(os, name)))
sys.exit(main())
"""
PLAIN = "sys.modules['matplotlib'] = None"  # without pictures


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Weights and metrics of a run that nobody disturbed."""
    cwd = tmp_path_factory.mktemp("uninterrupted")
    tensorgrad(*ARGUMENTS, cwd=cwd, prelude=f"import sys\n{PLAIN}")
    return content(cwd / "run")


def content(folder):
    """What has to be equal: the weights' bytes, and the metrics without the time."""
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in records:
        del record["seconds"]
    (weights,) = folder.glob("weights.*")  # .npz without safetensors
    return weights.read_bytes(), records


def go_on(cwd, prelude=""):
    """Resume the run, or begin it if it was killed before its folder was there."""
    arguments = ["train", "--resume", "run", "--quiet"] if (cwd / "run").exists() else ARGUMENTS
    tensorgrad(*arguments, cwd=cwd, prelude=prelude)


def killed_at(call, cwd, prelude=PLAIN, arguments=ARGUMENTS):
    """Run until the process kills itself at that call; False if it ended before."""
    done = subprocess.run([sys.executable, "-c", KILLER.format(call=call, prelude=prelude), *arguments], cwd=cwd,
                          env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("call", [2, 7, 9, 15, 21, 30])
def test_killed_at_a_write(call, tmp_path, uninterrupted):
    assert killed_at(call, tmp_path)
    go_on(tmp_path, f"import sys\n{PLAIN}")
    assert content(tmp_path / "run") == uninterrupted
    assert not list((tmp_path / "run").glob(".*")) and (tmp_path / "run" / "result.json").exists()


def test_killed_again_and_again(tmp_path, uninterrupted):
    killed_at(14, tmp_path)
    assert killed_at(5, tmp_path, arguments=["train", "--resume", "run", "--quiet"])
    assert killed_at(8, tmp_path, arguments=["train", "--resume", "run", "--quiet"])
    go_on(tmp_path, f"import sys\n{PLAIN}")
    assert content(tmp_path / "run") == uninterrupted


@pytest.mark.slow
def test_killed_at_every_write(tmp_path, uninterrupted):
    call = 1
    while True:
        cwd = tmp_path / str(call)
        cwd.mkdir()
        if not killed_at(call, cwd, prelude=""):
            break
        go_on(cwd)
        assert content(cwd / "run") == uninterrupted, f"killed at call {call}"
        assert {path.name for path in (cwd / "run").iterdir()} >= {"result.json", "graph.svg", "summary.txt"}
        call += 1
    assert call > 40


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cnn", "resnet20"])
def test_killed_at_random_moments(model, tmp_path):
    """With batch norm, two threads, and a thread that prepares batches."""
    arguments = ["train", "--model", model, "--epochs", "4", "--batch-size", "64", "--seed", "3", "--workers", "1",
                 "--quiet"]
    tensorgrad(*arguments, "--out", "whole", cwd=tmp_path)
    for _ in range(6):
        subprocess.run(["rm", "-rf", "run"], cwd=tmp_path)
        kills = 0
        while True:
            more = ["train", "--resume", "run", "--quiet"] if (tmp_path / "run").exists() else [*arguments, "--out", "run"]
            process = subprocess.Popen([sys.executable, "-m", "nn.commands", *more], cwd=tmp_path, env=environment(),
                                       stdout=subprocess.DEVNULL)
            try:
                code = process.wait(timeout=random.uniform(1, 4) + kills)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                time.sleep(0.05)
                continue
            assert code == 0
            break
        assert content(tmp_path / "run") == content(tmp_path / "whole"), f"after {kills} kills"
