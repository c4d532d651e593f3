"""How a process learns that it is to leave."""

import asyncio
import signal


def stop_signal() -> asyncio.Event:
    """Is set by SIGTERM or SIGINT, which from now on end nothing by themselves."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
