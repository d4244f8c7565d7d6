"""`python -m sidecar.main`: the control plane as one process."""

import asyncio
import logging
import signal
import sys

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from pydantic import ValidationError

from sidecar.app import create_app
from sidecar.kit.requests import RequestIdFilter
from sidecar.settings import Settings
from sidecar.wiring import build


async def serve(settings: Settings) -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Granian is embedded in this loop: a server with a worker process of its own would leave that
    worker behind, and writing configuration, when its parent is killed.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with build(settings) as gateway:
        server = Server(
            create_app(gateway),
            address=settings.sidecar_bind,
            port=settings.sidecar_port,
            interface=Interfaces.ASGI,
            log_access=False,
        )
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(stop.wait())
        _ = await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.stop()  # type: ignore[no-untyped-call]
        await serving
        _ = stopping.cancel()


def main() -> None:
    _log_to_standard_error()
    try:
        settings = Settings()
    except ValidationError as error:
        fields = (f"{_variable(str(e['loc'][0]))}: {e['msg']}" for e in error.errors())
        sys.exit("\n".join(fields))
    uvloop.run(serve(settings))


def _variable(field: str) -> str:
    """Answer how a setting is called in the environment; those with two names come by one."""
    return field if field.isupper() else f"GATEHOUSE_{field.upper()}"


def _log_to_standard_error() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    # `-` stands where no request is being answered.
    line = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=line, handlers=[handler])


if __name__ == "__main__":
    main()
