"""What an error of ours looks like from outside."""

import asyncio
import json

from aiohttp.test_utils import make_mocked_request

from pennylane_qstore.emulator.api.refusals import refuse


def test_an_error_of_ours_is_a_500(caplog):
    """A bug is logged and answered; it does not close the connection."""

    async def broken(request):
        raise ZeroDivisionError

    answer = asyncio.run(refuse(make_mocked_request("GET", "/v0.4/jobs"), broken))
    assert answer.status == 500
    assert set(json.loads(answer.body)) == {"statusCode", "error", "message"}
    assert "GET /v0.4/jobs" in caplog.text
