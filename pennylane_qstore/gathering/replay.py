"""A function that calls QNodes one after another, run twice, so that their circuits go together."""

import functools
import random
import sys
import threading
import warnings
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_qstore.device.delivery import deliver
from pennylane_qstore.device.receivers import Answer, TapeBatch, current, receiving
from pennylane_qstore.pennylane_private import watching

P = ParamSpec("P")
T = TypeVar("T")

_MOST_CALLS = 10_000
_SAME = 1e-12  # radians that the angles of a circuit may differ by from one run to the other


def replay(fn: Callable[P, T]) -> Callable[P, T]:
    """Make a function that calls QNodes one after another send them as a single batch.

    The function runs twice: first on made-up outcomes, to learn which circuits it asks for, which
    then are sent together; and once more with their answers. A gradient inside, as of ``qml.grad``,
    is part of it: forward and backward are one batch. NumPy's, Python's and Torch's global random
    states, and the generator of a QNode's gradient, are put back before the second run. What else
    the function does to the world it does twice: let it return what it finds, keep ``backward()``
    out of it, and threads of its own, whose circuits are sent at once in both runs.

    Where the second run asks for another circuit, because it depends on outcomes, that call is a
    batch of its own, and a warning says so.

    Args:
        fn: calls QNodes, and returns what it makes of their results

    Returns:
        a function of the same arguments

    **Example**

    >>> def mean(weights):
    ...     return sum(circuit(weights, x) for x in features) / len(features)
    >>> with qml.Tracker(dev) as tracker:
    ...     value = qstore.replay(mean)(weights)
    >>> tracker.totals["jobs"]
    1
    """

    @functools.wraps(fn)
    def replayed(*args: P.args, **kwargs: P.kwargs) -> T:
        recording, before = _Recording(), _Before()
        failure = None
        try:
            with receiving(recording), watching(before.note), SILENCE:
                fn(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  an outcome that was made up may be to blame
            failure = error
        finally:
            before.clear_caches()
        if failure is not None:
            before.restore()
            warnings.warn(
                f"{_name(fn)} can't be replayed, because it fails on made-up outcomes "
                f"({type(failure).__name__}: {failure}): each of its calls is a batch of its own.",
                stacklevel=2,
            )
            return fn(*args, **kwargs)
        playback = _Playback(recording.batches, deliver(recording.batches), current())
        before.restore()  # others, that are gathered with this one, have drawn in between
        with receiving(playback):
            result = fn(*args, **kwargs)
        if playback.others or playback.left:
            warnings.warn(
                f"{_name(fn)} asked for other circuits in its second run: {playback.others} calls "
                f"were batches of their own, {len(playback.left)} were sent for nothing.",
                stacklevel=2,
            )
        return result

    return replayed


class _Recording:
    """Takes note of batches, and answers with made-up outcomes."""

    records = True

    def __init__(self) -> None:
        self.batches: list[TapeBatch] = []

    def take(self, batches: Sequence[TapeBatch]) -> list[Answer]:
        """Return made-up results of some batches.

        Raises:
            RecursionError: there are too many for a function that ends
        """
        self.batches += batches
        if len(self.batches) > _MOST_CALLS:
            raise RecursionError(f"more than {_MOST_CALLS} calls: it may wait for an outcome")
        return [batch.device.made_up(batch.tapes) for batch in batches]


class _Before:
    """What the second run must find as the first one did: random states, and QNodes' own caches."""

    def __init__(self) -> None:
        self._states = random_states()
        self._caches: dict[int, tuple[MutableMapping[Any, Any], set[Any]]] = {}
        self._generators: dict[int, tuple[np.random.Generator, Any]] = {}

    def note(self, qnode: qml.QNode) -> None:
        """Notes what a QNode's cache holds, and where its gradient's chance stands, at its start.

        Users may give a QNode a cache of results, which mustn't keep what was made up.
        """
        cache = qnode.execute_kwargs.get("cache")
        if isinstance(cache, MutableMapping):
            self._caches.setdefault(id(cache), (cache, set(cache)))
        for value in qnode.gradient_kwargs.values():
            if isinstance(value, np.random.Generator):
                self._generators.setdefault(id(value), (value, deepcopy(value.bit_generator.state)))

    def clear_caches(self) -> None:
        """Takes out of the caches what has come in since."""
        for cache, before in self._caches.values():
            for key in set(cache) - before:
                del cache[key]

    def restore(self) -> None:
        """Puts all that chance depends on back."""
        restore(self._states)
        for generator, state in self._generators.values():
            generator.bit_generator.state = state


class _Playback:
    """Answers the batches of a recording, and sends others on.

    Attributes:
        left: what was recorded and not asked for yet, with its answers
        others: how many calls weren't recorded
    """

    records = False

    def __init__(self, batches: Sequence[TapeBatch], answers: Sequence[Answer], outer: Any) -> None:
        self.left = list(zip(batches, answers, strict=True))
        self.others = 0
        self._outer = outer

    def take(self, batches: Sequence[TapeBatch]) -> list[Answer]:
        """Return the recorded answers where there are some, else those of the devices."""
        found = [self._found(batch) for batch in batches]
        others = [batch for batch, answer in zip(batches, found, strict=True) if answer is None]
        self.others += bool(others)
        with receiving(self._outer):
            answers = iter(deliver(others))
        return [next(answers) if answer is None else answer for answer in found]

    def _found(self, batch: TapeBatch) -> Answer | None:
        for place, (recorded, answer) in enumerate(self.left):
            if is_same(recorded, batch):
                del self.left[place]
                return answer
        return None


def is_same(one: TapeBatch, other: TapeBatch) -> bool:
    """Return whether two batches ask the same of the same device."""
    return (
        one.device is other.device
        and len(one.tapes) == len(other.tapes)
        and all(map(_is_same_tape, one.tapes, other.tapes))
    )


def _is_same_tape(one: QuantumScript, other: QuantumScript) -> bool:
    return one.shots == other.shots and qml.equal(
        one, other, check_interface=False, check_trainability=False, rtol=0, atol=_SAME
    )


class _Silence:
    """Has no warning shown: what is warned of may come from outcomes that were made up.

    Python's filters are the process's. So with several threads, the first to come sets them, and
    the last to go puts them back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = ExitStack()

    def __enter__(self) -> None:
        """Silences the process."""
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._filters.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")

    def __exit__(self, *_error: object) -> None:
        """Lets it speak again."""
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._filters.close()


SILENCE = _Silence()


def random_states() -> tuple[Any, ...]:
    """Return the global random states of Python, NumPy and, where it is imported, Torch."""
    torch = sys.modules.get("torch")
    return random.getstate(), np.random.get_state(), torch and torch.get_rng_state()


def restore(states: tuple[Any, ...]) -> None:
    """Put global random states back.

    Args:
        states: as ``random_states`` returned them
    """
    of_python, of_numpy, of_torch = states
    random.setstate(of_python)
    np.random.set_state(of_numpy)
    if of_torch is not None:
        sys.modules["torch"].set_rng_state(of_torch)


def _name(fn: Callable[..., Any]) -> str:
    return getattr(fn, "__name__", repr(fn))
