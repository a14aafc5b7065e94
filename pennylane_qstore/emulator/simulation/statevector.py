"""Wide circuits, one at a time, on pennylane-lightning's C++ state vector.

Only its kernels are used, through the compiled module, which imports nothing of PennyLane: the
matrices are those of `gates`. Runs of one-qubit gates are multiplied into one matrix; an MS gate is
an XX rotation between rotations about Z, which join those runs.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pennylane_lightning import lightning_qubit_ops as kernels

from pennylane_qstore.emulator.simulation import gates
from pennylane_qstore.emulator.simulation.circuit import GateShape, StoppedError, Structure
from pennylane_qstore.emulator.simulation.gates import TURN, Matrix, Numbers
from pennylane_qstore.emulator.simulation.pauli import commute, exponential

Dense = NDArray[np.complex128]
# How a two-qubit gate's parameters become those of a kernel.
_KERNELS: dict[int, tuple[str, Callable[[Numbers], list[float]]]] = {
    id(gates.QIS["xx"]): ("IsingXX", lambda numbers: [float(numbers[0])]),
    id(gates.QIS["yy"]): ("IsingYY", lambda numbers: [float(numbers[0])]),
    id(gates.QIS["zz"]): ("IsingZZ", lambda numbers: [float(numbers[0])]),
    id(gates.NATIVE["zz"]): ("IsingZZ", lambda numbers: [TURN * float(numbers[0])]),
    id(gates.QIS["swap"]): ("SWAP", lambda _: []),
}
_FLIPS = frozenset(id(gates.QIS[name]) for name in ("x", "not", "cnot"))
_MS = id(gates.NATIVE["ms"])


def probabilities(
    structure: Structure, numbers: Numbers, stop: threading.Event
) -> tuple[list[int], NDArray[np.float64]]:
    """Compute one circuit's probabilities of all basis states of the qubits that gates touch.

    Args:
        structure: the circuit's structure
        numbers: its parameters, shape (parameters,)
        stop: ends the simulation with a StoppedError once it is set

    Returns:
        The qubits in rising order, and an array of shape (2**qubits,); the first qubit is the
        lowest bit.
    """
    qubits = sorted(structure.touched)
    circuit, start = _StateVector(qubits), 0
    for gate in structure.gates:
        if stop.is_set():
            raise StoppedError
        circuit.apply(gate, numbers[start : start + gate.size])
        start += gate.size
    return qubits, circuit.probabilities()


class _StateVector:
    """A state vector, and the one-qubit gates that are still to be applied to it."""

    def __init__(self, qubits: Sequence[int]) -> None:
        # The kernels' first wire is the highest bit.
        self._wires = {qubit: wire for wire, qubit in enumerate(reversed(qubits))}
        self._state: Any = kernels.StateVectorC128(len(qubits))
        self._state.resetStateVector()
        self._pending: dict[int, Dense] = {}

    def apply(self, gate: GateShape, numbers: Numbers) -> None:
        """Apply a gate; `numbers` has shape (the gate's numbers,)."""
        if gate.terms:
            self._evolve(gate, numbers)
        elif gate.kind.matrix is not None:
            if gate.kind.targets > 1:
                self._couple(gate, numbers)
            else:
                matrix = dense(gate.kind.matrix(*numbers))
                for target in gate.targets:
                    if gate.controls:
                        self._control(matrix, gate, (target,))
                    else:
                        earlier = self._pending.get(target)
                        self._pending[target] = matrix if earlier is None else matrix @ earlier

    def probabilities(self) -> NDArray[np.float64]:
        """Return the probabilities of all basis states."""
        self._flush(tuple(self._pending))
        found: NDArray[np.float64] = kernels.MeasurementsC128(self._state).probs()
        return found

    def _couple(self, gate: GateShape, numbers: Numbers) -> None:
        assert gate.kind.matrix is not None
        kind = id(gate.kind)
        if gate.controls:
            self._control(dense(gate.kind.matrix(*numbers)), gate, gate.targets)
        elif kind == _MS:
            angles = TURN * numbers[:2]
            for qubit, angle in zip(gate.targets, angles, strict=True):
                self._turn(qubit, -angle)
            self._run("IsingXX", gate.targets, [TURN * float(numbers[2])])
            for qubit, angle in zip(gate.targets, angles, strict=True):
                self._turn(qubit, angle)
        elif kind in _KERNELS:
            name, parameters = _KERNELS[kind]
            self._run(name, gate.targets, parameters(numbers))
        else:
            self._flush(gate.targets)
            wires = [self._wires[qubit] for qubit in gate.targets]
            self._state.applyMatrix(dense(gate.kind.matrix(*numbers)), wires, False)

    def _turn(self, qubit: int, angle: float) -> None:
        """Rotate a qubit about Z by an angle in radians."""
        half = np.exp(0.5j * angle)
        earlier = self._pending.get(qubit)
        turn = np.array([half.conjugate(), half])[:, None]
        self._pending[qubit] = turn * (np.eye(2) if earlier is None else earlier)

    def _run(self, kernel: str, qubits: Sequence[int], parameters: list[float]) -> None:
        self._flush(qubits)
        wires = [self._wires[qubit] for qubit in qubits]
        getattr(self._state, kernel)(wires, False, parameters)

    def _control(self, matrix: Dense, gate: GateShape, targets: Sequence[int]) -> None:
        if id(gate.kind) in _FLIPS and len(gate.controls) == 1:
            self._run("CNOT", (*gate.controls, *targets), [])
            return
        self._flush((*gate.controls, *targets))
        controls = [self._wires[qubit] for qubit in gate.controls]
        wires = [self._wires[qubit] for qubit in targets]
        self._state.applyControlledMatrix(matrix, controls, [True] * len(controls), wires, False)

    def _evolve(self, gate: GateShape, numbers: Numbers) -> None:
        self._flush(gate.targets)
        *coefficients, time = numbers.tolist()
        # The last target is the leftmost letter, and the highest bit of a matrix's index.
        wires = [self._wires[qubit] for qubit in reversed(gate.targets)]
        if not commute(gate.terms):
            unitary = exponential(gate.terms, (numbers[:-1] * time)[:, None])[0]
            self._state.applyMatrix(np.ascontiguousarray(unitary), wires, False)
            return
        for term, coefficient in zip(gate.terms, coefficients, strict=True):
            letters = [(letter, wire) for letter, wire in zip(term, wires, strict=True)]
            word = "".join(letter for letter, _ in letters if letter != "I")
            if word:
                on = [wire for letter, wire in letters if letter != "I"]
                self._state.applyPauliRot(on, False, [2 * coefficient * time], word)

    def _flush(self, qubits: Sequence[int]) -> None:
        for qubit in qubits:
            matrix = self._pending.pop(qubit, None)
            if matrix is not None:
                self._state.applyMatrix(np.ascontiguousarray(matrix), [self._wires[qubit]], False)


def dense(matrix: Matrix) -> Dense:
    """Return a matrix of entries that are numbers as an array."""
    return np.array(matrix, dtype=np.complex128)
