"""An application service of mautrix-python that does nothing with what it gets. Arguments: hs_token.

Prints {"url": ...} when it listens; ends when its standard input does.
"""

import asyncio
import json
import sys

from mautrix.appservice import AppService


async def main() -> None:
    service = AppService(
        server="http://127.0.0.1:9",
        domain="hs.test",
        as_token="unused",
        hs_token=sys.argv[1],
        bot_localpart="botyard",
        id="botyard",
        loop=asyncio.get_running_loop(),
    )

    @service.matrix_event_handler
    async def ignore(_event) -> None:
        pass

    await service.start("127.0.0.1", 0)
    port = service.runner.addresses[0][1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}/_matrix/app/v1"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await service.stop()


asyncio.run(main())
