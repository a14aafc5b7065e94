"""What PennyLane's users measure: the device says what default.qubit says, in the same form."""

from itertools import pairwise

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from pennylane.exceptions import DeviceError
from pennylane.measurements import SampleMeasurement

_COUNTS = (
    *("all counts", "counts", "every count", "every count of all", "one count", "z counts"),
    "every z count",
)
_HAMILTONIANS = ("non-commuting", "qubit-wise", "one term", "identities", "zero", "of any kind")

EXACT = 1e-9
SIGMAS = 5
SHOTS = 20_000
LABELS = ([0, 1, 2, 3], ["a", 7, -1, "b"], [3, 1, 0, 2])
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
# PennyLane warns of Hermitian on any device, since its probabilities depend on a basis.
pytestmark = pytest.mark.filterwarnings("ignore:Using qp.probs with a Hermitian:UserWarning")


def has_probs(name):
    """PennyLane itself refuses the probabilities of a Hamiltonian, on any device."""
    return name not in _HAMILTONIANS


def cases(measures):
    pairs = [(m, name) for m in measures for name in OBSERVABLES]
    pairs += [("expval", name) for name in EXPVAL_ONLY if "expval" in measures]
    pairs += [("probs", name) for name in PROBS_ONLY if "probs" in measures]
    return [p for p in pairs if p[0] != "probs" or has_probs(p[1])]


def prepare(wires, turn=0.0):
    """A state without symmetries; ``turn`` may be a batch."""
    rng = np.random.default_rng(3)
    for wire in wires:
        qml.RY(rng.uniform(-3, 3) + turn, wire)
        qml.RX(rng.uniform(-3, 3), wire)
    for pair in pairwise(wires):
        qml.CNOT(pair)
    for wire in wires:
        qml.RY(rng.uniform(-3, 3), wire)
        qml.RZ(rng.uniform(-3, 3), wire)
        qml.RX(0.3, wire)


def run(name, quantum_function, shots=None, **options):
    """The result of a quantum function on a device."""
    device = qml.device(name, **{"seed": 8, **options})
    return qml.set_shots(qml.QNode(quantum_function, device), shots)()


def both(quantum_function, shots=None, **options):
    """Our result and default.qubit's."""
    ours = run("qstore.ionq", quantum_function, shots, verify=True, **options)
    return ours, run("default.qubit", quantum_function, shots, **options)


def structure(result):
    """How a result is nested, and the shapes and kinds of what is in it."""
    if isinstance(result, tuple | list):
        return (type(result).__name__, *map(structure, result))
    if isinstance(result, dict):
        values = np.array(list(result.values()))
        return ("dict", {type(key).__name__ for key in result}, values.dtype.kind)
    assert isinstance(result, np.ndarray | np.generic)
    return np.shape(result), np.real_if_close(result).dtype.kind


def assert_same(ours, theirs, tolerance=EXACT):
    """Equal structures, and equal numbers in them."""
    assert structure(ours) == structure(theirs)
    if isinstance(theirs, tuple | list):
        for our, their in zip(ours, theirs, strict=True):
            assert_same(our, their, tolerance)
    elif isinstance(theirs, dict):
        assert ours == theirs
    else:
        assert np.allclose(ours, theirs, rtol=0, atol=tolerance)


def distribution(obs, wires):
    """The eigenvalues of an observable and their probabilities, in default.qubit's state."""

    def state():
        prepare(wires)
        return qml.state()

    vector = run("default.qubit", state, wires=wires)
    values, vectors = np.linalg.eigh(qml.matrix(obs, wire_order=wires))
    return values, np.abs(vectors.conj().T @ vector) ** 2


def assert_within(ours, theirs, sigma):
    """A statistic is within five sigmas of the truth."""
    assert np.all(np.abs(np.asarray(ours) - theirs) <= SIGMAS * np.asarray(sigma) + EXACT)


def assert_frequencies(found, values, chances, shots=SHOTS):
    """How often each value was seen is within five sigmas, and five shots, of its chance."""
    keys = np.round(np.asarray(list(found), dtype=float), 6)
    wanted = np.round(values, 6)
    assert set(keys) <= set(wanted + 0.0)
    for value in set(wanted):
        chance = np.clip(chances[wanted == value].sum(), 0, 1)
        seen = sum(n for key, n in zip(keys, found.values(), strict=True) if key == value)
        assert abs(seen - shots * chance) <= SIGMAS * np.sqrt(shots * chance * (1 - chance)) + 5


def spread(obs, wires):
    """At most the standard deviation of one shot's sum of an observable's terms."""
    sums = qml.ops.Sum | qml.ops.LinearCombination | qml.ops.SProd
    coefficients, terms = obs.terms() if isinstance(obs, sums) else ([1], [obs])
    total = 0.0
    for coefficient, term in zip(coefficients, terms, strict=True):
        values, chances = distribution(term, wires)
        mean = values @ chances
        total += abs(coefficient) * np.sqrt(max(0.0, (values - mean) ** 2 @ chances))
    return total


def check_observable(measure, name, wires=LABELS[0]):
    def circuit():
        prepare(wires)
        return MEASURES[measure](ALL[name](wires))

    assert_same(*both(circuit, 100 if measure in SAMPLED else None))


@pytest.mark.parametrize(("measure", "name"), cases(("expval", "var", "probs")))
@pytest.mark.parametrize("wires", LABELS, ids=["numbers", "labels", "unordered"])
def test_exact(measure, name, wires):
    """Without shots every measurement of every observable is default.qubit's."""
    check_observable(measure, name, wires)


SAMPLED_CASES = [case for case in cases(MEASURES) if case[1] in OBSERVABLES]


@pytest.mark.parametrize(("measure", "name"), SAMPLED_CASES)
def test_sampled(measure, name):
    """With shots every measurement is within five sigmas, and in default.qubit's form."""
    wires = LABELS[1]
    obs = ALL[name](wires)

    def circuit():
        prepare(wires)
        return MEASURES[measure](obs)

    ours, theirs = both(circuit, SHOTS)
    assert structure(ours) == structure(theirs)
    values, chances = distribution(obs, wires)
    mean = values @ chances
    second, fourth = ((values - mean) ** k @ chances for k in (2, 4))
    if measure == "expval":
        assert_within(ours, mean, spread(obs, wires) / np.sqrt(SHOTS))
    elif measure == "var":
        # The variance's own, and the mean's square that is missing in it: one sigma more.
        sigma = np.sqrt(max(0.0, fourth - second**2) / SHOTS) + second / SHOTS
        assert_within(ours, second, sigma)
    elif measure == "probs":
        exact = run("default.qubit", circuit)
        assert_within(ours, exact, np.sqrt(np.clip(exact * (1 - exact), 0, 1) / SHOTS) + 1 / SHOTS)
    elif measure == "sample":
        found = dict(zip(*np.unique(np.round(ours, 6), return_counts=True), strict=True))
        assert_frequencies(found, values, chances)
    else:
        assert len(ours) == len(theirs)
        assert_frequencies(ours, values, chances)


def basis_state(wires):
    """A state of which every sample is certain: the wires' bits are 1, 0, 1, 1."""
    for wire, bit in zip(wires, (1, 0, 1, 1), strict=True):
        qml.RX(np.pi * bit, wire)


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


@pytest.mark.parametrize("shots", [1, 7, (7,), (2, 3), ((4, 2), 1)], ids=str)
@pytest.mark.parametrize("name", CERTAIN)
@pytest.mark.parametrize("wires", LABELS, ids=["numbers", "labels", "unordered"])
def test_certain_samples(wires, name, shots):
    """Where a state leaves no chance, results with shots equal default.qubit's."""

    def circuit():
        basis_state(wires)
        return CERTAIN[name](wires)

    assert_same(*both(circuit, shots))


def check_types(name):
    def circuit():
        basis_state(LABELS[1])
        return CERTAIN[name](LABELS[1])

    ours, theirs = both(circuit, 7)
    if isinstance(theirs, dict):
        assert {type(n) for n in ours.values()} == {type(n) for n in theirs.values()}
        assert {type(key) for key in ours} == {type(key) for key in theirs}
    else:
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize("name", CERTAIN)
def test_types(name):
    """Results with shots are of default.qubit's types, down to the values of a dictionary."""
    check_types(name)


DEVICE_WIRES = {
    "none": lambda _: None,
    "its own": lambda w: w,
    "reversed": lambda w: w[::-1],
    "more": lambda w: ["spare", *w[::-1], 99],
}


@pytest.mark.parametrize("shots", [None, 5], ids=str)
@pytest.mark.parametrize("order", DEVICE_WIRES)
@pytest.mark.parametrize("wires", LABELS, ids=["numbers", "labels", "unordered"])
def test_wire_order(wires, order, shots):
    """Measurements without wires come in the order of the device's wires, as default.qubit's."""
    names = ANALYTIC if shots is None else [n for n in CERTAIN if n != "float samples"]

    def circuit():
        basis_state(wires)
        return tuple(CERTAIN[name](wires) for name in names)

    assert_same(*both(circuit, shots, wires=DEVICE_WIRES[order](wires)))


def test_number_of_wires():
    """A device with a number of wires has them in order, and measures those not used, too."""

    def circuit():
        qml.X(2)
        return qml.probs(), qml.expval(qml.Z(3)), qml.probs(wires=[3, 2])

    assert_same(*both(circuit, wires=4))


@pytest.mark.parametrize("name", ["qstore.ionq", "default.qubit"])
def test_unknown_wires_are_refused(name):
    """A wire that the device doesn't have is an error, as on default.qubit."""
    with pytest.raises(qml.exceptions.WireError, match="Cannot run circuit"):
        run(name, lambda: [qml.X("c"), qml.expval(qml.Z("a"))][1], wires=["a", "b"])


MIXES = {
    "exact": (None, ("expval", "all probs", "var", "hamiltonian", "probs", "expval")),
    "counts first": (9, ("all counts", "expval", "all samples", "probs", "hamiltonian", "var")),
    "samples first": (9, ("one sample", "z counts", "hamiltonian", "every count", "z samples")),
    "shot vector": ((2, 5), ("hamiltonian", "counts", "all samples", "var", "one probs")),
}


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("container", [tuple, list])
def test_several_measurements(mix, container):
    """Several measurements come in the order they were returned, nested as default.qubit's."""
    shots, names = MIXES[mix]
    wires = LABELS[1]

    def circuit():
        basis_state(wires)
        return container(CERTAIN[name](wires) for name in names)

    assert_same(*both(circuit, shots))


def test_several_bases():
    """Measurements in different bases, in one tuple, each have their own value."""
    wires = LABELS[2]

    def circuit():
        prepare(wires)
        pairs = [(m, name) for m, name in cases(("expval", "var")) if name in OBSERVABLES]
        measured = [MEASURES[m](OBSERVABLES[name](wires)) for m, name in pairs]
        return (*measured, qml.probs(wires=wires))

    assert_same(*both(circuit))


BATCH = np.array([0.1, 0.9, -1.3])
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


def test_shot_vector_is_one_job_in_parts():
    """The bins of a shot vector are disjoint parts of the shots of one job."""

    def circuit():
        prepare(LABELS[0])
        return qml.counts(wires=LABELS[0])

    device = qml.device("qstore.ionq", verify=True, seed=5)
    with qml.Tracker(device) as tracker:
        bins = qml.set_shots(qml.QNode(circuit, device), (10, 10, 100))()
    assert tracker.totals["jobs"] == 1
    assert tracker.totals["circuits"] == 1
    assert tracker.totals["shots"] == 120
    assert [sum(counts.values()) for counts in bins] == [10, 10, 100]
    whole = run("qstore.ionq", circuit, 120, seed=5)
    assert {key: sum(counts.get(key, 0) for counts in bins) for key in whole} == whole
    assert set().union(*bins) == set(whole)


def test_a_seed_repeats():
    """Two devices with one seed draw the same samples; one device draws others each time."""

    def circuit():
        prepare(LABELS[0])
        return qml.sample()

    first, second = (qml.device("qstore.ionq", verify=True, seed=42) for _ in range(2))
    ours, again = (qml.set_shots(qml.QNode(circuit, d), 50) for d in (first, second))
    samples = ours()
    assert np.array_equal(samples, again())
    assert not np.array_equal(samples, ours())
    other = run("qstore.ionq", circuit, 50, seed=43)
    assert not np.array_equal(samples, other)


def test_samples_are_in_no_order():
    """The shots of one circuit come shuffled: both halves have the same mean, to five sigmas."""

    def circuit():
        qml.RY(1.1, 0)
        return qml.sample(qml.Z(0))

    halves = run("qstore.ionq", circuit, SHOTS).reshape(2, -1).mean(axis=1)
    variance = run("default.qubit", lambda: [qml.RY(1.1, 0), qml.var(qml.Z(0))][1])
    assert_within(halves[0], halves[1], np.sqrt(2 * variance / (SHOTS / 2)))


@pytest.mark.parametrize("shots", [None, 100], ids=str)
def test_measurements_that_agree_share_a_circuit(shots):
    """Observables that need no wire in two bases are one circuit, and others are two."""
    device = qml.device("qstore.ionq", verify=True)

    def circuits(*observables):
        @qml.set_shots(shots)
        @qml.qnode(device)
        def circuit():
            prepare([0, 1, 2])
            return tuple(map(qml.expval, observables))

        with qml.Tracker(device) as tracker:
            circuit()
        assert tracker.totals["jobs"] == 1
        return tracker.totals["circuits"]

    had, herm = qml.Hadamard(2), qml.Hermitian(A, 2)
    assert circuits(qml.X(0), qml.Z(1), qml.X(0) @ qml.Z(1)) == 1
    assert circuits(qml.X(0), had, had @ qml.X(0), had @ qml.Z(1)) == 1
    assert circuits(herm, herm @ qml.X(0), 2 * qml.X(0) @ qml.Z(1)) == 1
    assert circuits(H([1, 2, 3], [qml.X(0), qml.X(0) @ qml.Y(1), qml.Identity(2)])) == 1
    assert circuits(qml.X(0), qml.Z(0)) == 2
    assert circuits(qml.X(0), qml.Z(0) @ had, had) == 2
    assert circuits(qml.X(0) + qml.Z(0) + qml.Y(0), qml.Y(0)) == 3


MEASURED = {
    "expval": lambda m: qml.expval(m[0]),
    "expval of both": lambda m: qml.expval(0.5 * m[0] + m[1]),
    "expval of a product": lambda m: qml.expval(m[0] * m[1]),
    "expval of a comparison": lambda m: qml.expval(m[0] == m[1]),
    "var": lambda m: qml.var(m[1]),
    "var of both": lambda m: qml.var(m[0] - 2 * m[1]),
    "probs": lambda m: qml.probs(op=m[1]),
    "probs of both": lambda m: qml.probs(op=[m[1], m[0]]),
    "wires": lambda _: qml.probs(wires=["b", "a"]),
    "wires again": lambda _: qml.expval(qml.X("b")),
    "counts": lambda m: qml.counts(m[0]),
    "counts of both": lambda m: qml.counts([m[0], m[1]]),
    "every count": lambda m: qml.counts(m[1], all_outcomes=True),
    "every count of both": lambda m: qml.counts([m[1], m[0]], all_outcomes=True),
    "counts of a sum": lambda m: qml.counts(0.5 * m[0] + m[1]),
    "every count of a sum": lambda m: qml.counts(0.5 * m[0] + m[1], all_outcomes=True),
    "sample": lambda m: qml.sample(m[0]),
    "sample of both": lambda m: qml.sample([m[1], m[0]]),
    "sample of a sum": lambda m: qml.sample(0.5 * m[0] + m[1]),
    "sample of a comparison": lambda m: qml.sample(m[0] == m[1]),
    "sample of a not": lambda m: qml.sample(~m[0] & m[1]),
}
MEASURED_EXACT = tuple(name for name in MEASURED if "count" not in name and "sample" not in name)


def deferred(name, quantum_function, shots=None):
    device = qml.device(name, seed=8)
    node = qml.QNode(quantum_function, device, mcm_method="deferred")
    return qml.set_shots(node, shots)()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("name", MEASURED_EXACT)
def test_measured_in_mid_circuit(name, reset):
    """Mid-circuit measurements, and gates that depend on them, are default.qubit's, deferred."""

    def circuit():
        prepare(["a", "b"])
        first = qml.measure("a", reset=reset)
        qml.cond(first, qml.RX, qml.RY)(0.7, "b")
        second = qml.measure("b")
        qml.cond(first & ~second, qml.Hadamard)("a")
        return MEASURED[name]([first, second])

    assert_same(*(deferred(device, circuit) for device in ("qstore.ionq", "default.qubit")))


def check_measured(names, shots=6, bits=(1, 0)):
    def circuit():
        for wire, bit in zip("ab", bits, strict=True):
            qml.RX(np.pi * bit, wire)
        measured = [qml.measure(wire) for wire in "ab"]
        if "wires again" in names:
            qml.Hadamard("b")
        return tuple(MEASURED[name](measured) for name in names)

    assert_same(*(deferred(device, circuit, shots) for device in ("qstore.ionq", "default.qubit")))


def check_together(name):
    """Measurements that differ only in what is made of the same bits."""
    if name == "mid-circuit":
        check_measured(("expval of both", "expval of a product", "expval of a comparison"))
        return

    def circuit():
        basis_state(LABELS[0])
        return CERTAIN["all samples"](LABELS[0]), CERTAIN["float samples"](LABELS[0])

    assert_same(*both(circuit, 5))


@pytest.mark.parametrize("name", ["mid-circuit", "dtypes"])
def test_measurements_of_the_same_bits(name):
    """Measurements of the same bits that differ otherwise are not taken for one."""
    check_together(name)


@pytest.mark.parametrize("bits", [(0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("shots", [6, (4, 2)], ids=str)
@pytest.mark.parametrize("name", MEASURED)
def test_certain_in_mid_circuit(name, shots, bits):
    """Where a mid-circuit measurement is certain, its samples are default.qubit's, deferred."""
    check_measured((name,), shots, bits)


def test_several_mid_circuit_measurements():
    """Values of different mid-circuit measurements, in several ways, keep their order."""
    check_measured(("expval", "var", "probs of both", "sample", "counts of both", "wires"))


def test_sampled_in_mid_circuit():
    """Counts of a sum of mid-circuit measurements are within five sigmas of its mean."""

    def circuit(measurement):
        prepare(["a", "b"])
        first = qml.measure("a")
        qml.cond(first, qml.RX)(0.7, "b")
        return measurement(0.5 * first + qml.measure("b"))

    counts = deferred("qstore.ionq", lambda: circuit(qml.counts), SHOTS)
    mean = deferred("default.qubit", lambda: circuit(qml.expval))
    variance = deferred("default.qubit", lambda: circuit(qml.var))
    assert sum(counts.values()) == SHOTS
    ours = sum(value * n for value, n in counts.items()) / SHOTS
    assert_within(ours, mean, np.sqrt(variance / SHOTS))


def test_postselection_is_refused():
    """A machine can't choose an outcome: postselection is an error."""

    def circuit():
        qml.Hadamard(0)
        qml.measure(0, postselect=1)
        return qml.expval(qml.Z(0))

    with pytest.raises((DeviceError, ValueError), match=r"[Pp]ostselect"):
        run("qstore.ionq", circuit, 10)


def ansatz(weights):
    for layer in weights:
        for wire, angle in enumerate(layer):
            qml.RY(angle, wire)
        qml.CRX(layer[0], [0, 1])
        qml.IsingZZ(layer[1], [1, 2])
        qml.Rot(*layer, 2)


WEIGHTS = pnp.array([[0.3, -0.7, 1.1], [0.5, 0.2, -1.4]], requires_grad=True)
COSTS = {
    "scalar": lambda: qml.expval(qml.Z(0) @ qml.X(2)),
    "hamiltonian": lambda: qml.expval(
        H([0.3, -1.1, 0.5], [qml.X(0), qml.Z(0) @ qml.Y(2), qml.Identity(1)])
    ),
    "hermitian": lambda: qml.expval(qml.Hermitian(B, [2, 0])),
    "variance": lambda: qml.var(qml.Y(1) @ qml.X(2)),
    "probs": lambda: qml.probs(wires=[2, 0]),
    "vector": lambda: (qml.expval(qml.X(0)), qml.expval(qml.Z(0)), qml.var(qml.Y(1))),
    "mixed": lambda: (qml.expval(qml.Y(2)), qml.probs(wires=[0, 1])),
}


def cost(name, device, diff_method, **options):
    def circuit(weights):
        ansatz(weights)
        return COSTS[name]()

    node = qml.QNode(circuit, qml.device(device), diff_method=diff_method, **options)

    def values(weights):
        found = node(weights)
        return pnp.hstack(found) if isinstance(found, tuple) else found

    return values


@pytest.mark.parametrize("name", COSTS)
def test_gradients_by_parameter_shift(name):
    """Jacobians by parameter-shift are those that default.qubit finds by backpropagation."""
    shifted = qml.jacobian(cost(name, "qstore.ionq", "parameter-shift"))(WEIGHTS)
    exact = qml.jacobian(cost(name, "default.qubit", "backprop"))(WEIGHTS)
    assert shifted.shape == exact.shape
    assert np.allclose(shifted, exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("diff_method", ["best", "parameter-shift"])
def test_gradient_of_a_scalar(diff_method):
    """``qml.grad`` of a QNode of one number is default.qubit's; "best" is parameter-shift."""

    def circuit(weights):
        ansatz(weights)
        return COSTS["scalar"]()

    ours = qml.QNode(circuit, qml.device("qstore.ionq", verify=True), diff_method=diff_method)
    theirs = qml.QNode(circuit, qml.device("default.qubit"), diff_method="backprop")
    assert np.allclose(qml.grad(ours)(WEIGHTS), qml.grad(theirs)(WEIGHTS), rtol=0, atol=1e-8)


def test_gradient_is_one_job():
    """All the shifted circuits of a gradient go out together: values in one job, shifts in one."""
    device = qml.device("qstore.ionq", verify=True)
    node = qml.QNode(
        lambda w: [ansatz(w), COSTS["hamiltonian"]()][1], device, diff_method="parameter-shift"
    )
    with qml.Tracker(device) as tracker:
        qml.grad(node)(WEIGHTS)
    assert tracker.totals["jobs"] == 2


def test_gradient_of_a_batch():
    """The Jacobian of a QNode with a batch of inputs is default.qubit's."""

    def circuit(weights):
        qml.RX(BATCH, 0)
        ansatz(weights)
        return COSTS["scalar"]()

    nodes = [
        qml.QNode(circuit, qml.device(name), diff_method=method)
        for name, method in (("qstore.ionq", "parameter-shift"), ("default.qubit", "backprop"))
    ]
    ours, theirs = (qml.jacobian(node)(WEIGHTS) for node in nodes)
    assert ours.shape == theirs.shape == (3, *WEIGHTS.shape)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("diff_method", "options", "tolerance"),
    [
        ("hadamard", {"aux_wire": "aux"}, 1e-8),
        ("finite-diff", {"h": 1e-5}, 1e-4),
        ("spsa", {"h": 1e-5, "num_directions": 3}, 1e-3),
    ],
)
def test_other_gradients(diff_method, options, tolerance):
    """Hadamard tests, finite differences and SPSA give what they give on default.qubit."""

    def gradient(device):
        chosen = dict(options)
        if diff_method == "spsa":
            chosen["sampler_rng"] = np.random.default_rng(3)
        return qml.jacobian(cost("scalar", device, diff_method, gradient_kwargs=chosen))(WEIGHTS)

    ours, theirs = gradient("qstore.ionq"), gradient("default.qubit")
    assert np.abs(theirs).max() > 0.1
    assert np.allclose(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("approx", [None, "diag", "block-diag"])
def test_metric_tensor(approx):
    """The metric tensor is default.qubit's; the whole of it needs an auxiliary wire."""

    def circuit(weights):
        for layer in weights:
            qml.RY(layer[0], 0)
            qml.RX(layer[1], 1)
            qml.CNOT([0, 1])
            qml.RZ(layer[2], 1)
        return qml.expval(qml.Z(0))

    ours, theirs = (
        qml.metric_tensor(qml.QNode(circuit, qml.device(name, wires=3)), approx=approx, aux_wire=2)(
            WEIGHTS
        )
        for name in ("qstore.ionq", "default.qubit")
    )
    assert np.shape(ours) == np.shape(theirs)
    assert np.allclose(ours, theirs, rtol=0, atol=1e-8)


def test_execute_keeps_the_order():
    """Tapes of one batch, alike and unlike, with shots of their own, come back in their order."""
    angles = np.linspace(0.1, 3, 7)
    tapes = [qml.tape.QuantumScript([qml.RX(x, 0)], [qml.expval(qml.Z(0))]) for x in angles]
    tapes.insert(3, qml.tape.QuantumScript([qml.X("b")], [qml.counts(wires="b")], shots=11))
    tapes.insert(5, qml.tape.QuantumScript([qml.RY(0.4, 1)], [qml.probs(), qml.var(qml.X(1))]))
    tapes.append(qml.tape.QuantumScript([qml.X(2)], [qml.sample(wires=2)], shots=(2, 3)))
    ours, theirs = (
        qml.execute(tapes, qml.device(name)) for name in ("qstore.ionq", "default.qubit")
    )
    assert_same(ours, theirs)


class Parity(SampleMeasurement):
    """A user's own measurement: how often the bits of some wires have an odd sum."""

    def process_samples(self, samples, wire_order, shot_range=None, bin_size=None):
        del shot_range, bin_size
        columns = [wire_order.index(wire) for wire in self.wires]
        return np.mean(samples[:, columns].sum(axis=1) % 2)

    def process_counts(self, counts, wire_order):
        places = [wire_order.index(wire) for wire in self.wires]
        odd = sum(n for key, n in counts.items() if sum(int(key[i]) for i in places) % 2)
        return odd / sum(counts.values())


@pytest.mark.parametrize("shots", [9, (4, 5)], ids=str)
@pytest.mark.parametrize("pair", [(0, 1), (3, 0), (1, 3)])
def test_own_measurement(pair, shots):
    """A user's own sample measurement reads the wires it names."""
    wires = LABELS[1]

    def circuit():
        basis_state(wires)
        return Parity(wires=qml.wires.Wires([wires[i] for i in pair])), qml.probs(wires=wires[0])

    ours, theirs = both(circuit, shots)
    copies = zip(ours, theirs, strict=True) if isinstance(shots, tuple) else [(ours, theirs)]
    for our, their in copies:
        assert our[0] == their[0]
        assert_same(our[1], their[1])


def test_snapshots_change_nothing():
    """A snapshot between two gates is passed over."""

    def circuit():
        prepare(LABELS[0])
        qml.Snapshot("here")
        qml.Snapshot(measurement=qml.expval(qml.X(0)))
        qml.RX(0.3, 1)
        return qml.probs(wires=LABELS[0])

    assert_same(*both(circuit))


IDENTITIES = {
    "identity": lambda: qml.expval(qml.Identity("a")),
    "two": lambda: (qml.expval(qml.Identity("a")), qml.expval(qml.Identity(["b", "c"]))),
    "scaled": lambda: qml.expval(3.5 * qml.Identity("a")),
    "hamiltonian": lambda: qml.expval(H([0.5, 0.25], [qml.Identity(0), qml.Identity(1)])),
    "among others": lambda: (
        qml.expval(qml.Identity("a")),
        qml.expval(qml.Z("a")),
        qml.expval(qml.Identity("b")),
    ),
    "product": lambda: qml.expval(qml.Identity("a") @ qml.Identity("b")),
}


@pytest.mark.parametrize("shots", [None, 5, (5, 2)], ids=str)
@pytest.mark.parametrize("name", IDENTITIES)
def test_identities(name, shots):
    """Expectation values of nothing but identities are default.qubit's."""

    def circuit():
        qml.X("a")
        return IDENTITIES[name]()

    assert_same(*both(circuit, shots))


@pytest.mark.parametrize("batch", [None, BATCH], ids=["single", "batch"])
def test_identity_of_a_batch(batch):
    """A batch has a value a row even where the observable is an identity."""

    def circuit():
        qml.RX(0.1 if batch is None else batch, "a")
        return qml.expval(qml.Identity("a")), qml.expval(qml.Z("a"))

    assert_same(*both(circuit))


EMPTY = {
    "expval": lambda: qml.expval(qml.Z(0)),
    "x": lambda: qml.expval(qml.X("a")),
    "probs": lambda: qml.probs(wires=["b", "a"]),
    "several": lambda: (qml.expval(qml.Z(0)), qml.probs(wires=[1]), qml.var(qml.Z(1))),
}


@pytest.mark.parametrize("shots", [None, 4], ids=str)
@pytest.mark.parametrize("gates", [(), (qml.Identity,), (qml.Barrier,), (qml.Z,)], ids=str)
@pytest.mark.parametrize("name", EMPTY)
def test_empty_circuits(name, gates, shots):
    """A circuit without a gate that would need a pulse still has its results."""

    def circuit():
        for gate in gates:
            gate(wires=0)
        return EMPTY[name]()

    ours, theirs = both(circuit, shots)
    if name == "x" and shots:
        assert structure(ours) == structure(theirs)
    else:
        assert_same(ours, theirs)


def test_empty_counts():
    """Counts and samples of a circuit without gates are all zeros, as on default.qubit."""

    def circuit():
        return qml.counts(wires=["b", 0]), qml.sample(wires=[0, 1])

    assert_same(*both(circuit, 6))


@pytest.mark.parametrize("name", ["state", "density matrix", "entropy", "shadow"])
def test_states_are_refused(name):
    """What a machine can't measure is an error that names it."""
    measurements = {
        "state": qml.state,
        "density matrix": lambda: qml.density_matrix([0]),
        "entropy": lambda: qml.vn_entropy([0]),
        "shadow": lambda: qml.classical_shadow([0]),
    }
    shots = 10 if name == "shadow" else None
    with pytest.raises(DeviceError, match="not accepted"):
        run("qstore.ionq", lambda: [qml.X(0), measurements[name]()][1], shots)


@pytest.mark.parametrize("measure", SAMPLED)
def test_samples_need_shots(measure):
    """Counts and samples without shots are an error, as on default.qubit."""
    for device in ("qstore.ionq", "default.qubit"):
        with pytest.raises(DeviceError, match="not accepted"):
            run(device, lambda: [qml.X(0), MEASURES[measure](qml.Z(0))][1])
