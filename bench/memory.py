"""How much memory a process holds."""

import re
from pathlib import Path


def resident_mb(pid: int) -> list[float]:
    """Answer the resident set in MB, or nothing on a system without /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    # Despite its unit it counts in KiB.
    return [int(kib) * 1024 / 1e6 for kib in re.findall(r"(?m)^VmRSS:\s+(\d+) kB$", status)]
