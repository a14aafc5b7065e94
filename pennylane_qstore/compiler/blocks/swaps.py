"""Replace SWAPs by exchanging qubits' names, since any two ions can be entangled."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pennylane_qstore.compiler.blocks.block import Block, Part
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import (
    PAIR,
    Clifford,
    Constant,
    Element,
    Fence,
    Matrix,
    Rotation,
    rotation,
)
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.two_qubit import resolved
from pennylane_qstore.compiler.unitaries.weyl import Weyl


class Names:
    """Where each qubit's content is, while SWAPs are left out."""

    def __init__(self, qubits: int) -> None:
        self.at = list(range(qubits))

    def exchange(self, first: int, second: int) -> None:
        """A SWAP that is left out."""
        self.at[first], self.at[second] = self.at[second], self.at[first]

    def renamed(self, part: Part) -> Part:
        """Return a part on the qubits that hold its own qubits' states."""
        if all(self.at[qubit] == qubit for qubit in part.qubits):
            return part
        if isinstance(part, Block):
            first, second = sorted(self.at[qubit] for qubit in part.qubits)
            inner = tuple(self.element(element) for element in part.elements)
            return replace(part, qubits=(first, second), elements=inner)
        return part if isinstance(part, Fence) else self.element(part)

    def element(self, element: Element) -> Element:
        """Return an element on the qubits that hold its own qubits' states."""
        if isinstance(element, Rotation):
            return rotation(((self.at[q], letter) for q, letter in element.word), element.angle)
        qubits = tuple(self.at[qubit] for qubit in element.qubits)
        if isinstance(element, Clifford):
            return Clifford(element.name, qubits)
        return Constant(qubits, element.matrix)


def without_swaps(elements: Sequence[Element], names: Names) -> Iterator[Element]:
    """Yield the elements renamed, without SWAPs, and with constants on two qubits decomposed."""
    pairs = [e for e in elements if isinstance(e, Constant) and len(e.qubits) == PAIR]
    found = iter(_cheapest([pair.matrix for pair in pairs]))
    for element in elements:
        mirrored = isinstance(element, Clifford) and element.name == "SWAP"
        if isinstance(element, Constant) and len(element.qubits) == PAIR:
            decomposition, mirrored = next(found)
            qubits = tuple(names.at[qubit] for qubit in element.qubits)
            yield from resolved(qubits, decomposition)
        elif not mirrored:
            yield names.element(element)
        if mirrored:
            names.exchange(*element.qubits)


def _cheapest(unitaries: Sequence[Matrix]) -> list[tuple[Weyl, bool]]:
    """Return the cheapest decompositions of constants U, and whether they are those of SWAP·U."""
    if not unitaries:
        return []
    found, mirrored = weyl.cheapest_batch(np.array(unitaries), tolerances.COORDINATE)
    return [(found.row(i), bool(mirrored[i])) for i in range(len(unitaries))]
