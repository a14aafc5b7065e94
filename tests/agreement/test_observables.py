"""Every measurement of every observable is default.qubit's."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError

from tests.agreement.comparison import (
    LABELS,
    SHOTS,
    SIGMAS,
    assert_same,
    assert_within,
    both,
    prepare,
    run,
    structure,
)
from tests.agreement.observables import ALL, MEASURES, OBSERVABLES, SAMPLED, cases

# PennyLane warns of Hermitian on any device, since its probabilities depend on a basis.
pytestmark = pytest.mark.filterwarnings("ignore:Using qp.probs with a Hermitian:UserWarning")


def distribution(obs, wires):
    """The eigenvalues of an observable and their probabilities, in default.qubit's state."""

    def state():
        prepare(wires)
        return qml.state()

    vector = run("default.qubit", state, wires=wires)
    values, vectors = np.linalg.eigh(qml.matrix(obs, wire_order=wires))
    return values, np.abs(vectors.conj().T @ vector) ** 2


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
