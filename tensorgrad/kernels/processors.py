"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

__all__ = ["threads_by_default"]

GROUPS, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def threads_by_default() -> int:
    """OMP_NUM_THREADS if it is a number from 1 to 99,999, else the processors it may use, by affinity and quota."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and int(wanted) > 0:
        return int(wanted)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, quota() or allowed))


def quota(root: Path = GROUPS, membership: Path = MEMBERSHIP) -> int | None:
    """How many processors' time a container lets this process use, rounded up; None if nothing limits it."""
    limits = []
    for line in lines(membership):  # hierarchy:controllers:group
        hierarchy, controllers, group = line.split(":", 2)
        if hierarchy == "0":
            mount, read = root, version_2
        elif "cpu" in controllers.split(","):
            mount, read = root / "cpu", version_1
        else:
            continue
        folder = mount / group.lstrip("/")
        while folder != mount.parent:  # every group above limits those in it
            limits.append(read(folder))
            folder = folder.parent
    return min([math.ceil(limit) for limit in limits if limit], default=None)


def version_2(folder: Path) -> float | None:
    """``cpu.max``: time and period in µs, or "max" for no limit."""
    for line in lines(folder / "cpu.max"):
        time, _, period = line.partition(" ")
        return None if time == "max" else float(time) / float(period)
    return None


def version_1(folder: Path) -> float | None:
    """Two files, with -1 for no limit."""
    for time in lines(folder / "cpu.cfs_quota_us"):
        for period in lines(folder / "cpu.cfs_period_us"):
            return float(time) / float(period) if float(time) > 0 else None
    return None


def lines(path: Path) -> list[str]:
    """The lines of a file; none if it cannot be read."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
