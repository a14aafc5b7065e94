"""Histograms, and which bit comes first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pennylane_qstore.programs.outcomes import BitMap, OutcomeRows, Outcomes

weights = st.lists(st.floats(0.01, 1), min_size=1, max_size=20)


def outcomes(weights):
    values = np.array(weights)
    return Outcomes(np.arange(len(values)), values / values.sum())


def test_qubit_zero_is_the_lowest_bit():
    """IonQ's state "1" has qubit 0 in 1; its state "4" has qubit 2 in 1."""
    seen = Outcomes.from_json({"1": 0.5, "4": 0.5}, 3)
    assert seen.bits([0, 1, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert seen.bits([2, 0]).tolist() == [[0, 1], [1, 0]]


@given(weights, st.integers(1, 10_000))
def test_rounding_keeps_the_shots(weights, shots):
    """A machine's frequencies become whole counts that sum to the shots, each within one."""
    exact = outcomes(weights)
    counts = exact.rounded(shots)
    assert counts.weights.sum() == shots
    found = dict(zip(counts.states.tolist(), counts.weights.tolist(), strict=True))
    for state, weight in zip(exact.states.tolist(), exact.weights.tolist(), strict=True):
        assert abs(found.get(state, 0) - weight * shots) < 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any))
def test_rounding_gives_back_counts(counts):
    """Frequencies that came from counts become these counts again."""
    total = sum(counts)
    histogram = {str(state): count / total for state, count in enumerate(counts)}
    found = Outcomes.from_json(histogram, 5).rounded(total)
    seen = {state: count for state, count in enumerate(counts) if count}
    assert dict(zip(found.states.tolist(), found.weights.tolist(), strict=True)) == seen


def test_drawing_follows_the_probabilities():
    """Drawn counts are within five standard deviations of what is expected."""
    exact = outcomes([0.1, 0.2, 0.7])
    shots = 100_000
    drawn = exact.drawn(shots, np.random.default_rng(1))
    sigma = np.sqrt(shots * exact.weights * (1 - exact.weights))
    assert np.all(np.abs(drawn.weights - shots * exact.weights) < 5 * sigma)


@given(weights, st.integers(1, 200))
def test_shuffling_keeps_the_counts(weights, shots):
    """The shots in random order hold each outcome as often as before."""
    rng = np.random.default_rng(0)
    drawn = outcomes(weights).drawn(shots, rng)
    order = drawn.shuffled(rng)
    assert len(order) == shots
    assert np.array_equal(drawn.of_shots(order).weights, drawn.weights)
    first, second = drawn.of_shots(order[: shots // 2]), drawn.of_shots(order[shots // 2 :])
    assert np.array_equal(first.weights + second.weights, drawn.weights)


def test_probabilities_that_are_a_little_off_are_scaled():
    """What rounding left over or under one is taken away."""
    assert Outcomes.from_json({"0": 0.5, "1": 0.4999}, 1).weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "histogram", [{}, {"0": 0.5}, {"2": 1.0}, {"-1": 1.0}, {"0": -0.5, "1": 1.5}, {"x": 1.0}]
)
def test_what_is_no_histogram_is_refused(histogram):
    """States that don't exist and values that are no probabilities are errors."""
    with pytest.raises(ValueError, match=r"."):
        Outcomes.from_json(histogram, 1)


@pytest.mark.parametrize("qubits", [3, 14])
def test_a_map_does_to_each_state_what_it_says(qubits):
    """Parities, then flips, then controlled flips; for few qubits, and for many."""
    rng = np.random.default_rng(qubits)
    parities = tuple(rng.integers(1, 1 << qubits, 4).tolist())
    bits = BitMap(parities, flips=0b0110, gates=((0b0011, 2), (0b0100, 0), (0, 3)))
    states = rng.integers(0, 1 << qubits, 50)
    expected = []
    for state in states.tolist():
        told = sum(((state & parity).bit_count() & 1) << q for q, parity in enumerate(parities))
        told ^= bits.flips
        for controls, target in bits.gates:
            told ^= (told & controls == controls) << target
        expected.append(told)
    assert bits.of(states).tolist() == expected


@st.composite
def circuits(draw):
    """Outcomes of a few circuits on three qubits, and a map that may make two states one."""
    several = []
    for _ in range(draw(st.integers(1, 4))):
        states = draw(st.lists(st.integers(0, 7), min_size=1, max_size=8, unique=True))
        values = np.array(draw(st.lists(st.floats(0.01, 1), min_size=8, max_size=8)))[: len(states)]
        several.append(Outcomes(np.array(states), values / values.sum()))
    parities = tuple(draw(st.lists(st.integers(0, 7), min_size=2, max_size=4)))
    gates = draw(st.sampled_from([(), ((1, 1),), ((0b10, 0),)]))
    return several, BitMap(parities, flips=draw(st.integers(0, 3)), gates=gates)


def listed(each):
    return each.states.tolist(), each.weights.tolist()


@given(circuits())
def test_many_circuits_are_mapped_as_each_by_itself(found):
    """States, weights and their order are those of the circuits one by one."""
    several, bits = found
    rows = OutcomeRows.of(several)
    assert list(map(listed, rows.each())) == list(map(listed, several))
    mapped = rows.mapped(bits).each()
    assert list(map(listed, mapped)) == [listed(each.mapped(bits)) for each in several]


@given(circuits(), st.integers(1, 500))
def test_many_circuits_are_drawn_as_each_by_itself(found, shots):
    """A seed gives the same counts whether circuits are drawn together or one after another."""
    several, bits = found
    together, alone = np.random.default_rng(5), np.random.default_rng(5)
    rows = OutcomeRows.of(several).mapped(bits).drawn(shots, together)
    assert [listed(each) for each in rows.each()] == [
        listed(each.mapped(bits).drawn(shots, alone)) for each in several
    ]
    assert together.random() == alone.random()


@st.composite
def wide_rows(draw):
    """Outcomes of a few circuits, nearly all states of 11 qubits each, and a map of their bits."""
    random, width = np.random.default_rng(draw(st.integers(0, 2**32))), 11
    circuits = []
    for _ in range(draw(st.integers(1, 3))):
        states = random.choice(1 << width, draw(st.integers(1200, 1 << width)), replace=False)
        weights = random.random(len(states)) + 0.1
        if draw(st.booleans()):
            weights = np.rint(20 * weights).astype(np.int64)
        circuits.append(Outcomes(np.sort(states), weights))
    if len({each.weights.dtype for each in circuits}) > 1:
        circuits = circuits[:1]
    parities = tuple(draw(st.lists(st.integers(0, (1 << width) - 1), min_size=1, max_size=11)))
    qubits = len(parities)
    gates = [(draw(st.integers(0, (1 << qubits) - 1)), draw(st.integers(0, qubits - 1)))]
    gates = tuple((controls & ~(1 << target), target) for controls, target in gates)
    bits = BitMap(parities, draw(st.integers(0, (1 << qubits) - 1)), gates)
    return circuits, draw(st.sampled_from([bits, BitMap(tuple(1 << q for q in range(width)))]))


def mapped_bit_by_bit(outcomes, bits):
    """The tape's outcomes, a state at a time."""
    sums = {}
    for state, weight in zip(outcomes.states.tolist(), outcomes.weights.tolist(), strict=True):
        tape = bits.flips
        for qubit, parity in enumerate(bits.parities):
            tape ^= ((state & parity).bit_count() & 1) << qubit
        for controls, target in bits.gates:
            tape ^= int(tape & controls == controls) << target
        sums[tape] = sums.get(tape, 0) + weight
    return sums


@settings(max_examples=25, deadline=None)
@given(wide_rows())
def test_many_outcomes_are_mapped_as_few_are(wide):
    """Tallied or sorted, every outcome gets the sum of the weights that are mapped to it."""
    circuits, bits = wide
    for outcomes, found in zip(circuits, OutcomeRows.of(circuits).mapped(bits).each(), strict=True):
        assert (np.diff(found.states) > 0).all()
        assert found.weights.dtype == outcomes.weights.dtype
        pairs = zip(found.states.tolist(), found.weights.tolist(), strict=True)
        seen = {state: weight for state, weight in pairs if weight}
        assert seen == pytest.approx(mapped_bit_by_bit(outcomes, bits), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(wide_rows(), st.integers(0, (1 << 13) - 1))
def test_parity_sums(wide, mask):
    """The sums by halves are those of every state's sign."""
    rows = OutcomeRows.of(wide[0]).mapped(BitMap(tuple(1 << q for q in range(11))))
    if rows.width is None:
        assert rows.weights.dtype != np.float64
        return
    for found, each in zip(rows.parity_sums(mask), wide[0], strict=True):
        signs = 1 - 2.0 * (np.bitwise_count(each.states & mask) & 1)
        assert found == pytest.approx(signs @ each.weights, abs=1e-9)
