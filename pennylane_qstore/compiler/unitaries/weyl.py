"""The KAK decomposition: a two-qubit unitary as local gates around exp(i(a XX + b YY + c ZZ)).

In the magic basis SU(2)⊗SU(2) is SO(4) and XX, YY, ZZ are diagonal (Makhlin, quant-ph/0002045;
Kraus and Cirac, quant-ph/0011050), so a unitary V there is O₁·D·O₂ and VᵀV = O₂ᵀ·D²·O₂. Local
gates are kept as quaternions (q₀, q₁, q₂, q₃) for q₀ - i(q₁X + q₂Y + q₃Z) until the end. Every
coordinate that is not zero costs one partial entangler.
"""

from dataclasses import dataclass
from itertools import permutations, product
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.circuit.elements import Matrix, Reals
from pennylane_qstore.compiler.circuit.quaternions import composed, inverse

Side = Literal["left", "right"]

_QUARTER = np.pi / 4

PAULIS: Matrix = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)
SWAP: Matrix = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
_AXES = np.array([np.kron(pauli, pauli) for pauli in PAULIS[1:]])
ZZ_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])  # the diagonal of ZZ
_UNITS = PAULIS * np.array([1, -1j, -1j, -1j])[:, None, None]

_MAGIC = np.array([[1, 0, 0, 1j], [0, 1j, 1, 0], [0, 1j, -1, 0], [1, 0, 0, -1j]]) / np.sqrt(2)
# Row-major 4x4 matrices times this are the matrices in the magic basis.
_TO_MAGIC = np.kron(_MAGIC.conj(), _MAGIC)
# Row-major real 4x4 matrices times this are the 16 products of one number of each quaternion.
_TO_QUATERNIONS = np.array(
    [
        (_MAGIC.conj().T @ np.kron(left, right) @ _MAGIC).real.ravel() / 4
        for left, right in product(_UNITS, repeat=2)
    ]
).T
# Phases of D times this are (global phase, a, b, c).
_TO_COORDINATES = (
    np.array(
        [
            np.diag(_MAGIC.conj().T @ axis @ _MAGIC).real
            for axis in (np.eye(4, dtype=complex), *_AXES)
        ]
    ).T
    / 4
)
# Two of four eigenvalues on the unit circle coincide in at most six directions; of seven evenly
# spread ones, one is at least π/14 away from all of them.
_DIRECTIONS = 0.3 + np.pi * np.arange(7) / 7


@dataclass(frozen=True, slots=True, eq=False)
class Weyl:
    """e^{i phase} (K1l⊗K1r) exp(i(a XX + b YY + c ZZ)) (K2l⊗K2r), one or a batch of them.

    Attributes:
        phase: radians, shape (...)
        left: K1l and K1r in SU(2), applied last, each of shape (..., 2, 2)
        coordinates: a, b, c in radians with π/4 ≥ a ≥ b ≥ |c|, shape (..., 3)
        right: K2l and K2r in SU(2), applied first, each of shape (..., 2, 2)
    """

    phase: Reals
    left: tuple[Matrix, Matrix]
    coordinates: Reals
    right: tuple[Matrix, Matrix]

    def row(self, index: int) -> "Weyl":
        """Return one decomposition of a batch."""
        left, right = self.left, self.right
        return Weyl(
            self.phase[index],
            (left[0][index], left[1][index]),
            self.coordinates[index],
            (right[0][index], right[1][index]),
        )

    def matrix(self) -> Matrix:
        """Return the unitary, of shape (..., 4, 4)."""
        turned = kron(*self.left) @ canonical(self.coordinates) @ kron(*self.right)
        return np.exp(1j * self.phase)[..., None, None] * turned


class WithoutDiagonal(NamedTuple):
    """exp(i delta ZZ)·M, or M·exp(i delta ZZ), that needs at most two entanglers.

    Attributes:
        delta: radians, shape (...)
        weyl: the product's decomposition, with c = 0
    """

    delta: Reals
    weyl: Weyl


def kron(left: Matrix, right: Matrix) -> Matrix:
    """Return Kronecker products of 2x2 matrices, of shape (..., 4, 4)."""
    products = left[..., :, None, :, None] * right[..., None, :, None, :]
    return products.reshape(*products.shape[:-4], 4, 4)


def canonical(coordinates: Reals) -> Matrix:
    """Return exp(i(a XX + b YY + c ZZ)) of coordinates (..., 3), in radians."""
    phases = coordinates @ (4 * _TO_COORDINATES[:, 1:].T)
    return (_MAGIC * np.exp(1j * phases)[..., None, :]) @ _MAGIC.conj().T


def decompose(matrix: Matrix) -> Weyl:
    """Return the decomposition of a 4x4 unitary."""
    return decompose_batch(matrix[None]).row(0)


def decompose_batch(matrices: Matrix) -> Weyl:
    """Return the decompositions of unitaries of shape (B, 4, 4)."""
    phase = np.angle(np.linalg.det(matrices)) / 4
    special = matrices.reshape(-1, 16) * np.exp(-1j * phase)[:, None]
    magic = (special @ _TO_MAGIC).reshape(-1, 4, 4)
    frame, squares = _diagonalised(magic.swapaxes(1, 2) @ magic)
    angles = np.angle(squares) / 2
    # det O₁ = exp(-i Σ angles) has to be 1.
    angles[:, 0] += np.pi * (np.cos(angles.sum(axis=1)) < 0)
    outer = ((magic @ frame) * np.exp(-1j * angles)[:, None, :]).real
    left, right = _quaternions(outer), _quaternions(frame.swapaxes(1, 2))
    values = angles @ _TO_COORDINATES
    return _in_chamber(phase + values[:, 0], left, values[:, 1:], right)


def entanglers(weyl: Weyl, atol: float = tolerances.COORDINATE) -> NDArray[np.int_]:
    """Return how many coordinates are not zero, of shape (...).

    Args:
        weyl: one or a batch
        atol: what counts as zero, in radians
    """
    return np.count_nonzero(np.abs(weyl.coordinates) > atol, axis=-1)


def mirrored_entanglers(weyl: Weyl, atol: float = tolerances.COORDINATE) -> NDArray[np.int_]:
    """Return how many coordinates of SWAP·M are not zero: each moves by π/4, up to its sign.

    Args:
        weyl: of M, one or a batch
        atol: what counts as zero, in radians
    """
    return np.count_nonzero(_QUARTER - np.abs(weyl.coordinates) > atol, axis=-1)


def cheapest(matrix: Matrix, atol: float = tolerances.COORDINATE) -> tuple[Weyl, bool]:
    """Decompose M or, where that needs fewer entanglers, SWAP·M.

    Args:
        matrix: M, 4x4
        atol: what counts as zero, in radians

    Returns:
        the decomposition, and whether it is SWAP·M's
    """
    weyl, mirrored = cheapest_batch(matrix[None], atol)
    return weyl.row(0), bool(mirrored[0])


def cheapest_batch(
    matrices: Matrix, atol: float = tolerances.COORDINATE
) -> tuple[Weyl, NDArray[np.bool_]]:
    """The same for unitaries (B, 4, 4), each on its own.

    Args:
        matrices: M
        atol: what counts as zero, in radians

    Returns:
        the decompositions, and which of them are SWAP·M's
    """
    weyl = decompose_batch(matrices)
    mirrored = mirrored_entanglers(weyl, atol) < entanglers(weyl, atol)
    if mirrored.any():
        weyl = decompose_batch(np.where(mirrored[:, None, None], SWAP @ matrices, matrices))
    return weyl, mirrored


def without_diagonal(matrices: Matrix, side: Side = "left") -> WithoutDiagonal:
    """Return the ZZ rotations that leave unitaries (B, 4, 4) with at most two entanglers.

    Before a measurement in the computational basis, exp(i delta ZZ) on the left can't be seen; on
    the right, it is an RZ where one qubit is in a basis state.

    Two are enough where Im tr G = 0, G = V·YY·Vᵀ·YY and det V = 1 (Shende, Bullock and Markov,
    quant-ph/0308045). With s and c the sines and cosines of twice M's coordinates and w the shares
    that ZZ, taken to the middle by the local gates, has in XX, YY and ZZ, that is where
    cos(2 delta) s₁s₂s₃ + sin(2 delta) (w₁c₁s₂s₃ + w₂s₁c₂s₃ + w₃s₁s₂c₃) = 0.

    Args:
        matrices: M
        side: "left" for exp(i delta ZZ)·M, "right" for M·exp(i delta ZZ)
    """
    weyl = decompose_batch(matrices)
    sines, cosines = np.sin(2 * weyl.coordinates), np.cos(2 * weyl.coordinates)
    others = sines[:, [1, 0, 0]] * sines[:, [2, 2, 1]]
    slope = (_shares(weyl, side) * cosines * others).sum(axis=1)
    free = np.abs(slope) < tolerances.SMALLEST  # then c = 0 whatever delta is
    deltas = np.arctan(-sines.prod(axis=1) / np.where(free, 1.0, slope)) / 2
    return WithoutDiagonal(
        deltas, _flattened(decompose_batch(_times_diagonal(matrices, deltas, side)))
    )


def _shares(weyl: Weyl, side: Side) -> Reals:
    """Return the shares of XX, YY and ZZ that the local gates on one side make of ZZ, (B, 3)."""
    if side == "left":
        turned = [gate.conj().swapaxes(1, 2) @ PAULIS[3] @ gate for gate in weyl.left]
    else:
        turned = [gate @ PAULIS[3] @ gate.conj().swapaxes(1, 2) for gate in weyl.right]
    first, second = (np.einsum("bij,kji->bk", axis, PAULIS[1:]).real / 2 for axis in turned)
    shares: Reals = first * second
    return shares


def _flattened(weyl: Weyl) -> Weyl:
    """Return the same with c = 0, where it is zero but for rounding."""
    flat = np.abs(weyl.coordinates[..., 2:]) < tolerances.REMOVED_COORDINATE
    third = np.where(flat, 0.0, weyl.coordinates[..., 2:])
    coordinates = np.concatenate([weyl.coordinates[..., :2], third], axis=-1)
    return Weyl(weyl.phase, weyl.left, coordinates, weyl.right)


def _times_diagonal(matrices: Matrix, deltas: Reals, side: Side) -> Matrix:
    """Return exp(i delta ZZ)·M or M·exp(i delta ZZ) for every delta."""
    diagonals = np.exp(1j * deltas[:, None] * ZZ_SIGNS)
    if side == "left":
        return diagonals[:, :, None] * matrices
    return matrices * diagonals[:, None, :]


def _diagonalised(squares: Matrix) -> tuple[Reals, Matrix]:
    """Return P in SO(4) and the diagonals of Pᵀ·squares·P of symmetric unitaries (B, 4, 4).

    Their real and imaginary parts commute. A combination of both has the same eigenvectors, and
    mixes those of two eigenvalues only as far as its own eigenvalues are closer than theirs; then
    another combination does better.
    """
    frame, diagonal, error = _diagonalised_along(squares, _DIRECTIONS[0])
    for direction in _DIRECTIONS[1:]:
        (rows,) = np.nonzero(error > tolerances.DIAGONALISED)
        if not rows.size:
            break
        other, other_diagonal, other_error = _diagonalised_along(squares[rows], direction)
        better = other_error < error[rows]
        kept = rows[better]
        frame[kept], diagonal[kept] = other[better], other_diagonal[better]
        error[kept] = other_error[better]
    frame[:, :, 0] *= np.sign(np.linalg.det(frame))[:, None]
    return frame, diagonal


def _diagonalised_along(squares: Matrix, direction: float) -> tuple[Reals, Matrix, Reals]:
    """Return one combination's eigenvectors, the diagonals in them, and the rest."""
    turned = squares * np.exp(-1j * direction)
    along, frame = np.linalg.eigh(turned.real)
    across = frame.swapaxes(1, 2) @ turned.imag @ frame
    diagonal = (along + 1j * across.diagonal(axis1=1, axis2=2)) * np.exp(1j * direction)
    rest = np.abs(across)
    rest[:, range(4), range(4)] = 0.0
    return frame, diagonal, rest.max(axis=(1, 2), initial=0.0)


def _quaternions(orthogonal: Reals) -> tuple[Reals, Reals]:
    """Return the unit quaternions (B, 4) of both qubits, of SO(4) matrices (B, 4, 4)."""
    products = (orthogonal.reshape(-1, 16) @ _TO_QUATERNIONS).reshape(-1, 4, 4)
    largest = (products**2).sum(axis=2).argmax(axis=1)
    right = products[np.arange(len(products)), largest]
    right = right / np.linalg.norm(right, axis=1, keepdims=True)
    left = (products @ right[:, :, None])[:, :, 0]
    return left / np.linalg.norm(left, axis=1, keepdims=True), right


def _permuting(order: tuple[int, ...]) -> Reals:
    """Return the Clifford gate that takes axis j to ±axis order[j] when it conjugates."""
    axes = np.eye(4)[1:]
    fixed = [axis for axis, image in enumerate(order) if axis == image]
    if len(fixed) == len(order):
        return np.array([1.0, 0.0, 0.0, 0.0])
    if fixed:
        moved = [axis for axis in range(3) if axis not in fixed]
        return np.asarray(axes[moved].sum(axis=0) / np.sqrt(2))
    turn = 1.0 if order == (1, 2, 0) else -1.0
    return np.array([0.5, 0.5 * turn, 0.5 * turn, 0.5 * turn])


_PRODUCTS = np.einsum("iab,jbc,kac->ijk", _UNITS, _UNITS, _UNITS.conj()).real / 2
_ORDERS = list(permutations(range(3)))  # sorted: an order's place is 2·first + (second > third)
# exp(i π/2 XX) is a Pauli on both qubits up to a phase: one of eight products of X, Y and Z, ...
_SHIFTS = np.array(
    [
        composed(composed(np.eye(4)[x], np.eye(4)[2 * y]), np.eye(4)[3 * z])
        for x, y, z in product(range(2), repeat=3)
    ]
)
# ... a Clifford gate on both permutes the axes, ...
_PERMUTING = np.array([_permuting(order) for order in _ORDERS])
# ... and a Pauli on one turns two signs: none, those of b and c, of a and c, of a and b.
_SIGNS = np.eye(4)
_FLIPS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
_BOTH = composed(_SHIFTS[:, None], _PERMUTING)
_ONE = composed(_BOTH[:, :, None], _SIGNS)
# As matrices that a row (1, 4) is multiplied with: times them, or their inverse times it.
_AFTER_BOTH, _AFTER_ONE = (
    np.einsum("...j,ijk->...ik", table, _PRODUCTS) for table in (_BOTH, _ONE)
)
_BEFORE_BOTH = np.einsum("...i,ijk->...jk", inverse(_PERMUTING), _PRODUCTS)
_BEFORE_ONE = np.einsum(
    "...i,ijk->...jk",
    inverse(composed(_PERMUTING[:, None], _SIGNS)),
    _PRODUCTS,
)


def _in_chamber(
    phase: Reals, left: tuple[Reals, Reals], values: Reals, right: tuple[Reals, Reals]
) -> Weyl:
    """Return decompositions in the Weyl chamber, the difference going to the local gates.

    Args:
        phase: radians, (B,)
        left: quaternions, (B, 4) each
        values: radians, (B, 3)
        right: quaternions, (B, 4) each
    """
    shifts = np.rint(values / (2 * _QUARTER))
    values = values - shifts * (2 * _QUARTER)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    at_edge = (np.abs(values[:, 0]) > _QUARTER - tolerances.CHAMBER_EDGE) & (
        values.prod(axis=1) < 0
    )
    extra = np.where(at_edge, np.sign(values[:, 0]), 0.0)
    values[:, 0] -= extra * (2 * _QUARTER)
    rows = np.arange(len(values))
    shifts[rows, order[:, 0]] += extra
    odd = (shifts % 2).astype(np.intp)
    # i XX = -i (-iX)⊗(-iX)
    phase = phase + (shifts * (2 * _QUARTER) + np.pi * odd).sum(axis=1)
    shift, permuting = odd @ np.array([4, 2, 1]), 2 * order[:, 0] + (order[:, 1] > order[:, 2])
    negative = values[:, :2] < 0
    sign = 2 * negative[:, 0] + negative[:, 1]
    return Weyl(
        phase,
        (
            _matrices(left[0], _AFTER_ONE[shift, permuting, sign]),
            _matrices(left[1], _AFTER_BOTH[shift, permuting]),
        ),
        values * _FLIPS[sign],
        (
            _matrices(right[0], _BEFORE_ONE[permuting, sign]),
            _matrices(right[1], _BEFORE_BOTH[permuting]),
        ),
    )


def _matrices(quaternions: Reals, factors: Reals) -> Matrix:
    """Return quaternions (B, 4) times factors (B, 4, 4) as matrices (B, 2, 2)."""
    units = (quaternions[:, None, :] @ factors)[:, 0, :] @ _UNITS.reshape(4, 4)
    return units.reshape(-1, 2, 2)
