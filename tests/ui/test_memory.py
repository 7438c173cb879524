"""Memory that is no longer used goes back to the system."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

MEMORY = Path(__file__).resolve().parents[2] / "ui" / "memory.py"

PROGRAM = """
import runpy, sys, time
from pathlib import Path

# By its path, because the package imports gradio.
memory = runpy.run_path(sys.argv[1])
trim, trim_periodically = memory["trim"], memory["trim_periodically"]

def held():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) // 1024

def scatter():
    # Every other block stays, so that glibc keeps all that lies between.
    blocks = [bytearray(100_000) for _ in range(4_000)]
    return blocks[::40]

kept = scatter()
before = held()
trim()
print(before, held())
kept.append(scatter())
before = held()
trim_periodically(0.05)
# The test fails on the printed figures if memory has not shrunk by the deadline.
deadline = time.monotonic() + 60
while held() >= before - 250 and time.monotonic() < deadline:
    time.sleep(0.05)
print(before, held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_returned_at_once_and_in_background() -> None:
    program = subprocess.run([sys.executable, "-c", PROGRAM, MEMORY], capture_output=True, text=True, check=True)
    for line in program.stdout.splitlines():
        before, after = map(int, line.split())
        assert after < before - 250
