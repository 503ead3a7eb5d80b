"""A profile as Chrome's trace events: one track each for forward, backward and records per thread, layers around calls."""

from __future__ import annotations

import os
from typing import Any

from tensorgrad.profiler.timing import BACKWARD, FORWARD, RECORD, Event

__all__ = ["chrome_events"]

TRACKS = ("records", "forward", "backward")


def chrome_events(events: list[Event], origin: int) -> list[dict[str, Any]]:
    """The events, with times in microseconds after `origin`."""
    process = os.getpid()
    names = {event.thread_number: event.thread for event in events}
    threads = {number: i for i, number in enumerate(names)}
    found: list[dict[str, Any]] = []

    def note(kind: str, tid: int, args: dict[str, Any]) -> None:
        found.append({"name": kind, "ph": "M", "pid": process, "tid": tid, "args": args})

    note("process_name", 0, {"name": "tensorgrad"})
    for thread, number in threads.items():
        for i, what in enumerate(TRACKS):
            note("thread_name", len(TRACKS) * number + i, {"name": f"{names[thread]}: {what}"})
            note("thread_sort_index", len(TRACKS) * number + i, {"sort_index": len(TRACKS) * number + i})

    def box(name: str, category: str, start: int, end: int, tid: int, args: dict[str, Any]) -> None:
        found.append({"name": name, "cat": category, "ph": "X", "ts": (start - origin) / 1000, "dur": (end - start) / 1000,
                      "pid": process, "tid": tid, "args": args})

    for thread, number in threads.items():
        # A box comes before those inside it: viewers nest by time, and by order where times are equal.
        own = sorted([event for event in events if event.thread_number == thread],
                     key=lambda event: (event.start, -event.end))
        for layer, start, end, track in layer_boxes(own):
            box(layer, "layer", start, end, len(TRACKS) * number + track, {})
        for event in own:
            box(event.name, event.phase, event.start, event.end, len(TRACKS) * number + track_of(event), arguments(event))
    return found


def track_of(event: Event) -> int:
    return 1 if event.phase == FORWARD else 0 if event.phase == RECORD else 2


def arguments(event: Event) -> dict[str, Any]:
    """What a viewer shows of a box beside its name."""
    args: dict[str, Any] = {"layer": event.layer} if event.layer else {}
    if event.multiply_adds is not None:
        args["multiply-adds"] = event.multiply_adds
    if event.bytes:
        args["bytes"] = event.bytes
    if event.algorithms:
        args["algorithm"] = ", ".join(event.algorithms)
    return args


def layer_boxes(events: list[Event]) -> list[tuple[str, int, int, int]]:
    """(last part of the path, start, end, track) of runs of calls in one layer, outer layers first.

    A run ends with a call elsewhere: in another layer, or on another track.
    """
    boxes: list[tuple[str, int, int, int]] = []
    opened: list[tuple[str, int]] = []  # name and start of the layers around the last call
    track, last = -1, 0

    def close(depth: int) -> None:
        while len(opened) > depth:
            boxes.append((*opened.pop(), last, track))

    for event in events:
        if not event.counted:
            continue
        if event.phase not in (FORWARD, BACKWARD):
            close(0)
            continue
        if track_of(event) != track:
            close(0)
            track = track_of(event)
        path = event.layer.split(".") if event.layer else []
        same = 0
        while same < min(len(path), len(opened)) and opened[same][0] == path[same]:
            same += 1
        close(same)
        opened += [(name, event.start) for name in path[same:]]
        last = event.end
    close(0)
    return sorted(boxes, key=lambda box: (box[1], -box[2]))
