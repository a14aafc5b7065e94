"""Errors turned into the response bodies that IonQ documents."""

import logging
from collections.abc import Sequence
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from pennylane_qstore.emulator.intake.backends import UnknownBackendError
from pennylane_qstore.emulator.simulation.circuit import MalformedError

logger = logging.getLogger(__name__)

# IonQ's own words for the statuses it documents; HTTP's for the others.
WORDS = {
    400: "Bad Request",
    401: "Unauthorized Error",
    404: "Not Found Error",
    413: "Payload Too Large Error",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
INVALID_KEY = (
    "Invalid key provided. See https://docs.ionq.com/#authentication for details, "
    "or email support@ionq.co for help."
)
NOT_FOUND = (
    "Resource not found. See https://docs.ionq.com/ for details, or email support@ionq.co for help."
)
OUTAGE = "Internal service outage. Visit https://status.ionq.co/ to track this incident."


class NotFoundError(LookupError):
    """An unknown id, or results that aren't there yet: a 404."""


class MissingKeyError(PermissionError):
    """A missing or wrong API key: a 401."""


def refusal(status: int, message: str, keys: Sequence[str] = (), source: str = "") -> web.Response:
    """Return an error response in IonQ's form; qiskit-ionq needs all three of its fields."""
    body: dict[str, Any] = {
        "statusCode": status,
        "error": WORDS.get(status) or web.Response(status=status).reason or "Error",
        "message": message,
    }
    if keys:
        body["validation"] = {"keys": list(keys), "source": source}
    return web.json_response(body, status=status)


@web.middleware
async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Return the handler's response, or the error response of what it raised."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _http(error)
    except Exception as error:
        answer = _expected(error)
        if answer is None:
            logger.exception("%s %s", request.method, request.path)
        return refusal(500, OUTAGE) if answer is None else answer


def _expected(error: Exception) -> web.Response | None:
    """Return the response to an invalid request; None if the fault is the emulator's."""
    match error:
        case MalformedError():
            return refusal(400, str(error), error.keys or ("body",), error.source)
        case MissingKeyError():
            return refusal(401, INVALID_KEY)
        case UnknownBackendError():
            return refusal(404, str(error))
        case NotFoundError():
            return refusal(404, NOT_FOUND)
        case web.RequestPayloadError():
            broken = refusal(400, "The body's encoding is broken.", ("body",), "body")
            broken.force_close()  # aiohttp can't find where the next request begins
            return broken
    return None


def _http(error: web.HTTPException) -> web.Response:
    """Return the response to what aiohttp refused: no such route or method, or too large."""
    unknown = error.status == web.HTTPNotFound.status_code
    answer = refusal(error.status, NOT_FOUND if unknown else str(error.text))
    if hdrs.ALLOW in error.headers:
        answer.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    return answer
