"""Requests to JSON answers over HTTP, sent again only where that is safe."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from pennylane_qstore.cloud import retry
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.options import LOOPBACK
from pennylane_qstore.version import __version__

# Seconds. A request that takes longer is lost; asking again costs less than waiting on. One at
# the deadline has a moment all the same.
REQUEST_TIMEOUT, LAST_LOOK = 60.0, 2.0
# Seconds that an idle connection is kept. Many servers close theirs after five; a submit on one
# that is just being closed would have an unknown outcome.
KEEP_ALIVE = 4.0
_SUCCESS = range(200, 300)
_LARGE_BODY = 200_000  # bytes; parsed in a thread, so that polls of other jobs go on


class Transport:
    """The API at one address with one key, through one pooled session."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Opens nothing yet; the first request does.

        Args:
            base_url: of the API, with its version
            api_key: IonQ's
            clock: tells the time, in seconds
            sleep: waits, in seconds
        """
        self.base_url = base_url
        self._api_key = api_key
        self._clock = clock
        self._sleep = sleep
        self._proxy = _proxy_for(base_url)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        body: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Sends a request until it is answered for good; ``retry`` says what is tried again.

        Raises:
            DeadlineError: there is no time for another attempt; says what became of the last one
        """
        for attempt in itertools.count(1):
            try:
                return await self._attempt(method, path, body, params or {}, deadline)
            except CloudError as error:
                if not retry.is_retried(error):
                    raise
                pause = retry.delay(attempt, error, random.uniform)
                if pause >= deadline - self._clock():
                    raise DeadlineError(str(error), job_ids=[], waited=0.0) from None
                await self._sleep(pause)
        raise AssertionError("never reached")

    async def _attempt(
        self, method: str, path: str, body: str | None, params: Mapping[str, str], deadline: float
    ) -> Any:
        changes = method == "POST"
        left = max(deadline - self._clock(), 0.0 if changes else LAST_LOOK)
        if left <= 0:
            raise DeadlineError("no time is left to submit", job_ids=[], waited=0.0)
        try:
            async with self._opened().request(
                method,
                self.base_url + path,
                data=body,
                params=params,
                proxy=self._proxy,
                allow_redirects=False,  # the key goes to the host it is meant for
                timeout=aiohttp.ClientTimeout(total=min(REQUEST_TIMEOUT, left)),
            ) as response:
                # A server that repeats the key doesn't get it any further.
                raw = (await response.read()).replace(self._api_key.encode(), b"...")
        except aiohttp.ClientConnectorError as error:  # before a byte was sent
            raise UnavailableError(f"{method} {path}: {error}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = f"{method} {path}: {str(error) or type(error).__name__}"
            raise (UnknownOutcomeError if changes else UnavailableError)(reason) from None
        return await self._answer(method, path, response, raw)

    async def _answer(
        self, method: str, path: str, response: aiohttp.ClientResponse, raw: bytes
    ) -> Any:
        changes = method == "POST"
        if response.status not in _SUCCESS:
            raise retry.error_of(
                response.status,
                f"{method} {path} answered {response.status} {_message(raw)}",
                changes=changes,
                retry_after=retry.retry_after(response.headers.get("Retry-After"), time.time()),
                request_id=response.headers.get("x-request-id"),
            )
        try:
            if len(raw) > _LARGE_BODY:
                return await asyncio.to_thread(json.loads, raw)
            return json.loads(raw)
        except (ValueError, RecursionError):
            reason = f"{method} {path} answered no JSON: {raw[:200]!r}"
            raise (UnknownOutcomeError if changes else UnavailableError)(reason) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE),
                headers={
                    "Authorization": f"apiKey {self._api_key}",
                    "Content-Type": "application/json",
                    "User-Agent": f"pennylane-qstore/{__version__}",
                },
            )
        return self._session


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address; none for this machine's own.

    aiohttp's ``trust_env`` would send requests to loopback through it too, the key with them.
    """
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _message(raw: bytes) -> str:
    """An error body to its message, in whatever form it came."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return raw[:200].decode(errors="replace")
    if not isinstance(body, Mapping):
        return str(body)[:200]
    return ": ".join(str(body[key]) for key in ("error", "message") if body.get(key))[:500]
