"""Settings of the tests here: `examples(n)` above a test draws n examples, the same ones each time.

With TENSORGRAD_FUZZ=20 in the environment a run draws new ones, 20 times as many, and prints what reproduces a failure.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = float(os.environ.get("TENSORGRAD_FUZZ", 0))


def examples(count: int) -> settings:
    """Draw `count` examples."""
    return settings(max_examples=max(1, int(count * (TIMES or 1))), derandomize=not TIMES, deadline=None, database=None,
                    print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
