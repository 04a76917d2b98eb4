"""What a worker does again and again with memory, counted by the kernel in a fresh process."""

import subprocess
import sys

PIECE = """
import resource, numpy as np
from triglot.workers import malloc
malloc.keep()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    first = np.ones(400_000)
    return float((first * 2 + first).sum())
work()
before = faults()
for _ in range(20):
    work()
print(faults() - before)
"""
RETURNED = """
import numpy as np
from triglot.workers import malloc
malloc.keep()
def resident():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS"))) * 1024
before = resident()
kept = [np.ones(10_000_000), np.ones(1)]
assert resident() - before > 70_000_000
del kept[0]
print(resident() - before)
"""


def number(code: str) -> int:
    """Return what a program in a process of its own prints."""
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def test_arrays_of_some_megabytes_use_the_memory_of_those_before_them() -> None:
    assert number(PIECE) < 500  # pages; 40,000 where each array has to be given its memory anew


def test_what_is_larger_is_given_back() -> None:
    assert number(RETURNED) < 20_000_000
