"""Standard deviations of anything that is computed from QNodes, by drawing the shots again."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pennylane as qml

from pennylane_qstore.cloud.submitting.packing import MAX_SHOTS
from pennylane_qstore.device.delivery import deliver
from pennylane_qstore.device.receivers import Answer, Redrawable, TapeBatch, current, receiving
from pennylane_qstore.errors import OptionError
from pennylane_qstore.gathering.replay import SILENCE, is_same, random_states, restore
from pennylane_qstore.tensors import to_numpy

P = ParamSpec("P")
T = TypeVar("T")
_SEED = 2026


def with_std(fn: Callable[P, T], draws: int = 200) -> Callable[P, tuple[T, T]]:
    """Add standard deviations to the results of a QNode, or of any function of QNodes.

    The function runs once on the device. Then it runs again on outcomes that are drawn from the
    measured ones, as many times as ``draws`` says, and sends nothing (the bootstrap: B. Efron, Ann.
    Statist. 7 (1979), 1). So the deviation is that of the whole computation: of gradients, ratios,
    and mitigated values, with their calibration. It is that of the shots alone: drifts and biases
    of the machine are not in it. Results without shots have a deviation of 0.

    Args:
        fn: calls QNodes of this package's devices; its circuits don't depend on outcomes
        draws: how often outcomes are drawn; 200 tell a deviation to about 5 %

    Returns:
        a function of the same arguments that returns the result and its standard deviation, which
        is nested as the result is

    Raises:
        OptionError: fewer than two draws
        RuntimeError: when it is called: the circuits depend on outcomes

    **Example**

    >>> dev = qml.device("qstore.ionq", wires=1, seed=1)
    >>> @qml.set_shots(10000)
    ... @qml.qnode(dev)
    ... def circuit(x):
    ...     qml.RX(x, 0)
    ...     return qml.expval(qml.Z(0))
    >>> value, deviation = qstore.with_std(circuit)(np.pi / 2)
    >>> bool(abs(deviation - 0.01) < 0.002)
    True
    """
    if not isinstance(draws, int) or draws < 2:  # noqa: PLR2004
        raise OptionError("draws", draws, "use an integer of at least 2")

    @functools.wraps(fn)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> tuple[T, T]:
        states = random_states()
        recorder = _Recorder()
        with receiving(recorder):
            result = fn(*args, **kwargs)
        after = random_states()
        leaves, structure = qml.pytrees.flatten(result)
        drawn: list[list[Any]] = []
        try:
            for draw in range(draws):
                restore(states)
                with receiving(_Redraw(recorder, draw)), SILENCE:
                    again, _ = qml.pytrees.flatten(fn(*args, **kwargs))
                drawn.append([np.asarray(to_numpy(leaf), dtype=float) for leaf in again])
        finally:
            restore(after)
        deviations = [np.std(column, axis=0, ddof=1) for column in zip(*drawn, strict=True)]
        shaped = [
            float(std) if np.ndim(leaf) == 0 else std
            for std, leaf in zip(deviations, leaves, strict=True)
        ]
        return result, qml.pytrees.unflatten(shaped, structure)

    return wrapped


class _Recorder:
    """Sends batches on, and keeps their answers."""

    records = False

    def __init__(self) -> None:
        self.batches: list[TapeBatch] = []
        self.answers: list[Answer] = []
        self._outer = current()

    def take(self, batches: Sequence[TapeBatch]) -> list[Answer]:
        """Return the devices' answers."""
        with receiving(self._outer):
            answers = deliver(batches)
        self.batches += batches
        self.answers += answers
        return answers


class _Redraw:
    """Answers the batches of a recording from outcomes that are drawn again."""

    records = False

    def __init__(self, recorder: _Recorder, draw: int) -> None:
        self._left = list(zip(recorder.batches, recorder.answers, strict=True))
        self._draw = draw

    def take(self, batches: Sequence[TapeBatch]) -> list[Answer]:
        """Return answers of new draws.

        Raises:
            RuntimeError: a batch that wasn't sent the first time
        """
        return [self._answer(batch) for batch in batches]

    def _answer(self, batch: TapeBatch) -> Answer:
        for place, (recorded, answer) in enumerate(self._left):
            if is_same(recorded, batch):
                del self._left[place]
                if isinstance(answer, Redrawable):
                    return answer.again(_SEED + self._draw)
                return answer
        raise RuntimeError(
            "with_std needs circuits that don't depend on outcomes: the function asked for others "
            "when its outcomes were drawn again. Take deviations of each step's value instead"
        )


def to_precision(qnode: Any, precision: float, pilot: int = 1000) -> Callable[..., tuple[Any, Any]]:
    """Run a QNode with as many shots as a standard deviation needs.

    A pilot run measures the deviation, which falls with the root of the number of shots. Then the
    QNode runs with the shots that are left to reach the precision for its least precise value.

    Args:
        qnode: of a device of this package
        precision: standard deviation that each value is to have at most
        pilot: shots of the pilot run

    Returns:
        a function of the QNode's arguments that returns result and standard deviation, of the
        pilot's result where that is precise enough; ``.shots(*args)`` gives the shots that are
        needed, for which the pilot is sent alone

    Raises:
        OptionError: a precision that is no positive number, or when it is called, one that needs
            more shots than a job can have

    **Example**

    >>> dev = qml.device("qstore.ionq", wires=1, seed=1)
    >>> @qml.qnode(dev)
    ... def circuit(x):
    ...     qml.RX(x, 0)
    ...     return qml.expval(qml.Z(0))
    >>> value, deviation = qstore.to_precision(circuit, 0.005)(np.pi / 2)
    >>> bool(deviation < 0.006)
    True
    """
    if not (isinstance(precision, float | int) and 0 < precision < float("inf")):
        raise OptionError("precision", precision, "use a positive number")

    def piloted(args: Any, kwargs: Any) -> tuple[int, Any, Any]:
        result, deviation = with_std(qml.set_shots(qnode, pilot))(*args, **kwargs)
        leaves, _ = qml.pytrees.flatten(deviation)
        worst = max((float(np.max(leaf)) for leaf in leaves if np.size(leaf)), default=0.0)
        needed = max(pilot, math.ceil(pilot * (worst / precision) ** 2))
        if needed > MAX_SHOTS:
            raise OptionError(
                "precision",
                precision,
                f"it needs about {needed} shots a circuit, and IonQ takes {MAX_SHOTS} at most",
            )
        return needed, result, deviation

    @functools.wraps(qnode)
    def precise(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        needed, result, deviation = piloted(args, kwargs)
        if needed <= pilot:
            return result, deviation
        return with_std(qml.set_shots(qnode, needed))(*args, **kwargs)

    precise.shots = lambda *args, **kwargs: piloted(args, kwargs)[0]  # type: ignore[attr-defined]
    return precise
