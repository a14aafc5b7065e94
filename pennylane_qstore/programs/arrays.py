"""Read probabilities that the emulator sends as arrays, where IonQ sends JSON."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What is asked for, and how it begins; IonQ doesn't know it, and sends JSON.
MEDIA_TYPE = "application/vnd.qstore.probabilities"
MAGIC = b"\x93QSTORE1"
_LENGTH = slice(len(MAGIC), len(MAGIC) + 4)
_MOST_QUBITS = 40


@dataclass(frozen=True, slots=True)
class Distribution:
    """One circuit's probabilities of all states of some qubits.

    Attributes:
        qubits: in rising order; the first is the lowest bit
        probabilities: shape (2**qubits,)
    """

    qubits: tuple[int, ...]
    probabilities: NDArray[np.float64]

    @property
    def states(self) -> NDArray[np.int64]:
        """IonQ's integers of the states, qubit 0 the least significant bit."""
        states = np.zeros(1 << len(self.qubits), dtype=np.int64)
        for place, qubit in enumerate(self.qubits):
            states.reshape(-1, 2, 1 << place)[:, 1] += 1 << qubit
        return states


def read(raw: bytes) -> Distribution | dict[str, Distribution]:
    """Return the distribution of a job of one circuit, or those of the child jobs by id.

    Args:
        raw: `MAGIC`, the length of a header as 4 bytes, the header, which is a JSON array of
            [child id or null, qubits], and each circuit's probabilities as doubles

    Raises:
        ValueError: it is no such thing
    """
    start = _LENGTH.stop + int.from_bytes(raw[_LENGTH], "little")
    entries: Any = json.loads(raw[_LENGTH.stop : start])
    answers: dict[str, Distribution] = {}
    try:
        for child, qubits in entries:
            rising = all(type(qubit) is int for qubit in qubits) and qubits == sorted(set(qubits))
            if not rising or len(qubits) > _MOST_QUBITS or min(qubits, default=0) < 0:
                raise ValueError("qubits that aren't rising")
            length = 1 << len(qubits)
            row = np.frombuffer(raw, "<f8", length, start)
            start += row.nbytes
            answers[child] = Distribution(tuple(qubits), row)
    except TypeError:
        raise ValueError("a header that is none") from None
    if start != len(raw) or len(answers) != len(entries):
        raise ValueError("arrays of other lengths than they should have")
    alone: Any = answers.get(None)  # type: ignore[call-overload]
    return answers if alone is None else alone
