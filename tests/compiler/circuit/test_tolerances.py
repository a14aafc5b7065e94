"""One table of tolerances, and divisions whose denominators may be zero."""

import ast
from pathlib import Path

import numpy as np
import pytest

import pennylane_qstore
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.one_qubit import zxz
from pennylane_qstore.compiler.circuit.quaternions import unit
from pennylane_qstore.compiler.unitaries import weyl
from pennylane_qstore.compiler.unitaries.free_phases import two_entanglers
from pennylane_qstore.compiler.unitaries.state_preparation import prepare

COMPILER = Path(pennylane_qstore.__file__).parent / "compiler"
TABLE = COMPILER / "circuit" / "tolerances.py"
# Not tolerances: what breaks ties between choices that cost the same.
TIES = {"_TIE"}
TINY = float(np.finfo(float).tiny)


def small_numbers(path):
    """The literals between 0 and 1e-3 in a file, and the names they are assigned to."""
    tree = ast.parse(path.read_text())
    ties = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in TIES
    }
    for node in ast.walk(tree):
        number = node.value if isinstance(node, ast.Constant) else None
        if isinstance(number, float) and 0 < number <= 1e-3 and id(node) not in ties:
            yield node.lineno, number


@pytest.mark.parametrize(
    "path", sorted(COMPILER.rglob("*.py")), ids=lambda path: str(path.relative_to(COMPILER))
)
def test_no_module_has_a_tolerance_of_its_own(path):
    """What counts as zero is in one table, with its unit and reason."""
    assert path == TABLE or not list(small_numbers(path))


def test_every_tolerance_is_used():
    """The table has no line that bounds nothing."""
    names = [name for name in vars(tolerances) if name.isupper()]
    text = "".join(path.read_text() for path in COMPILER.rglob("*.py") if path != TABLE)
    assert [name for name in names if f"tolerances.{name}" not in text] == []


@pytest.mark.parametrize("small", [0.0, 5e-324, 1e-310, 1e-300, 1e-160, 1e-17])
@pytest.mark.parametrize("place", range(8))
def test_phases_are_found_beside_an_amplitude_of_nearly_zero(small, place):
    """The cosine of a corner's phase is 0/0 where an amplitude is zero; no number becomes NaN."""
    magnitudes = np.full(8, 0.37)
    magnitudes[place] = small
    phases = two_entanglers(magnitudes.reshape(2, 2, 2))
    assert phases is not None
    assert np.allclose(np.abs(phases), 1, rtol=0, atol=1e-14)


@pytest.mark.parametrize("small", [0.0, 5e-324, 1e-310, 1e-160, 1e-17])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("others", [(0.0, 0.0), (0.3, 0.0), (0.3, 0.2), (np.pi / 4, np.pi / 4)])
def test_a_diagonal_is_found_where_a_coordinate_is_nearly_zero(small, side, others):
    """The slope is 0 there, and so is what it is divided into."""
    matrix = weyl.canonical(np.array([*others, small])) @ np.kron(np.eye(2), [[1, 0], [0, 1j]])
    delta, found = weyl.without_diagonal(matrix[None], side)
    assert np.isfinite(delta).all()
    assert np.abs(found.coordinates[0, 2]) < 1e-12


@pytest.mark.parametrize(
    "matrix", [np.eye(2), np.diag([1.0, -1]), np.array([[0.0, 1], [1, 0]]), np.diag([-1, 1])]
)
def test_a_real_reflection_has_euler_angles(matrix):
    """Its determinant is -1, whose square root is no real number."""
    first, tilt, last = zxz(matrix)

    def turn(angle, pauli):
        return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * pauli

    z, x = np.diag([1, -1]), np.array([[0, 1], [1, 0]])
    product = turn(last, z) @ turn(tilt, x) @ turn(first, z)
    overlap = np.vdot(product, matrix) / 2
    assert np.abs(product * overlap - matrix).max() < 1e-15


@pytest.mark.parametrize("angle", [0.0, np.pi, -np.pi, np.nextafter(np.pi, 4), 3 * np.pi])
def test_quaternions_of_half_angle_tangents_have_length_one(angle):
    """A tangent at its pole is large, never infinite: the quotient is never ∞/∞."""
    tangents = np.tan(np.array([1.0, angle, angle, angle * 0.7]) / 2)
    products = np.array([1.0, tangents[1], tangents[2], tangents[1] * tangents[2]])
    found = unit(products[:, None], axis=0)
    assert abs(np.linalg.norm(found) - 1) < 1e-15


@pytest.mark.parametrize("small", [1e-17, 1e-160, 1e-310, 5e-324])
@pytest.mark.parametrize("magnitudes_only", [False, True])
def test_states_with_amplitudes_of_nearly_zero_are_prepared(small, magnitudes_only):
    """Weights, determinants and norms of what is nearly nothing aren't divided by."""
    state = np.array([0.6, small, 0, 1j * small, small, 0.8j, -small, 0])
    elements = prepare(state, magnitudes_only=magnitudes_only)
    assert all(len(element.qubits) <= 2 for element in elements)
    assert elements
