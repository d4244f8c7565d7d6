"""Keeping Traefik's access log from filling the disk."""

import asyncio
import logging
import os
import shutil
from pathlib import Path

_log = logging.getLogger("gatehouse.edge")

MAX_BYTES = 100 * 1024 * 1024
_LOOK_SECONDS = 60.0


async def bound_access_log(path: Path) -> None:
    """Keep the log and one before it, each of about 100 MiB, for ever."""
    while True:
        _ = await asyncio.to_thread(roll_over, path, MAX_BYTES)
        await asyncio.sleep(_LOOK_SECONDS)


def roll_over(path: Path, max_bytes: int) -> bool:
    """Move what was logged into `<path>.1` once it is too much; tell whether it was.

    Copied and cut, since Traefik appends to the file it opened and is told to open another only by
    a signal, which does not reach into its container. A line written in between may be lost.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
        _ = shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        os.truncate(path, 0)
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("The access log can not be cut: %s", error)
        return False
    return True
