"""The emulated machines: their qubits, native gates, errors and status."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pennylane_qstore.emulator.simulation.gates import QIS

# The live service lists no pauliexp here, though it accepts it.
QIS_GATES = sorted({*QIS} - {"pauliexp"})
CHARACTERIZED_AT = "2026-06-16T00:00:00Z"


class UnknownBackendError(LookupError):
    """A backend that doesn't exist: a 404."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One machine.

    Attributes:
        name: its name in a job's `backend`
        qubits: number of qubits
        entangler: its native two-qubit gates
        status: "available", "unavailable" or "retired"
        location: place of the machine
        characterization_id: a UUID, or None for a simulator
        errors: error probabilities of a one-qubit gate, of a two-qubit gate, and of readout
    """

    name: str
    qubits: int
    entangler: tuple[str, ...]
    status: str = "available"
    location: str | None = None
    characterization_id: str | None = None
    errors: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def is_simulator(self) -> bool:
        """Whether it is the simulator rather than a QPU."""
        return self.name == "simulator"

    @property
    def model(self) -> str:
        """The noise model of the same name."""
        return self.name.removeprefix("qpu.")

    @property
    def native_gates(self) -> tuple[str, ...]:
        """Names of its native gates."""
        return "gpi", "gpi2", *self.entangler

    def to_json(self, moment: str, queue_ms: int, present: bool = True) -> dict[str, Any]:
        """Build the answer to GET /backends/{backend}.

        Args:
            moment: the present time, as the API writes it
            queue_ms: average time in the queue, in milliseconds
            present: whether it is available; a fault can make it unavailable

        Returns:
            The body, a JSON object.
        """
        body = {
            "backend": self.name,
            "status": self.status if present else "unavailable",
            "qubits": self.qubits,
            "average_queue_time": queue_ms,
            "last_updated": moment,
            "degraded": False,
            "supported_gates": QIS_GATES,
            "supported_native_gates": list(self.native_gates),
        }
        if self.characterization_id is not None:
            body |= {
                "characterization_id": self.characterization_id,
                "location": self.location,
                "kw": 4.9,
                "supported_error_mitigations": ["debiasing"],
            }
        return body

    def characterization(self) -> dict[str, Any]:
        """Return its one characterization: all-to-all coupling, times in seconds."""
        one, two, readout = self.errors
        pairs = [[a, b] for a in range(self.qubits) for b in range(a + 1, self.qubits)]
        return {
            "id": self.characterization_id,
            "backend": self.name,
            "date": CHARACTERIZED_AT,
            "qubits": self.qubits,
            "connectivity": pairs,
            "fidelity": {
                "spam": {"median": 1 - readout, "stderr": None},
                "1q": {"median": 1 - one, "stderr": None},
                "2q": {"median": 1 - two, "stderr": None},
            },
            "timing": {
                "readout": 0.00015,
                "reset": 0.00002,
                "1q": 0.00013,
                "2q": 0.00097,
                "t1": 100,
                "t2": 1,
            },
        }


# Qubits, gates and status as of September 2026. aria-2 was retired in October 2025, aria-1 in March
# 2026. One- and two-qubit errors are those of IonQ's noise models.
BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {
        backend.name: backend
        for backend in (
            Backend("simulator", 29, ("ms", "zz")),
            Backend(
                "qpu.harmony",
                11,
                ("ms",),
                status="retired",
                location="College Park, MD, USA",
                characterization_id="52a4a1c6-6a3f-4f0e-9d7c-b1f0a64d3c01",
                errors=(0.001, 0.027, 0.0018),
            ),
            Backend(
                "qpu.aria-1",
                25,
                ("ms",),
                status="retired",
                location="College Park, MD, USA",
                characterization_id="aa54e783-0a9b-4f73-ad2f-63983b6aa4a8",
                errors=(0.0005, 0.0133, 0.0039),
            ),
            Backend(
                "qpu.aria-2",
                25,
                ("ms",),
                status="retired",
                location="College Park, MD, USA",
                characterization_id="0b8f1f0f-1f0b-4f4e-8a54-0c3e4f1d2b77",
                errors=(0.000657333, 0.01856, 0.0052),
            ),
            Backend(
                "qpu.forte-1",
                36,
                ("zz",),
                location="College Park, MD, USA",
                characterization_id="617a1f8b-59d4-435d-aa33-695433d7155e",
                errors=(0.000266667, 0.004949333, 0.005),
            ),
            Backend(
                "qpu.forte-enterprise-1",
                36,
                ("zz",),
                location="Basel, Switzerland",
                characterization_id="3f6c8c0e-77d5-4a2f-9a1b-7f4f5a0c9e12",
                errors=(0.0003, 0.0055, 0.005),
            ),
        )
    }
)
RETIRED_LATELY = ("qpu.aria-1", "qpu.aria-2")
WITH_RETIRED: Mapping[str, Backend] = MappingProxyType(
    {
        name: replace(backend, status="available") if name in RETIRED_LATELY else backend
        for name, backend in BACKENDS.items()
    }
)


def backend_of(name: str, backends: Mapping[str, Backend]) -> Backend:
    """Return the backend of a name, or raise UnknownBackendError."""
    backend = backends.get(name)
    if backend is None:
        names = ", ".join(each for each in backends if backends[each].status != "retired")
        raise UnknownBackendError(f"Backend {name[:40]!r} was not found; there are {names}.")
    return backend
