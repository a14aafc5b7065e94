"""Parameters with a batch axis: a value for each row, in default.qubit's form."""

import numpy as np
import pennylane as qml
import pytest

from tests.agreement.comparison import BATCH, LABELS, assert_same, both, prepare, structure
from tests.agreement.observables import ANALYTIC, CERTAIN, OBSERVABLES, B

# PennyLane warns of Hermitian on any device, since its probabilities depend on a basis.
pytestmark = pytest.mark.filterwarnings("ignore:Using qp.probs with a Hermitian:UserWarning")

_COUNTS = (
    *("all counts", "counts", "every count", "every count of all", "one count", "z counts"),
    "every z count",
)

BATCHED = {
    **CERTAIN,
    "x": lambda w: qml.expval(qml.X(w[0])),
    "x samples": lambda w: qml.sample(qml.X(w[1])),
    "hermitian": lambda w: qml.expval(qml.Hermitian(B, [w[2], w[0]])),
    "x probs": lambda w: qml.probs(op=qml.X(w[0]) @ qml.Y(w[1])),
    "many bases": lambda w: qml.expval(OBSERVABLES["non-commuting"](w)),
}

BATCHED_EXACT = (*ANALYTIC, "x", "hermitian", "x probs", "many bases")


@pytest.mark.parametrize("name", BATCHED_EXACT)
@pytest.mark.parametrize("batch", [BATCH, BATCH[:1]], ids=len)
def test_exact_batches(name, batch):
    """A batch of parameters gives a batch of results, equal to default.qubit's."""

    def circuit():
        prepare(LABELS[1], batch)
        return BATCHED[name](LABELS[1])

    ours, theirs = both(circuit)
    if len(batch) == 1 and name in {"hamiltonian", "many bases"}:
        theirs = np.reshape(theirs, (1,))  # PennyLane drops the batch axis of some sums, not of all
    assert_same(ours, theirs)


def check_batch(name, shots=(10, 10, 100)):
    def circuit():
        prepare(LABELS[0], BATCH)
        return BATCHED[name](LABELS[0])

    ours, theirs = both(circuit, shots)
    if name in _COUNTS:  # which keys were seen is chance; how they are nested is not
        ours, theirs = nesting(ours), nesting(theirs)
        assert ours == theirs
    else:
        assert structure(ours) == structure(theirs)


@pytest.mark.parametrize("shots", [1, 30, (10,), (10, 10, 100), ((5, 2), 3)], ids=str)
@pytest.mark.parametrize("name", BATCHED)
def test_sampled_batches_have_the_form(name, shots):
    """A batch of parameters, with shots and with a shot vector, gives default.qubit's form."""
    check_batch(name, shots)


def nesting(result):
    """Containers down to the dictionaries, with the types of their keys."""
    if isinstance(result, dict):
        return {type(key).__name__ for key in result}
    return (type(result).__name__, np.shape(result), *map(nesting, result))


@pytest.mark.parametrize("shots", [None, 8, (8, 3)], ids=str)
def test_several_measurements_of_a_batch(shots):
    """A batch of parameters and several measurements nest as on default.qubit."""
    names = ("x", "all probs", "var") if shots is None else ("x", "all samples", "var", "probs")

    def circuit():
        prepare(LABELS[0], BATCH)
        return tuple(BATCHED[name](LABELS[0]) for name in names)

    ours, theirs = both(circuit, shots)
    assert structure(ours) == structure(theirs)


def test_batch_of_samples_is_of_its_rows():
    """Each row of a sampled batch is of its own parameter, not of another's."""

    def circuit():
        qml.RX(np.array([0.0, np.pi, 0.0, np.pi]), "a")
        return qml.expval(qml.Z("a")), qml.sample(wires="a")

    assert_same(*both(circuit, 6))


@pytest.mark.parametrize("batch", [None, BATCH], ids=["single", "batch"])
def test_identity_of_a_batch(batch):
    """A batch has a value a row even where the observable is an identity."""

    def circuit():
        qml.RX(0.1 if batch is None else batch, "a")
        return qml.expval(qml.Identity("a")), qml.expval(qml.Z("a"))

    assert_same(*both(circuit))
