"""What the API says of a backend, and the entangler that follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pennylane_qstore.cloud.http.values import moment, number, seconds, shown
from pennylane_qstore.errors import CloudError, CompileError, RejectedError, UnavailableError
from pennylane_qstore.options import SIMULATOR
from pennylane_qstore.programs.program import Programs


@dataclass(frozen=True, slots=True)
class Backend:
    """A machine, as ``GET /backends`` describes it.

    Attributes:
        name: such as "qpu.forte-1"
        qubits: how many it has
        native_gates: names of its native gates, or None where the API doesn't say
        queue: seconds that jobs wait for it on average, or None where the API doesn't say
        status: "available" or "unavailable", or None where the API doesn't say
        coupled: the pairs of qubits that its entangler acts on, lower one first; None where the API
            doesn't say, or all of them are
    """

    name: str
    qubits: int
    native_gates: tuple[str, ...] | None
    queue: float | None = None
    status: str | None = None
    coupled: frozenset[tuple[int, int]] | None = None

    def away(self) -> UnavailableError | None:
        """Return why nothing new is sent to it while IonQ says it is away; None if available."""
        if self.status in {None, "available"}:
            return None
        return UnavailableError(
            f"the backend {self.name!r} is {self.status}, IonQ says: nothing was sent. Try later, "
            "or list other backends",
            backend=self.name,
        )

    def too_wide(self, qubits: int) -> str | None:
        """Return why circuits of that many qubits don't fit, or None if they do."""
        if qubits <= self.qubits:
            return None
        return f"a tape on {qubits} wires doesn't fit {self.name}, which has {self.qubits} qubits"

    def refusal(self, batch: Iterable[Programs]) -> str | None:
        """Return why circuits can't run on it, or None if they can."""
        reasons = (self.too_wide(each.qubits) or self._uncoupled(each) for each in batch)
        return next(filter(None, reasons), None)

    def _uncoupled(self, programs: Programs) -> str | None:
        if self.coupled is None or programs.gateset != "native":  # IonQ finds the way for others
            return None
        for name, qubits in programs.gates:
            if len(qubits) > 1 and (min(qubits), max(qubits)) not in self.coupled:
                return (
                    f"{name} on qubits {qubits[0]} and {qubits[1]}, which are not coupled on "
                    f"{self.name}; gateset='qis' leaves it to IonQ to find a way"
                )
        return None

    def entangler(self, noise_model: str | None = None) -> str:
        """Return the native two-qubit gate to compile for: "ms" or "zz".

        The cloud's simulator takes both while it is ideal; a noise model is of one machine, and
        follows that machine's family.

        Raises:
            CompileError: the API names none
        """
        family = (noise_model or "ideal").split("-")[0]
        if family in {"aria", "harmony"}:
            return "ms"
        if family == "forte":
            return "zz"
        if self.native_gates is None and self.name == SIMULATOR:
            return "ms"
        for gate in ("zz", "ms"):
            if gate in (self.native_gates or ()):
                return gate
        raise CompileError(
            f"the API names no native two-qubit gate of {self.name} that is known here "
            f"({self.native_gates}); gateset='qis' leaves the compiling to IonQ"
        )


@dataclass(frozen=True, slots=True)
class Fidelities:
    """How well a machine does, by its last characterization; medians over the machine.

    Attributes:
        one_qubit: of a one-qubit gate
        two_qubit: of a two-qubit gate
        spam: of preparing and measuring a qubit
    """

    one_qubit: float
    two_qubit: float
    spam: float

    def of(self, one_qubit_gates: int, two_qubit_gates: int, qubits: int) -> float:
        """Return the estimated fidelity of a circuit: the product of those of its parts.

        one_qubit^(one-qubit gates) · two_qubit^(two-qubit gates) · spam^(qubits); errors are taken
        to be independent, and an entangler at a small angle to be as bad as at the full one.
        """
        return float(
            self.one_qubit**one_qubit_gates * self.two_qubit**two_qubit_gates * self.spam**qubits
        )


def last_of(answer: Any) -> Mapping[str, Any]:
    """The answer of ``GET /backends/{backend}/characterizations`` to the last one.

    Returns:
        nothing in it where there is none

    Raises:
        CloudError: the answer is not what the API promises
    """
    listed = answer.get("characterizations") if isinstance(answer, Mapping) else answer
    try:
        last: Any = max(listed or (), key=lambda one: moment(one["date"]), default={})
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise _rubbish(answer) from None
    if not isinstance(last, Mapping):
        raise _rubbish(answer)
    return last


def coupled(last: Mapping[str, Any], qubits: int) -> frozenset[tuple[int, int]] | None:
    """A characterization to the pairs of qubits that an entangler acts on, lower one first.

    Args:
        last: of the machine
        qubits: how many it has

    Returns:
        None where it doesn't say, or all pairs are
    """
    listed = last.get("connectivity")
    if not isinstance(listed, list) or not listed:
        return None
    try:
        pairs = frozenset((int(min(pair)), int(max(pair))) for pair in listed)
    except (TypeError, ValueError, OverflowError):
        return None
    if not all(0 <= low < high < qubits for low, high in pairs):
        return None
    return None if len(pairs) >= qubits * (qubits - 1) // 2 else pairs


def characterized(answer: Any) -> Fidelities | None:
    """The answer of ``GET /backends/{backend}/characterizations`` to the last one's medians.

    Returns:
        None where there is no characterization, or a median is missing

    Raises:
        CloudError: the answer is not what the API promises
    """
    last = last_of(answer)
    try:
        medians = [(last.get("fidelity") or {}).get(part) for part in ("1q", "2q", "spam")]
        values = [(median or {}).get("median") for median in medians]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _rubbish(answer) from None
    if None in values:
        return None
    found = [float(value) for value in values if isinstance(value, int | float) and 0 < value <= 1]
    if len(found) < len(medians):
        raise CloudError(f"GET characterizations answered fidelities of {values}")
    return Fidelities(*found)


def _rubbish(answer: Any) -> CloudError:
    return CloudError(f"GET characterizations answered {shown(answer)}")


def chosen(name: str, listed: Any) -> Backend:
    """Return the backend of that name from the answer of ``GET /backends``.

    Raises:
        RejectedError: there is none, or it is retired
        CloudError: the answer is not what the API promises
    """
    if not isinstance(listed, Sequence) or not all(isinstance(row, dict) for row in listed):
        raise CloudError(f"GET /backends answered no list of backends: {shown(listed)}")
    names = [str(row.get("backend")) for row in listed if row.get("status") != "retired"]
    row = next((row for row in listed if row.get("backend") == name), None)
    if row is None or name not in names:
        state = "is retired" if row else "is unknown to IonQ"
        raise RejectedError(f"the backend {name!r} {state}; there are {', '.join(names)}")
    qubits, gates = row.get("qubits"), row.get("supported_native_gates")
    if not isinstance(qubits, int) or number(qubits) is None or qubits < 1:
        raise CloudError(f"GET /backends answered {shown(qubits)} as the qubits of {name}")
    native = tuple(map(str, gates)) if isinstance(gates, list) else None
    status = row.get("status")
    return Backend(
        name,
        qubits,
        native,
        seconds(row.get("average_queue_time")),
        status if isinstance(status, str) else None,
    )
