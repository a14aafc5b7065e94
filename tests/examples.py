"""How many examples Hypothesis draws, in each of the profiles of ``conftest.py``."""

from hypothesis import settings

DEFAULT = 15
RELEASE = 1000


def examples(count: int) -> settings:
    """Return settings for a test that needs another number of examples than most.

    Args:
        count: the number by default; other profiles have as many times more as they have of others,
            but no more than the release profile's where ``count`` is less
    """
    scaled = count * settings().max_examples // DEFAULT
    return settings(max_examples=min(scaled, max(count, RELEASE)))
