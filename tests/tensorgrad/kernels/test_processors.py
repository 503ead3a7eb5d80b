"""The number of threads by default: OMP_NUM_THREADS, affinity, and what a container may use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tensorgrad.kernels import processors
from tensorgrad.kernels.processors import quota, threads_by_default


@pytest.mark.parametrize("value, expected", [("3", 3), ("2,4", 2), (" 5 ", 5), ("", None), ("many", None), ("0", None),
                                             ("-2", None), ("²", None), ("٣", None), ("9" * 5000, None)])
def test_omp_num_threads(monkeypatch, value, expected):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    alone = threads_by_default()
    assert 1 <= alone <= (os.cpu_count() or 1)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads_by_default() == (expected or alone)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity():
    code = ("import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); import tensorgrad; "
            "print(tensorgrad.get_num_threads())")
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout == "1\n", done.stderr


def group(root, path, **files):
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


@pytest.mark.parametrize("own, parent, expected", [
    ("max 100000", None, None), ("200000 100000", None, 2), ("150000 100000", None, 2), ("10000 100000", None, 1),
    ("max 100000", "300000 100000", 3), ("800000 100000", "300000 100000", 3)])
def test_quota_of_cgroup_2(tmp_path, own, parent, expected):
    member = tmp_path / "member"
    member.write_text("0::/a/b\n")
    group(tmp_path / "fs", "a/b", cpu__max=own)
    if parent:
        group(tmp_path / "fs", "a", cpu__max=parent)
    assert quota(tmp_path / "fs", member) == expected


@pytest.mark.parametrize("time, expected", [("-1", None), ("250000", 3), ("100000", 1)])
def test_quota_of_cgroup_1(tmp_path, time, expected):
    member = tmp_path / "member"
    member.write_text("7:memory:/x\n3:cpuacct,cpu:/a\n0::/\n")
    group(tmp_path / "fs/cpu", "a", cpu__cfs_quota_us=time, cpu__cfs_period_us="100000")
    assert quota(tmp_path / "fs", member) == expected


def test_no_cgroups(tmp_path):
    assert quota(tmp_path / "fs", tmp_path / "member") is None


def test_the_quota_limits_the_default(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(processors, "quota", lambda: 1)
    assert threads_by_default() == 1
    monkeypatch.setattr(processors, "quota", lambda: 1000)
    assert threads_by_default() <= (os.cpu_count() or 1)
