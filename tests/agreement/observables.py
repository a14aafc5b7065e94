"""The observables and measurements that the tests of agreement go through."""

import numpy as np
import pennylane as qml

_HAMILTONIANS = ("non-commuting", "qubit-wise", "one term", "identities", "zero", "of any kind")
_RNG = np.random.default_rng(11)


def _hermitian(size):
    matrix = _RNG.normal(size=(size, size)) + 1j * _RNG.normal(size=(size, size))
    return matrix + matrix.conj().T


A, B = _hermitian(2), _hermitian(4)
V = np.linalg.eigh(_hermitian(4))[1][0]
H = qml.Hamiltonian
OBSERVABLES = {
    "x": lambda w: qml.X(w[0]),
    "y": lambda w: qml.Y(w[1]),
    "identity": lambda w: qml.Identity(w[0]),
    "identity on two": lambda w: qml.Identity(w[:2]),
    "xz": lambda w: qml.X(w[0]) @ qml.Z(w[1]),
    "xyz reversed": lambda w: qml.X(w[3]) @ qml.Y(w[1]) @ qml.Z(w[0]),
    "xi": lambda w: qml.X(w[0]) @ qml.Identity(w[2]),
    "scaled": lambda w: -1.5 * qml.Y(w[1]),
    "scaled twice": lambda w: 2 * (0.5 * (qml.Y(w[1]) @ qml.Z(w[0]))),
    "scaled identity": lambda w: 3 * qml.Identity(w[1]),
    "x+z": lambda w: qml.X(w[0]) + qml.Z(w[1]),
    "x+z same wire": lambda w: qml.X(w[0]) + qml.Z(w[0]),
    "commuting sum": lambda w: (
        qml.Z(w[0]) @ qml.Z(w[1]) + 0.5 * qml.Z(w[2]) - 0.7 * qml.Z(w[0]) + 0.1 * qml.I(w[3])
    ),
    "nested sum": lambda w: (
        0.3 * (qml.X(w[0]) + 2 * (qml.Y(w[1]) @ qml.Z(w[0])) + qml.Identity(w[2]))
    ),
    "hermitian+x": lambda w: qml.Hermitian(A, w[1]) + qml.X(w[1]),
    "sum@y": lambda w: (qml.X(w[0]) + qml.Z(w[1])) @ qml.Y(w[2]),
    "sum@h": lambda w: qml.prod(qml.X(w[0]) + qml.Z(w[0]), qml.Hadamard(w[2])),
    "non-commuting": lambda w: H(
        [0.3, -1.2, 0.7, 0.5, 0.3],
        [
            qml.X(w[0]),
            qml.Z(w[0]) @ qml.Y(w[2]),
            qml.Identity(w[1]),
            qml.X(w[0]),
            qml.Y(w[1]) @ qml.X(w[2]),
        ],
    ),
    "qubit-wise": lambda w: H(
        [0.3, -1.2, 0.4], [qml.X(w[0]), qml.X(w[0]) @ qml.Y(w[2]), qml.Z(w[1])]
    ),
    "one term": lambda w: H([0.3], [qml.X(w[0])]),
    "identities": lambda w: H([0.3, 0.5], [qml.Identity(w[0]), qml.Identity(w[1])]),
    "zero": lambda w: H([1.0, -1.0], [qml.X(w[0]), qml.X(w[0])]),
    "of any kind": lambda w: H(
        [0.3, 2.0], [qml.Hadamard(w[0]) @ qml.Z(w[1]), qml.Projector([0], w[2])]
    ),
    "hadamard": lambda w: qml.Hadamard(w[0]),
    "hadamard@x": lambda w: qml.Hadamard(w[0]) @ qml.X(w[1]),
    "hadamard@hadamard": lambda w: qml.Hadamard(w[2]) @ qml.Hadamard(w[0]),
    "scaled hadamard": lambda w: -2 * qml.Hadamard(w[1]),
    "hermitian": lambda w: qml.Hermitian(A, w[1]),
    "hermitian on two": lambda w: qml.Hermitian(B, [w[0], w[1]]),
    "hermitian reversed": lambda w: qml.Hermitian(B, [w[2], w[0]]),
    "hermitian afar": lambda w: qml.Hermitian(B, [w[0], w[3]]),
    "degenerate": lambda w: qml.Hermitian(np.diag([1.0, 2.0, 2.0, 5.0]), [w[1], w[0]]),
    "scaled hermitian": lambda w: -2 * qml.Hermitian(A, w[1]),
    "hermitian@z": lambda w: qml.Hermitian(A, w[1]) @ qml.Z(w[0]),
    "x@hermitian": lambda w: qml.X(w[3]) @ qml.Hermitian(B, [w[2], w[0]]),
    "y@hermitian@hermitian": lambda w: (
        qml.Y(w[1]) @ qml.Hermitian(B, [w[3], w[0]]) @ qml.Hermitian(A, w[2])
    ),
    "hermitian twice": lambda w: qml.Hermitian(A, w[1]) @ qml.Hermitian(A, w[0]),
    "identity@hermitian": lambda w: qml.Identity(w[2]) @ qml.Hermitian(A, w[0]),
    "scaled x@hermitian": lambda w: qml.prod(-2 * qml.X(w[2]), qml.Hermitian(A, w[0])),
    "nested product": lambda w: qml.prod(qml.Hadamard(w[2]), qml.prod(qml.X(w[1]), qml.Y(w[0]))),
    "hxh on one wire": lambda w: qml.prod(qml.Hadamard(w[0]), qml.X(w[0]), qml.Hadamard(w[0])),
    "adjoint": lambda w: qml.adjoint(qml.Hadamard(w[0])),
    "projector": lambda w: qml.Projector([1, 0], [w[2], w[0]]),
    "state projector": lambda w: qml.Projector(V, [w[2], w[0]]),
    "projector@z": lambda w: qml.Projector([1], w[0]) @ qml.Z(w[2]),
    "state projector@hermitian": lambda w: qml.Projector(V, [w[2], w[0]]) @ qml.Hermitian(A, w[1]),
}


# What default.qubit measures in one way only, or with a complex type.
EXPVAL_ONLY = {
    "xzx": lambda w: qml.prod(qml.X(w[0]), qml.Z(w[1]), qml.X(w[0])),
    "xx on one wire": lambda w: qml.prod(qml.X(w[0]), qml.X(w[0])),
    "squared hermitian": lambda w: qml.pow(qml.Hermitian(A, w[1]), 2),
    "sparse": lambda w: qml.SparseHamiltonian(qml.X(0).sparse_matrix(), w[1]),
}

PROBS_ONLY = {"power": lambda w: qml.pow(qml.X(w[1]), 2)}
ALL = {**OBSERVABLES, **EXPVAL_ONLY, **PROBS_ONLY}
MEASURES = {
    "expval": qml.expval,
    "var": qml.var,
    "probs": lambda obs: qml.probs(op=obs),
    "counts": qml.counts,
    "all counts": lambda obs: qml.counts(obs, all_outcomes=True),
    "sample": qml.sample,
}

SAMPLED = ("counts", "all counts", "sample")


def has_probs(name):
    """PennyLane itself refuses the probabilities of a Hamiltonian, on any device."""
    return name not in _HAMILTONIANS


def cases(measures):
    pairs = [(m, name) for m in measures for name in OBSERVABLES]
    pairs += [("expval", name) for name in EXPVAL_ONLY if "expval" in measures]
    pairs += [("probs", name) for name in PROBS_ONLY if "probs" in measures]
    return [p for p in pairs if p[0] != "probs" or has_probs(p[1])]


CERTAIN = {
    "all probs": lambda _: qml.probs(),
    "probs": lambda w: qml.probs(wires=[w[2], w[1]]),
    "one probs": lambda w: qml.probs(wires=w[1]),
    "all counts": lambda _: qml.counts(),
    "counts": lambda w: qml.counts(wires=[w[1], w[3], w[0]]),
    "every count": lambda w: qml.counts(wires=[w[1], w[0]], all_outcomes=True),
    "every count of all": lambda _: qml.counts(all_outcomes=True),
    "one count": lambda w: qml.counts(wires=w[1]),
    "all samples": lambda _: qml.sample(),
    "samples": lambda w: qml.sample(wires=[w[3], w[1]]),
    "one sample": lambda w: qml.sample(wires=[w[2]]),
    "small samples": lambda w: qml.sample(wires=w[:2], dtype="int8"),
    "float samples": lambda _: qml.sample(dtype="float64"),
    "z samples": lambda w: qml.sample(qml.Z(w[0])),
    "integer z samples": lambda w: qml.sample(qml.Z(w[0]) @ qml.Z(w[1]), dtype="int64"),
    "projector samples": lambda w: qml.sample(qml.Projector([1, 0], w[:2])),
    "z counts": lambda w: qml.counts(qml.Z(w[1])),
    "every z count": lambda w: qml.counts(qml.Z(w[1]), all_outcomes=True),
    "expval": lambda w: qml.expval(qml.Z(w[0])),
    "hamiltonian": lambda w: qml.expval(H([0.5, 2.0], [qml.Z(w[0]), qml.Z(w[1]) @ qml.Z(w[3])])),
    "var": lambda w: qml.var(qml.Z(w[2]) @ qml.Z(w[1])),
}

ANALYTIC = ("all probs", "probs", "one probs", "expval", "hamiltonian", "var")
