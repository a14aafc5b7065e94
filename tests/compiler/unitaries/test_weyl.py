"""The KAK decomposition: exact for any unitary, degenerate ones too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.weyl import PAULIS, SWAP

EXACT = 1e-12
QUARTER = np.pi / 4
H = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
S = np.diag([1, 1j])
CX = np.eye(4, dtype=complex)[[0, 1, 3, 2]]
XC = SWAP @ CX @ SWAP
ISWAP = weyl.canonical(np.array([QUARTER, QUARTER, 0]))
GENERATORS = [np.kron(H, PAULIS[0]), np.kron(PAULIS[0], H), np.kron(S, PAULIS[0]), CX, XC, SWAP]
CRX = np.eye(4, dtype=complex)
CRX[2:, 2:] = np.cos(0.35) * PAULIS[0] - 1j * np.sin(0.35) * PAULIS[1]

seeds = st.integers(0, 2**32 - 1)
sides = st.sampled_from(["left", "right"])
# Multiples of π/8 and what is very close to them.
near = st.builds(
    lambda step, sign, exponent: step * QUARTER / 2 + sign * 10.0**exponent,
    st.integers(-8, 8),
    st.sampled_from([-1, 0, 1]),
    st.integers(-17, -1),
)
near_triples = st.tuples(near, near, near).map(np.array)


def haar(seed, count=1):
    """Random unitaries."""
    rng = np.random.default_rng(seed)
    square = rng.normal(size=(count, 4, 4)) + 1j * rng.normal(size=(count, 4, 4))
    q, r = np.linalg.qr(square)
    diagonal = r.diagonal(axis1=1, axis2=2)
    return q * (diagonal / np.abs(diagonal))[:, None, :]


def local(seed):
    """A gate on each of two qubits."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(2, 2, 2)) + 1j * rng.normal(size=(2, 2, 2)))
    return np.kron(q[0], q[1])


def dressed(coordinates, seed):
    """A unitary with given coordinates, or those that stand for the same."""
    return local(seed) @ weyl.canonical(np.asarray(coordinates)) @ local(seed + 1)


def holds(matrix, found):
    """Whether a decomposition is the matrix's, with local gates in SU(2), in the chamber."""
    a, b, c = found.coordinates
    gates = np.array([*found.left, *found.right])
    unit = gates @ gates.conj().swapaxes(1, 2)
    return (
        np.abs(found.matrix() - matrix).max() < EXACT
        and np.abs(unit - np.eye(2)).max() < EXACT
        and np.abs(np.linalg.det(gates) - 1).max() < EXACT
        and QUARTER + EXACT >= a >= b >= abs(c)
    )


@given(seed=seeds)
def test_a_random_unitary_is_what_it_is_made_of(seed):
    """The product of the parts is the matrix."""
    (matrix,) = haar(seed)
    assert holds(matrix, weyl.decompose(matrix))


@given(word=st.lists(st.sampled_from(GENERATORS), max_size=60))
def test_products_of_cliffords_are_exact_in_spite_of_rounding(word):
    """Coordinates of Clifford gates are 0 or π/4, however many gates were multiplied."""
    matrix = np.linalg.multi_dot([np.eye(4), *word, np.eye(4)])
    found = weyl.decompose(matrix)
    assert holds(matrix, found)
    units = found.coordinates / QUARTER
    assert np.abs(units - np.round(units)).max() < EXACT


@given(coordinates=near_triples, seed=seeds)
def test_nearly_degenerate_unitaries_are_exact(coordinates, seed):
    """Coordinates that differ by anything from nothing to 0.1 can't be mixed up."""
    matrix = dressed(coordinates, seed)
    assert holds(matrix, weyl.decompose(matrix))


@given(triples=st.lists(near_triples, min_size=1, max_size=12), seed=seeds)
def test_rows_of_a_batch_are_what_they_are_alone(triples, seed):
    """A row is decomposed as well as alone, whatever the others are."""
    matrices = np.array([*(dressed(triple, seed) for triple in triples), *haar(seed, 3)])
    batch = weyl.decompose_batch(matrices)
    for index, matrix in enumerate(matrices):
        alone = weyl.decompose(matrix)
        assert holds(matrix, batch.row(index))
        # On the edge a = π/4 both signs of c are the same class.
        assert np.allclose(
            np.abs(batch.coordinates[index]), np.abs(alone.coordinates), rtol=0, atol=EXACT
        )


@given(seed=seeds)
def test_a_matrix_that_is_nearly_unitary_is_as_near_to_its_decomposition(seed):
    """Digits that a matrix lacks are lacking afterwards, and no more."""
    matrix = np.round(haar(seed)[0], 8)
    assert np.abs(weyl.decompose(matrix).matrix() - matrix).max() < 1e-7


NAMED = {
    "identity": (np.eye(4, dtype=complex), (0, 0, 0)),
    "local": (local(5), (0, 0, 0)),
    "CNOT": (CX, (1, 0, 0)),
    "CRX": (CRX, (0.35 / 2 / QUARTER, 0, 0)),
    "iSWAP": (ISWAP, (1, 1, 0)),
    "DCNOT": (CX @ XC, (1, 1, 0)),
    "SWAP": (SWAP, (1, 1, 1)),
    "sqrt SWAP": (weyl.canonical(np.full(3, QUARTER / 2)), (0.5, 0.5, 0.5)),
    "its inverse": (weyl.canonical(np.full(3, -QUARTER / 2)), (0.5, 0.5, -0.5)),
    "sqrt iSWAP": (weyl.canonical(np.array([QUARTER, QUARTER, 0]) / 2), (0.5, 0.5, 0)),
    "B": (weyl.canonical(np.array([QUARTER, QUARTER / 2, 0])), (1, 0.5, 0)),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_gates_have_known_coordinates(name):
    """Coordinates, in units of π/4, are those in the literature, with any local gates around."""
    matrix, expected = NAMED[name]
    wanted = np.array(expected) * QUARTER
    for gate in (matrix, local(1) @ matrix @ local(2)):
        found = weyl.decompose(gate)
        assert holds(gate, found)
        assert np.allclose(found.coordinates, wanted, rtol=0, atol=EXACT)


COUNTS = {
    "identity": (0, 3),
    "CNOT": (1, 2),
    "CRX": (1, 3),
    "iSWAP": (2, 1),
    "DCNOT": (2, 1),
    "SWAP": (3, 0),
    "sqrt SWAP": (3, 3),
    "B": (2, 2),
}


@pytest.mark.parametrize("name", COUNTS)
def test_named_gates_have_known_entanglers(name):
    """Non-zero coordinates of a gate, and of SWAP times it; the smaller is taken."""
    matrix, (plain, mirrored) = NAMED[name][0], COUNTS[name]
    found = weyl.decompose(matrix)
    assert (weyl.entanglers(found), weyl.mirrored_entanglers(found)) == (plain, mirrored)
    assert weyl.entanglers(weyl.decompose(SWAP @ matrix)) == mirrored
    cheapest, is_mirrored = weyl.cheapest(matrix)
    assert weyl.entanglers(cheapest) == min(plain, mirrored)
    assert is_mirrored == (mirrored < plain)
    assert holds(SWAP @ matrix if is_mirrored else matrix, cheapest)


@given(seed=seeds)
def test_a_random_unitary_has_three_entanglers(seed):
    """Neither it nor SWAP times it needs fewer."""
    found = weyl.decompose(haar(seed)[0])
    assert (weyl.entanglers(found), weyl.mirrored_entanglers(found)) == (3, 3)


@given(seed=seeds, coordinates=st.none() | near_triples, side=sides)
def test_without_its_diagonal_a_unitary_has_two(seed, coordinates, side):
    """A ZZ rotation that nobody sees saves the third entangler, to machine precision."""
    matrix = haar(seed)[0] if coordinates is None else dressed(coordinates, seed)
    found = weyl.without_diagonal(matrix[None], side)
    diagonal = weyl.canonical(found.delta[:, None] * np.array([0, 0, 1]))
    wanted = diagonal @ matrix if side == "left" else matrix @ diagonal
    assert np.abs(found.weyl.matrix() - wanted).max() < 1e-13
    assert found.weyl.coordinates[0, 2] == 0
