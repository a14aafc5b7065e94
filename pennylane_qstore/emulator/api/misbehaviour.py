"""Middleware that counts and logs requests, delays them, and injects network faults."""

import time
from itertools import pairwise
from typing import cast

import numpy as np
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from pennylane_qstore.emulator.api.context import (
    BASE,
    MONITOR,
    REQUESTS,
    RUNNER,
    SETTINGS,
    route_of,
)
from pennylane_qstore.emulator.api.monitor import LoggedRequest
from pennylane_qstore.emulator.api.refusals import refusal
from pennylane_qstore.emulator.service.faults import (
    RESET_AFTER,
    RESET_BEFORE,
    SLOW,
    TRUNCATED,
    Fault,
)

FIRST_OF_PROXY = 520
PIECES = 8
RATE_LIMITED = "Too Many Requests. To get a higher rate limit, please reach out to support@ionq.co"
# The page of a proxy in front of a service that didn't answer.
PAGE = "<!DOCTYPE html><title>{status}</title><h1>Error {status}</h1><p>Web server error</p>"


@web.middleware
async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return a request's response; count and log it, delay it, and inject its faults."""
    request.app[REQUESTS][route_of(request)] += 1
    if not request.path.startswith(BASE):
        return await handler(request)
    at, start, status = time.time(), time.perf_counter(), 0
    struck = request.app[RUNNER].faults.strike("request", route_of(request))
    try:
        answer = await _late(request, handler, struck)
        status = 0 if _is_cut(request) else answer.status
        return answer
    finally:
        logged = LoggedRequest(
            at=at,
            method=request.method,
            path=request.path_qs,
            status=status,
            milliseconds=round(1000 * (time.perf_counter() - start), 3),
            received=request.content_length or 0,
            faults=tuple(fault.kind for fault in struck),
        )
        request.app[MONITOR].record(logged)


async def _late(request: web.Request, handler: Handler, struck: list[Fault]) -> web.StreamResponse:
    """Return the response after one round trip, half of it before the request is handled."""
    runner, clock = request.app[RUNNER], request.app[SETTINGS].clock
    profile = runner.profile
    half = profile.round_trip / profile.scale / 2
    if half:
        chance = np.random.default_rng([runner.seed, request.app[REQUESTS].total()])
        half *= profile.spread(chance)
    await clock.sleep(half)
    answer = await _treat(request, handler, struck)
    await clock.sleep(half)
    return answer


async def _treat(request: web.Request, handler: Handler, struck: list[Fault]) -> web.StreamResponse:
    for fault in struck:
        if fault.kind == RESET_BEFORE:
            return _cut(request)
        if fault.status is not None:
            return _refused(fault)
    answer = await handler(request)
    for fault in struck:
        if fault.kind == RESET_AFTER:
            return _cut(request)
        if fault.kind in (TRUNCATED, SLOW) and isinstance(answer, web.Response):
            return await _spoil(request, answer, fault)
    return answer


def _refused(fault: Fault) -> web.Response:
    """Return the error response of a fault that is an HTTP status."""
    status = cast(int, fault.status)
    if status >= FIRST_OF_PROXY:
        page = PAGE.format(status=status)
        answer = web.Response(text=page, status=status, content_type="text/html")
    else:
        message = RATE_LIMITED if status == web.HTTPTooManyRequests.status_code else None
        keys = ("fault",) if status == web.HTTPBadRequest.status_code else ()
        answer = refusal(status, message or "This request was set to fail.", keys, "params")
    if fault.retry_after is not None:
        answer.headers[hdrs.RETRY_AFTER] = fault.retry_after
    return answer


def _cut(request: web.Request) -> web.Response:
    """Return a response that is never sent, after resetting the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _is_cut(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _spoil(request: web.Request, answer: web.Response, fault: Fault) -> web.StreamResponse:
    """Return a response already sent: slowly, or only its first half."""
    body = bytes(cast(bytes, answer.body))
    spoiled = web.StreamResponse(status=answer.status, headers=answer.headers)
    spoiled.content_length = len(body)
    await spoiled.prepare(request)
    if fault.kind == TRUNCATED:
        await spoiled.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return spoiled
    ends = [len(body) * piece // PIECES for piece in range(PIECES + 1)]
    for start, end in pairwise(ends):
        await request.app[SETTINGS].clock.sleep(fault.delay / PIECES)
        await spoiled.write(body[start:end])
    await spoiled.write_eof()
    return spoiled
