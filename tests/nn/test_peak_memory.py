"""The peak of a training step's memory: parameters, their gradients and momentum, what layers keep, and little besides."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tensorgrad import kernels

ROOT = Path(__file__).parents[2]
MB = 1 << 20

# Prints the megabytes of a step at its peak, above those of the process after a step of the smallest network: what is loaded
# to train at all.  Two threads, whatever the machine has: each needs some memory of its own.
STEPS = """
import sys
import nn, tensorgrad
from tensorgrad import kernels

def memory(field):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(field))

def step():
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(images), labels).backward()
    optimizer.step()

def layers(*channels):
    for before, after in zip(channels, channels[1:]):
        yield from (nn.Conv2d(before, after, 3, padding=1), nn.ReLU())

kernels.use(sys.argv[1])
tensorgrad.set_num_threads(2)
for channels, side, batch in (((1, 4), 8, 2), ((64, 256, 384, 256), 12, 8)):
    net = nn.Sequential(*layers(*channels), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(channels[-1] * (side // 2)**2, 10))
    optimizer = nn.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    images, labels = tensorgrad.rand(batch, channels[0], side, side), tensorgrad.zeros(batch, dtype="int64")
    if side == 8:
        step()
        tensorgrad.release_memory()
        before = memory("VmRSS")
for _ in range(3):
    open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
    step()
print(memory("VmHWM") - before)
"""

PARAMETERS = 4 * (9 * (64 * 256 + 256 * 384 + 384 * 256) + 256 + 384 + 256 + (256 * 36 + 1) * 10)
KEPT = 4 * 8 * 144 * (64 + 2 * (256 + 384 + 256))  # the images, and what each convolution and each ReLU gives


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of a step is read from /proc")
@pytest.mark.parametrize("name", kernels.available())
def test_peak_of_a_step(name: str) -> None:
    """Neither the weights of wide layers at Winograd's points, 14 MB each, nor the code of kernels may come on top."""
    for _ in range(2):  # the first process may have to compile
        done = subprocess.run([sys.executable, "-c", STEPS, name], cwd=ROOT, env={**os.environ, "TENSORGRAD_QUIET": "1"},
                              capture_output=True, text=True, check=True)
    peak = int(done.stdout)
    assert 3 * PARAMETERS < peak < 3 * PARAMETERS + KEPT + 20 * MB
