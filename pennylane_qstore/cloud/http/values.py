"""Read values of the API's answers; a time without a zone is in UTC."""

from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """Return a time of the API as a moment with a zone.

    Raises:
        TypeError: it is no text
        ValueError: it is no time
    """
    return in_utc(datetime.fromisoformat(text))


def in_utc(time: datetime) -> datetime:
    """Return the same moment with a zone, UTC where it has none."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
