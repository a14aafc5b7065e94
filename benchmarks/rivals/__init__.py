"""Other compilers for IonQ's gates, each as a function of a textbook circuit.

Install them with ``pip install -e .[rivals]``; one that isn't there is left out. Every rival gets
the best of the ways to call it that are given here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from pennylane.operation import Operator

Gates = Sequence[Operator]
Counts = tuple[int, int]
ENTANGLERS = {"forte": "zz", "aria": "ms"}
_REPEATS, _ENOUGH = 3, 2.0  # a way is timed that often, unless that takes so many seconds


@dataclass(frozen=True, slots=True)
class Found:
    """What a compiler makes of a circuit.

    Attributes:
        counts: (one-qubit, two-qubit) gates
        seconds: the best time to compile it
        way: how the compiler was called
    """

    counts: Counts
    seconds: float
    way: str


@dataclass(frozen=True, slots=True)
class Rival:
    """Another compiler.

    Attributes:
        name: its package
        module: what is imported
        calls: the module here that knows how to call it
    """

    name: str
    module: str
    calls: str

    @property
    def is_installed(self) -> bool:
        """Whether it can be imported."""
        return find_spec(self.module) is not None

    def best(self, gates: Gates, wires: int, machine: str) -> Found:
        """The fewest two-qubit gates, then one-qubit gates, of all its ways."""
        ways = import_module(f"{__name__}.{self.calls}").ways
        found = [way.run(gates) for way in ways(wires, machine)]
        return min(found, key=lambda each: (each.counts[1], each.counts[0], each.seconds))


@dataclass(frozen=True, slots=True)
class Way:
    """One way to call a compiler.

    Attributes:
        name: of the way
        read: gates to the compiler's own circuit; not timed
        compile: that circuit to the outcome; timed
        count: the outcome to its counts; not timed
    """

    name: str
    read: Callable[[Gates], Any]
    compile: Callable[[Any], Any]
    count: Callable[[Any], Counts]

    def run(self, gates: Gates) -> Found:
        """Compiles a few times and keeps the best time."""
        seconds, outcome = timed(lambda: self.compile(self.read(gates)), _REPEATS)
        reading, _ = timed(lambda: self.read(gates), _REPEATS)
        return Found(self.count(outcome), max(0.0, seconds - reading), self.name)


def timed(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The best wall time of a few calls, in seconds, and what the last of them gave."""
    best = total = 0.0
    outcome = None
    for repeat in range(repeats):
        start = perf_counter()
        outcome = call()
        spent = perf_counter() - start
        best = min(best, spent) if repeat else spent
        total += spent
        if total > _ENOUGH:
            break
    return best, outcome


def counted(sizes: Iterable[int]) -> Counts:
    """The numbers of qubits of some gates to counts."""
    numbers = Counter(sizes)
    return numbers[1], numbers[2]


RIVALS = (
    Rival("cirq-ionq", "cirq_ionq", "by_cirq"),
    Rival("qiskit-ionq", "qiskit_ionq", "by_qiskit"),
    Rival("pytket", "pytket", "by_pytket"),
)
