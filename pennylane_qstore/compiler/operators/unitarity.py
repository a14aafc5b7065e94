"""Find operators that aren't unitary by what they are made of, and observables not Hermitian.

A decomposition that meets one would silently take its unitary part. So an operator is checked
before anything is made of it, and so is each operator that a decomposition gives.
"""

from typing import Any

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.ops import Adjoint, Controlled, Exp, LinearCombination, Pow, Prod, SProd, Sum
from pennylane.ops.qubit.observables import BasisStateProjector, StateVectorProjector
from pennylane.pauli import PauliSentence, PauliWord

from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.operators.angles import ANGLES
from pennylane_qstore.compiler.operators.gate_set import has_rule
from pennylane_qstore.tensors import to_numpy

WIDEST_MATRIX = 6  # a dense unitary on n wires becomes about 2·4ⁿ gates
# PennyLane decomposes these for their eigenvectors, not for what they do to a state.
_OBSERVABLES = (qml.Hermitian, qml.SparseHamiltonian, BasisStateProjector, StateVectorProjector)


def why_not_unitary(op: Operator) -> str | None:
    """Return why an operator isn't unitary, or None where its decomposition tells, or it is."""
    problem = None
    if type(op) in ANGLES or has_rule(op):
        pass
    elif isinstance(op, qml.QubitUnitary | qml.DiagonalQubitUnitary):
        is_diagonal = isinstance(op, qml.DiagonalQubitUnitary)
        problem = _of_matrix(to_numpy(op.data[0]), diagonal=is_diagonal)
    elif isinstance(op, Exp):
        problem = _of_exponent(op)
    elif isinstance(op, Pow) and np.iscomplexobj(to_numpy(op.z)):
        problem = f"is not unitary: it is a power of {op.z}"
    elif isinstance(op, Adjoint | Controlled | Pow):
        problem = why_not_unitary(op.base)
    elif isinstance(op, Sum | SProd | LinearCombination) and op.pauli_rep is not None:
        problem = _of_sentence(op.pauli_rep)
    elif isinstance(op, Prod | SProd):
        problem = _of_factors(op)
    elif _is_small(op) and (isinstance(op, _OBSERVABLES) or not op.has_decomposition):
        problem = _of_operator(op)
    return problem


def why_not_hermitian(obs: Operator) -> str | None:
    """Return why an observable isn't Hermitian, so that its values aren't real; or None."""
    if obs.pauli_rep is not None:
        values = {word: complex(to_numpy(value)) for word, value in obs.pauli_rep.items()}
        bound = tolerances.MATRIX_ELEMENT * max(map(abs, values.values()), default=0.0)
        wrong = [word for word, value in values.items() if abs(value.imag) > bound]
        return f"the coefficient of {wrong[0]} is {values[wrong[0]]:.6g}" if wrong else None
    # PennyLane takes a root of a Hermitian operator for one.
    is_leaf = not isinstance(obs, qml.ops.SymbolicOp | qml.ops.CompositeOp)
    if is_leaf and not isinstance(obs, qml.Hermitian | qml.SparseHamiltonian):
        return None
    if _is_small(obs):
        matrix = to_numpy(obs.matrix())
        apart = np.abs(matrix - np.swapaxes(matrix.conj(), -1, -2)).max(initial=0)
        right = apart <= tolerances.GIVEN_MATRIX * max(1.0, np.abs(matrix).max(initial=0))
        return None if right else f"its matrix is {apart:.2g} away from its adjoint"
    if isinstance(obs, SProd) and np.imag(to_numpy(obs.scalar)).any():
        return f"it has the factor {complex(to_numpy(obs.scalar)):.6g}"
    operands = obs.operands if isinstance(obs, Prod | Sum) else (obs.base,) * isinstance(obs, SProd)
    return next(filter(None, map(why_not_hermitian, operands)), None)


def _is_small(op: Operator) -> bool:
    return op.has_matrix and len(op.wires) <= WIDEST_MATRIX


def _of_factors(op: Prod | SProd) -> str | None:
    """Return why a product isn't unitary: a factor, unless the matrix of all of them is."""
    if isinstance(op, Prod):
        problem = next(filter(None, map(why_not_unitary, op.operands)), None)
    else:
        size = np.abs(to_numpy(op.scalar)).max()
        is_phase = abs(size - 1) <= tolerances.GIVEN_MATRIX
        factor = f"is not unitary: it has a factor of magnitude {size:.6g}"
        problem = why_not_unitary(op.base) if is_phase else factor
    if problem is None or not _is_small(op):
        return problem
    try:
        return problem and _of_operator(op)
    except ValueError:  # PennyLane refuses a factor
        return problem


def _of_sentence(sentence: PauliSentence) -> str | None:
    """Return why a sum of Pauli words isn't unitary: it times its adjoint isn't one."""
    values = {word: to_numpy(value) for word, value in sentence.items()}
    norm = np.sqrt(sum(np.abs(value) ** 2 for value in values.values()))
    apart = np.abs(norm - 1).max()
    if apart <= tolerances.GIVEN_MATRIX and len(values) > 1:
        own = PauliSentence({word: complex(value) for word, value in values.items()})
        adjoint = PauliSentence({word: value.conjugate() for word, value in own.items()})
        square = adjoint @ own
        square[PauliWord({})] = square.get(PauliWord({}), 0) - 1
        apart = max(map(abs, square.values()))
    if apart > tolerances.GIVEN_MATRIX:
        return f"has a matrix that is not unitary: it is {apart:.2g} away"
    return None


def _of_exponent(op: Exp) -> str | None:
    """Return why an exponential isn't unitary: its exponent is not an imaginary Hermitian."""
    coeff, sentence = to_numpy(op.coeff), op.base.pauli_rep
    if sentence is not None:
        values = [coeff * to_numpy(value) for word, value in sentence.items() if word]
        real = max((np.abs(np.real(value)).max(initial=0) for value in values), default=0.0)
        identity = np.abs(np.real(coeff * to_numpy(sentence.get(PauliWord({}), 0)))).max(initial=0)
        real = max(real, identity)
    elif op.batch_size is not None:  # PennyLane can't say whether a batch is Hermitian
        return _of_operator(op) if _is_small(op) else None
    elif op.base.is_verified_hermitian is True:
        real = np.abs(np.real(coeff)).max(initial=0)
    elif _is_small(op):
        return _of_operator(op)
    else:
        return None
    if real > tolerances.GIVEN_MATRIX:
        return f"is not unitary: its exponent has a real part of {real:.2g}"
    return None


def _of_operator(op: Operator) -> str | None:
    return _of_matrix(to_numpy(op.matrix()))


def _of_matrix(matrix: NDArray[Any], *, diagonal: bool = False) -> str | None:
    """Return why a matrix, or the diagonal of one, isn't unitary."""
    if matrix.dtype.kind not in "fiubc":
        return "has a matrix that is no array of numbers"
    if diagonal:
        apart = np.abs(np.abs(matrix) - 1)
    else:
        product = matrix @ np.swapaxes(matrix.conj(), -1, -2)
        apart = np.abs(product - np.eye(matrix.shape[-1]))
    worst = apart.max(initial=0)
    if not worst <= tolerances.GIVEN_MATRIX:
        return f"has a matrix that is not unitary: it is {worst:.2g} away"
    return None
