"""Where the time goes: forward and backward, by op and by layer, with multiply-adds, bytes and the algorithm chosen.

    with tensorgrad.profiler.profile() as p:
        train_one_step()
    print(p)                                    # by op
    print(p.table(by="layer", depth=1))
    p.save("profile.json")
    p.save("trace.json", kind="chrome")         # for https://ui.perfetto.dev or chrome://tracing

While no profile runs, nothing is in its place: entering the first one replaces the functions that run an op and its backward
rule by timed ones, and leaving the last one puts them back.
"""

from tensorgrad.profiler.profiling import Row, profile
from tensorgrad.profiler.timing import Event, record

__all__ = ["profile", "record", "Row", "Event"]
