"""How many examples Hypothesis draws for a test that needs more, or fewer, than the profile's."""

from hypothesis import settings


def examples(count: int) -> settings:
    """Return settings of ``count`` examples, and of at least the release profile's under it."""
    release = settings.get_profile("release").max_examples
    profile = settings().max_examples
    return settings(max_examples=max(count, profile) if profile == release else count)
