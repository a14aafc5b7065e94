"""Every tolerance of the compiler: what it bounds, its unit, and why it has its value.

A number that is zero in exact arithmetic is left at 1e-16 to 1e-14 by rounding: a few operations on
numbers of magnitude 1, each of them exact to 2.2e-16. A number that isn't zero by chance is hardly
ever below 1e-9. A tolerance lies between; it is near rounding where taking a small number for zero
would be seen in the program (which is right to 1e-12), and higher where more operations come first.
"""

import numpy as np

# Matrix elements and amplitudes, without a unit.
# An element of a matrix, or a coefficient of a Pauli word, that is zero.
MATRIX_ELEMENT = 1e-12
# The part of a one-qubit unitary along a Pauli operator: zero, or one. It decides whether a
# constant becomes a Clifford gate or a rotation for good, so that it is an order stricter.
PAULI_PART = 1e-13
# An amplitude of a single-qubit layer that is zero at all samples, for its pulse count.
LAYER_AMPLITUDE = 1e-13
# A singular value, a Schmidt weight or an amplitude that is zero: a qubit less to prepare.
SINGULAR_VALUE = 1e-13
# Elements off the diagonal in the common basis of two states; a singular value decomposition is
# exact to 1e-14.
COMMON_BASIS = 3e-14
# Elements by which a matrix differs from a phase: it is left out, so rounding only.
GLOBAL_PHASE = 1e-15
# Imaginary parts of a state that is real up to a global phase.
IMAGINARY_PART = 1e-14
# Elements off the diagonal after a joint diagonalisation, above which another direction is tried:
# what LAPACK's eigh leaves of a generic 4x4 matrix.
DIAGONALISED = 8e-15
# Below it floats lose digits, and one over them may overflow: such a number has no phase.
SMALLEST = float(np.finfo(float).tiny)

# Weyl coordinates, in radians.
# A coordinate that takes no entangler, in a block that parameters may have moved.
COORDINATE = 1e-12
# The same in the decomposition of a constant, where fewer operations come first.
CONSTANT_COORDINATE = 1e-13
# How near a is to π/4, where the signs of c are one class and +c is taken.
CHAMBER_EDGE = 1e-12
# A third coordinate that a rotation about ZZ has taken away.
REMOVED_COORDINATE = 1e-14

# Angles.
# Radians: of a selected rotation, or between phases, that is zero. Its omission is rounding.
SELECTED_ANGLE = 2e-14
# Radians: of the rotation that joins two halves of a Shannon decomposition.
JUNCTION_ANGLE = 1e-15
# Quarter turns (π/2): how near an angle is to a whole number of them. Sums of angles such as π/8
# are exact to a few ulp; a wider bound would be seen in the unitary.
QUARTER_TURNS = 1e-13
# The same for constants inside a two-qubit block, whose angles come from decompositions.
BLOCK_QUARTER_TURNS = 1e-12
# Half turns (π): how near a constant rotation is to a Pauli operator.
HALF_TURNS = 1e-12
# Turns (2π): how near an entangler's angle is to the end of the API's range.
RANGE_END = 2e-15
# Radians: beyond it, an angle is taken modulo 2π by sine and cosine. 2π is no float, which would
# be seen where it is taken away many times.
LARGE_ANGLE = 1e3
# Quarter turns: beyond it, rounding leaves no telling how near an angle is to a whole number.
LARGE_QUARTER_TURNS = 1e6

# What others compute.
# How far a user's unitary or Hermitian matrix may be from being one: PennyLane's own bound.
GIVEN_MATRIX = 1e-6
# The same for a matrix in a saved template, which we wrote with all its digits.
SAVED_MATRIX = 1e-9
# Angles of PennyLane's decompositions against an affine function of the parameters, in radians.
AFFINE_ANGLE = 1e-9
# Elements of an operator's matrix against the product of the rotations found for it.
GENERATED_MATRIX = 1e-10
# Elements of a program's unitary against its tape's, in the check that verify=True asks for.
VERIFIED_ELEMENT = 1e-10
# The same for each radian of the angles, which are rounded once when they are turned into turns.
VERIFIED_ELEMENT_PER_RADIAN = 8 * float(np.finfo(float).eps)

# What rounding leaves between equal angles of a circuit, as a part of a turn.
PART_OF_A_TURN = 1e-12
