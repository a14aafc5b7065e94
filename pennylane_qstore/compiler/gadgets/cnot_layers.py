"""Synthesise layers of CNOTs and SWAPs again, as linear maps of bits over GF(2).

A layer maps the bits x to A·x. Row operations, which are CNOTs, reduce A to a permutation, which
costs nothing. Each is the one that leaves the fewest ones in A and in its inverse (the cost of
de Brugière et al., arXiv:2201.06457); where none leaves fewer, Gaussian elimination ends it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations

from pennylane_qstore.compiler.circuit.elements import PAIR, Clifford, Element
from pennylane_qstore.compiler.circuit.paulis import bits

_FEWEST = 3  # CNOTs of a layer that may take fewer
_LINEAR = {"CX", "SWAP"}


def with_short_cnot_layers(elements: Sequence[Element]) -> list[Element] | None:
    """Return a circuit whose CNOT layers are as short as found, or None if none gets shorter.

    Args:
        elements: in order
    """
    shorter: list[Element] = []
    is_shorter = False
    for layer in _layers(elements):
        if _cnots(layer) >= _FEWEST:
            qubits = sorted({qubit for gate in layer for qubit in gate.qubits})
            found = synthesised(_map_of(layer, qubits), qubits)
            if _cnots(found) < _cnots(layer):
                shorter += found
                is_shorter = True
                continue
        shorter += layer
    return shorter if is_shorter else None


def synthesised(rows: Sequence[int], qubits: Sequence[int]) -> list[Clifford]:
    """Return SWAPs, then CNOTs, for an invertible linear map of bits.

    Args:
        rows: of the map: for each qubit the bits whose parity is its own afterwards
        qubits: the qubit of each bit
    """
    found = min((_reduced(rows), _of_transposed(rows)), key=lambda both: len(both[1]))
    order, steps = found
    gates = [Clifford("SWAP", (qubits[a], qubits[b])) for a, b in _transpositions(order)]
    return [*gates, *(Clifford("CX", (qubits[a], qubits[b])) for a, b in steps)]


def _layers(elements: Iterable[Element]) -> Iterator[list[Element]]:
    """Yield the elements in an order of the same unitary, CNOTs and SWAPs in long lists."""
    layer: list[Element] = []
    touched: set[int] = set()
    for element in elements:
        if isinstance(element, Clifford) and element.name in _LINEAR:
            layer.append(element)
            touched.update(element.qubits)
        elif touched.isdisjoint(element.qubits):
            yield [element]
        else:
            yield layer
            yield [element]
            layer, touched = [], set()
    yield layer


def _cnots(layer: Iterable[Element]) -> int:
    return sum(isinstance(gate, Clifford) and gate.name == "CX" for gate in layer)


def _map_of(layer: Iterable[Element], qubits: Sequence[int]) -> list[int]:
    """Return the rows of a layer's map."""
    place = {qubit: index for index, qubit in enumerate(qubits)}
    rows = [1 << index for index in range(len(qubits))]
    for gate in layer:
        first, second = (place[qubit] for qubit in gate.qubits)
        if isinstance(gate, Clifford) and gate.name == "CX":
            rows[second] ^= rows[first]
        else:
            rows[first], rows[second] = rows[second], rows[first]
    return rows


def _reduced(rows: Sequence[int]) -> tuple[list[int], list[tuple[int, int]]]:
    """Return a map as a permutation, then CNOTs: each bit's source, and (control, target) pairs."""
    rows = list(rows)
    inverse = _transposed(_inverse(rows))  # its columns
    steps: list[tuple[int, int]] = []
    pairs = list(permutations(range(len(rows)), PAIR))
    while any(row & (row - 1) for row in rows):
        gain, one, other = min(
            (
                (rows[a] ^ rows[b]).bit_count()
                - rows[b].bit_count()
                + (inverse[a] ^ inverse[b]).bit_count()
                - inverse[a].bit_count(),
                a,
                b,
            )
            for a, b in pairs
        )
        if gain >= 0:
            return _eliminated(rows, steps)
        rows[other] ^= rows[one]
        inverse[one] ^= inverse[other]
        steps.append((one, other))
    return [row.bit_length() - 1 for row in rows], steps[::-1]


def _eliminated(
    rows: list[int], steps: list[tuple[int, int]]
) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the same by Gaussian elimination, after some steps."""
    free = set(range(len(rows)))
    for column in range(len(rows)):
        pivot = min((r for r in free if rows[r] >> column & 1), key=lambda r: rows[r].bit_count())
        free.discard(pivot)
        for other in range(len(rows)):
            if other != pivot and rows[other] >> column & 1:
                rows[other] ^= rows[pivot]
                steps.append((pivot, other))
    return [row.bit_length() - 1 for row in rows], steps[::-1]


def _of_transposed(rows: Sequence[int]) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the same by reducing the transpose: Aᵀ = E…·P is A = Pᵀ·…Eᵀ, with P to the front."""
    order, steps = _reduced(_transposed(rows))
    # Aᵀ = Eₖ⋯E₁·P, so A = Pᵀ·E₁ᵀ⋯Eₖᵀ = (the CNOTs, renamed by the permutation)·Pᵀ.
    place = {source: bit for bit, source in enumerate(order)}
    return [place[bit] for bit in range(len(rows))], [
        (order[other], order[one]) for one, other in steps[::-1]
    ]


def _transposed(rows: Sequence[int]) -> list[int]:
    columns = [0] * len(rows)
    for index, row in enumerate(rows):
        for bit in bits(row):
            columns[bit] |= 1 << index
    return columns


def _inverse(rows: Sequence[int]) -> list[int]:
    """Return the rows of the inverse map."""
    size = len(rows)
    both = [row | 1 << size + index for index, row in enumerate(rows)]
    for column in range(size):
        pivot = next(r for r in range(column, size) if both[r] >> column & 1)
        both[column], both[pivot] = both[pivot], both[column]
        for other in range(size):
            if other != column and both[other] >> column & 1:
                both[other] ^= both[column]
    return [row >> size for row in both]


def _transpositions(order: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the exchanges of bits after which bit b is the one that was bit order[b]."""
    held = list(range(len(order)))
    for bit, source in enumerate(order):
        place = held.index(source)
        if place != bit:
            held[bit], held[place] = held[place], held[bit]
            yield bit, place
