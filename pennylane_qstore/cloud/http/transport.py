"""Send requests over HTTP and read JSON answers; retry only where that is safe."""

import asyncio
import base64
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from pennylane_qstore.cloud.http import bodies, retry
from pennylane_qstore.cloud.http.limiter import Limiter
from pennylane_qstore.cloud.http.redaction import Redaction
from pennylane_qstore.cloud.http.retry import RETRY_COST, THROTTLED_COST, Quota
from pennylane_qstore.errors import (
    CloudError,
    DeadlineError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    UnknownOutcomeError,
)
from pennylane_qstore.options import LOOPBACK
from pennylane_qstore.programs import arrays
from pennylane_qstore.version import __version__

# Seconds. A request that takes longer is lost; asking again costs less than waiting on. One at
# the deadline has a moment all the same.
REQUEST_TIMEOUT, CONNECT_TIMEOUT, LAST_LOOK = 60.0, 10.0, 2.0
# Seconds that an idle connection is kept. Many servers close theirs after five; a submit on one
# that is just being closed would have an unknown outcome.
KEEP_ALIVE = 4.0
# For cancellations, which wait for nobody.
URGENT_CONNECTIONS = 2
_SUCCESS = range(200, 300)
# Answers of a proxy to CONNECT that will not change: it wants a password, or forbids the host.
_PROXY_REFUSALS = frozenset({400, 401, 403, 404, 405, 407, 451, 501})
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
        self._proxy, self._proxy_headers, password = _proxy_for(base_url)
        self._redaction = Redaction(api_key, password)
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
        most: int = bodies.MOST_BYTES,
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
            most: bytes of the answer

        Raises:
            CloudError: what the last attempt met; also where the answer is longer
            DeadlineError: there is no time for another attempt; says what became of the last one
        """
        cost, until = 0, deadline
        for attempt in itertools.count(1):
            try:
                answer = await self._turn(method, path, body, params, deadline, urgent, most)
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
        most: int,
    ) -> Any:
        if urgent:
            return await self._attempt(method, path, body, params, deadline, most)
        async with self._free:
            await self._limiter.turn(deadline)
            return await self._attempt(method, path, body, params, deadline, most)

    async def _attempt(
        self,
        method: str,
        path: str,
        body: str | None,
        params: Sequence[tuple[str, str]],
        deadline: float,
        most: int,
    ) -> Any:
        changes = method == "POST"
        left = max(deadline - self._now(), 0.0 if changes else LAST_LOOK)
        if left <= 0:
            raise DeadlineError("no time is left to submit", job_ids=[], waited=0.0)
        timeout = aiohttp.ClientTimeout(
            total=min(REQUEST_TIMEOUT, left), sock_connect=min(CONNECT_TIMEOUT, left)
        )
        progress = SimpleNamespace(sent=False)
        is_tunnel = self.base_url.startswith("https")  # through which the proxy sees nothing
        try:
            async with self._opened().request(
                method,
                self.base_url + path,
                data=body,
                params=params,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers if is_tunnel else None,
                headers=None if is_tunnel else self._proxy_headers,
                allow_redirects=False,  # the key goes to the host it is meant for
                timeout=timeout,
                trace_request_ctx=progress,
            ) as response:
                if response.status not in _SUCCESS:
                    raw = await bodies.read(response, bodies.MOST_OF_AN_ERROR, is_cut=True)
                    raise self._refusal(method, path, response, raw)
                return await self._decoded(await bodies.read(response, most))
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            raise self._lost(method, path, error, is_sent=progress.sent) from None
        except (bodies.TooLargeError, ValueError, RecursionError) as error:
            reason = f"answered more than {most} bytes"
            if not isinstance(error, bodies.TooLargeError):
                reason = f"answered no JSON: {self._redaction.text(str(error))[:200]}"
            too_large = isinstance(error, bodies.TooLargeError)
            kind = CloudError if too_large else UnavailableError
            raise (UnknownOutcomeError if changes else kind)(f"{method} {path} {reason}") from None

    def _lost(self, method: str, path: str, error: Exception, *, is_sent: bool) -> CloudError:
        """Return the error of a request without an answer; before a byte was sent none arrived."""
        told = self._redaction.text(str(error)) or type(error).__name__
        reason = f"{method} {path}: {told[:500]}"
        if isinstance(error, aiohttp.ClientHttpProxyError):
            reason = f"{method} {path}: the proxy answered {error.status} {told[:200]}"
            if error.status in _PROXY_REFUSALS:
                return RejectedError(f"{reason}; nothing was sent")
            return UnavailableError(reason)
        if isinstance(error, aiohttp.InvalidURL | UnicodeError):
            return RejectedError(f"{reason}: no address; nothing was sent")
        if is_sent and method == "POST":
            return UnknownOutcomeError(reason)
        return UnavailableError(reason)

    def _refusal(
        self, method: str, path: str, response: aiohttp.ClientResponse, raw: bytes
    ) -> CloudError:
        """Return the error that an answer stands for."""
        headers = response.headers
        request_id = headers.get("x-request-id")
        return retry.error_of(
            response.status,
            f"{method} {path} answered {response.status} {_message(raw, self._redaction)}",
            changes=method == "POST",
            retry_after=retry.retry_after(headers.get("Retry-After"), time.time()),
            request_id=None if request_id is None else self._redaction.text(request_id)[:200],
        )

    async def _decoded(self, raw: bytes) -> Any:
        """Return an answer's value, without the key that a server may repeat.

        Raises:
            ValueError: it is no JSON
        """
        try:
            is_large = len(raw) > _LARGE_BODY
            return await asyncio.to_thread(self._parsed, raw) if is_large else self._parsed(raw)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        except ValueError:
            raise ValueError(self._redaction.page(raw[:2_000])) from None

    def _parsed(self, raw: bytes) -> Any:
        if raw.startswith(arrays.MAGIC):
            return arrays.read(raw)
        answer = json.loads(raw)
        return self._redaction.value(answer) if self._redaction.may_be_in(raw) else answer

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._pool_size + URGENT_CONNECTIONS, keepalive_timeout=KEEP_ALIVE
                ),
                auto_decompress=False,  # without a bound, a few bytes would fill the memory
                trace_configs=[_tracing()],
                cookie_jar=aiohttp.DummyCookieJar(),  # the key says who asks
                headers={
                    "Authorization": f"apiKey {self._api_key}",
                    "Accept": f"application/json, {arrays.MEDIA_TYPE}",
                    "Accept-Encoding": bodies.ACCEPTED,
                    "Content-Type": "application/json",
                    "User-Agent": f"pennylane-qstore/{__version__}",
                },
            )
        return self._session

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _tracing() -> aiohttp.TraceConfig:
    """Return what marks a request as sent, just before its first byte leaves for the server."""
    tracing = aiohttp.TraceConfig()

    async def sending(_: Any, context: SimpleNamespace, __: Any) -> None:
        context.trace_request_ctx.sent = True

    tracing.on_request_headers_sent.append(sending)
    return tracing


def _proxy_for(url: str) -> tuple[str | None, dict[str, str] | None, str | None]:
    """Return the proxy that the environment names for an address, its headers and its password.

    There is none for loopback. aiohttp's ``trust_env`` would send requests to loopback through it
    too, the key with them.
    """
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK or proxy_bypass(parts.hostname or ""):
        return None, None, None
    proxy = getproxies().get(parts.scheme)
    if not proxy:
        return None, None, None
    scheme, _, rest = proxy.rpartition("://")
    user_info, at, host = rest.rpartition("@")
    address = f"{scheme or 'http'}://{host}"
    if not at:
        return address, None, None
    user, _, password = (unquote(part) for part in user_info.partition(":"))
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return address, {"Proxy-Authorization": f"Basic {encoded}"}, password


def _message(raw: bytes, redaction: Redaction) -> str:
    """Return the message of an error body, in whatever form it came."""
    try:
        body = redaction.value(json.loads(raw))
    except (ValueError, RecursionError):
        return redaction.page(raw)[:200]
    if not isinstance(body, Mapping):
        return str(body)[:200]
    return ": ".join(str(body[key]) for key in ("error", "message") if body.get(key))[:500]
