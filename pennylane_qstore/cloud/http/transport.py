"""Send requests over HTTP and read JSON answers; retry only where that is safe."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from pennylane_qstore.cloud.http import retry
from pennylane_qstore.cloud.http.limiter import Limiter
from pennylane_qstore.cloud.http.retry import RETRY_COST, THROTTLED_COST, Quota
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    RateLimitError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.options import LOOPBACK
from pennylane_qstore.version import __version__

# Seconds. A request that takes longer is lost; asking again costs less than waiting on. One at
# the deadline has a moment all the same.
REQUEST_TIMEOUT, CONNECT_TIMEOUT, LAST_LOOK = 60.0, 10.0, 2.0
# Seconds that an idle connection is kept. Many servers close theirs after five; a submit on one
# that is just being closed would have an unknown outcome.
KEEP_ALIVE = 4.0
# A shorter key is none of IonQ's, and would be found in words.
SHORTEST_KEY = 6
# For cancellations, which wait for nobody.
URGENT_CONNECTIONS = 2
_SUCCESS = range(200, 300)
_LARGE_BODY = 200_000  # bytes; parsed in a thread, so that polls of other jobs go on


class Transport:
    """The API at one address with one key, through one pooled session; lives in one event loop."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        pool_size: int = 20,
        limiter: Limiter | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Opens nothing yet; the first request does.

        Args:
            base_url: of the API, with its version
            api_key: IonQ's
            pool_size: connections at most
            limiter: gives requests their turns
            uniform: draws a number between two, for the jitter of retries
        """
        self.base_url = base_url
        self._api_key = api_key
        self._pool_size = pool_size
        # A request that waits for a connection mustn't use up the time for its answer.
        self._free = asyncio.Semaphore(pool_size)
        self._limiter = Limiter() if limiter is None else limiter
        self._quota = Quota()
        self._uniform = uniform
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
        params: Sequence[tuple[str, str]] = (),
        urgent: bool = False,
        patience: float | None = None,
    ) -> Any:
        """Return the answer to a request, retried as ``retry`` says.

        Args:
            method: such as "GET"
            path: below the base URL
            deadline: in seconds of the loop's clock
            body: JSON text
            params: of the query
            urgent: whether it waits for nobody's turn and for no other's connection
            patience: seconds, from the first attempt, after which there is no other; None tries on
                until the deadline

        Raises:
            DeadlineError: there is no time for another attempt; says what became of the last one
        """
        cost, until = 0, deadline
        for attempt in itertools.count(1):
            try:
                answer = await self._turn(method, path, body, params, deadline, urgent)
            except CloudError as error:
                if isinstance(error, RateLimitError):
                    self._limiter.throttled(error.retry_after)
                if not retry.is_retried(error):
                    raise
                throttled = isinstance(error, RateLimitError)
                if attempt == 1 and patience is not None:
                    until = min(deadline, self._now() + patience)
                price = THROTTLED_COST if throttled else RETRY_COST
                cost = price if self._quota.spend(price) else 0
                pause = retry.delay(attempt, error, self._uniform, exhausted=not cost)
                if pause >= until - self._now():
                    raise DeadlineError(str(error), job_ids=[], waited=0.0) from error
                await asyncio.sleep(pause)
            else:
                self._quota.refund(cost)
                self._limiter.answered()
                return answer
        raise AssertionError("never reached")

    async def _turn(
        self,
        method: str,
        path: str,
        body: str | None,
        params: Sequence[tuple[str, str]],
        deadline: float,
        urgent: bool,
    ) -> Any:
        if urgent:
            return await self._attempt(method, path, body, params, deadline)
        async with self._free:
            await self._limiter.turn(deadline)
            return await self._attempt(method, path, body, params, deadline)

    async def _attempt(
        self,
        method: str,
        path: str,
        body: str | None,
        params: Sequence[tuple[str, str]],
        deadline: float,
    ) -> Any:
        changes = method == "POST"
        left = max(deadline - self._now(), 0.0 if changes else LAST_LOOK)
        if left <= 0:
            raise DeadlineError("no time is left to submit", job_ids=[], waited=0.0)
        timeout = aiohttp.ClientTimeout(
            total=min(REQUEST_TIMEOUT, left), sock_connect=min(CONNECT_TIMEOUT, left)
        )
        try:
            async with self._opened().request(
                method,
                self.base_url + path,
                data=body,
                params=params,
                proxy=self._proxy,
                allow_redirects=False,  # the key goes to the host it is meant for
                timeout=timeout,
            ) as response:
                raw = self._redacted(await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            # Before a byte was sent.
            raise UnavailableError(f"{method} {path}: {error}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = f"{method} {path}: {str(error) or type(error).__name__}"
            raise (UnknownOutcomeError if changes else UnavailableError)(reason) from None
        return await self._answer(method, path, response, raw)

    def _redacted(self, raw: bytes) -> bytes:
        """Return an answer without the key, which a server may repeat."""
        if len(self._api_key) < SHORTEST_KEY:
            return raw
        return raw.replace(self._api_key.encode(), b"...")

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
                connector=aiohttp.TCPConnector(
                    limit=self._pool_size + URGENT_CONNECTIONS, keepalive_timeout=KEEP_ALIVE
                ),
                cookie_jar=aiohttp.DummyCookieJar(),  # the key says who asks
                headers={
                    "Authorization": f"apiKey {self._api_key}",
                    "Content-Type": "application/json",
                    "User-Agent": f"pennylane-qstore/{__version__}",
                },
            )
        return self._session

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address; none for loopback.

    aiohttp's ``trust_env`` would send requests to loopback through it too, the key with them.
    """
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _message(raw: bytes) -> str:
    """Return the message of an error body, in whatever form it came."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return raw[:200].decode(errors="replace")
    if not isinstance(body, Mapping):
        return str(body)[:200]
    return ": ".join(str(body[key]) for key in ("error", "message") if body.get(key))[:500]
