"""Reduce a circuit to what its measured outcomes depend on, and record the map of bits back.

Both the start in |0…0⟩ and the measurement at the end are used. The map of bits turns the reduced
circuit's outcomes into the tape's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pennylane_qstore.compiler.circuit.elements import AnyElement
from pennylane_qstore.compiler.circuit.paulis import bits as ones
from pennylane_qstore.compiler.gadgets.synthesis import MeasuredSynthesis
from pennylane_qstore.compiler.optimiser.classical_states import from_zeros
from pennylane_qstore.compiler.optimiser.light_cone import Flip, light_cone
from pennylane_qstore.programs.outcomes import BitMap


@dataclass(frozen=True, slots=True)
class RequiredCircuit:
    """A circuit that starts in |0…0⟩, and which bits of the tape its bits stand for.

    Attributes:
        elements: in order
        bits: the map of its outcomes to the tape's
    """

    elements: tuple[AnyElement, ...]
    bits: BitMap

    @classmethod
    def of(
        cls, elements: Iterable[AnyElement], qubits: int, measured: Iterable[int]
    ) -> "RequiredCircuit":
        """Reduce a circuit to what the measured outcomes depend on.

        Args:
            elements: in order
            qubits: how many
            measured: the measured ones

        Returns:
            the reduced circuit, and the map from its bits to the tape's
        """
        start = from_zeros(elements, qubits)
        left = light_cone(start.elements, measured)
        split = next((i for i, f in enumerate(left.flips) if len(f.controls) > 1), len(left.flips))
        linear, rest = left.flips[:split], left.flips[split:]
        needed = _needed(rest, measured)
        gates = tuple((sum(1 << q for q in controls), target) for controls, target in rest)
        own = tuple((qubit in needed) << qubit for qubit in range(qubits))
        bits = BitMap(own, gates=gates)
        return cls(left.elements, _after(bits, linear, start.flipped))

    @property
    def needed(self) -> list[int]:
        """The qubits whose bits are needed, rising."""
        together = 0
        for parity in self.bits.parities:
            together |= parity
        return list(ones(together))

    def by(self, other: MeasuredSynthesis) -> "RequiredCircuit":
        """Replace the circuit by another one with the same outcomes.

        Args:
            other: has a row for each qubit that is needed of this one

        Returns:
            the other circuit, with its map of bits
        """
        rows = {
            qubit: sum(1 << place for place, bit in enumerate(row) if bit)
            for qubit, row in zip(self.needed, other.parities, strict=True)
        }
        flipped = sum(f << q for q, f in zip(self.needed, other.flips, strict=True))
        required = replace(self, bits=_composed(self.bits, rows, flipped))
        start = from_zeros(other.elements, len(self.bits.parities))
        left = light_cone(start.elements, required.needed)
        return RequiredCircuit(left.elements, _after(required.bits, left.flips, start.flipped))

    def moved(self, where: Sequence[int]) -> BitMap:
        """Compute the map of bits for a circuit that leaves qubits elsewhere.

        Args:
            where: the qubit that holds qubit q at the end, for each q

        Returns:
            the map of that circuit's outcomes to the tape's
        """
        return _composed(self.bits, {q: 1 << place for q, place in enumerate(where)}, 0)


def _after(bits: BitMap, flips: Sequence[Flip], flipped: int) -> BitMap:
    """Compute the map of bits before some flips with at most one control.

    Args:
        bits: what the bits after the flips stand for
        flips: in order
        flipped: the qubits whose bits are flipped before them, as an integer

    Returns:
        the map of the bits before the flips
    """
    rows = {qubit: 1 << qubit for qubit in range(len(bits.parities))}
    for controls, target in flips:
        for control in controls:
            rows[target] ^= rows[control]
            flipped ^= (flipped >> control & 1) << target
        if not controls:
            flipped ^= 1 << target
    return _composed(bits, rows, flipped)


def _composed(bits: BitMap, rows: Mapping[int, int], flips: int) -> BitMap:
    """Compose a map of bits with one whose bits are parities of others.

    Args:
        bits: what the bits stand for
        rows: for each of them, those whose parity it is, as an integer
        flips: which of them are flipped then, as an integer

    Returns:
        the composed map
    """
    parities, flipped = [], bits.flips
    for target, parity in enumerate(bits.parities):
        row = 0
        for qubit in ones(parity):
            row ^= rows[qubit]
        parities.append(row)
        flipped ^= ((parity & flips).bit_count() & 1) << target
    return BitMap(tuple(parities), flipped, bits.gates)


def _needed(flips: Sequence[Flip], measured: Iterable[int]) -> set[int]:
    """Return the qubits whose bits are needed before some flips."""
    needed = set(measured)
    for controls, target in reversed(flips):
        if target in needed:
            needed.update(controls)
    return needed
