"""The API's times as moments; one without a zone is in UTC, whatever this machine's zone is."""

from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """A time of the API to a moment.

    Raises:
        TypeError: it is no text
        ValueError: it is no time
    """
    return in_utc(datetime.fromisoformat(text))


def in_utc(time: datetime) -> datetime:
    """The same moment, with a zone."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
