"""What the service listens with."""

from __future__ import annotations

import asyncio
import socket

from interestclock.service.serve_app import _bound


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """Else the second packet of an answer waits 40 ms for what acknowledges the first."""

    async def of_a_connection() -> int:
        asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            asked.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with _bound("127.0.0.1", 0) as listening:
            host, port = listening.getsockname()
            async with await asyncio.start_server(connected, sock=listening):
                _, writer = await asyncio.open_connection(host, port)
                found = await asyncio.wait_for(asked, 60)
                writer.close()
                await writer.wait_closed()
        return found

    assert asyncio.run(of_a_connection()) == 1
