"""The corpus of circuits: proven equal to what is sent, and never of more gates than now."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennylane.ops.functions import bind_new_parameters

from benchmarks import corpus
from pennylane_qstore.compiler import Target, TemplateCache, compile_batch, preprocessing
from pennylane_qstore.compiler.operators.angles import is_parametric
from tests.compiler.native_matrix import (
    applied,
    distance_up_to_names,
    outcome_probabilities,
    program_matrix,
    tape_matrix,
)
from tests.examples import examples
from tests.operators.examples import IDLE
from tests.operators.gates import GATES
from tests.operators.native import NATIVE
from tests.operators.place import Place

ENTANGLERS = {"forte": "zz", "aria": "ms"}
EXACT, EXACT_OUTCOMES = 1e-12, 1e-13
# For each circuit and form, (one-qubit, two-qubit) gates that no change may exceed: the unitary on
# Forte and on Aria, then the outcomes. Fewer two-qubit gates are better, then fewer one-qubit ones.
CEILINGS = json.loads(Path(__file__).with_name("ceilings.json").read_text())
FORMS = [tuple(key.split()) for key in CEILINGS]
# All operators of these hold angles only, so that one template serves any; the rest is too wide.
OPEN = [("a_hea8_d2", "textbook"), ("d_qft8_enc", "operators"), ("h_toffoli8", "operators")] + [
    (name, "textbook")
    for name in (
        *("e_givens4", "e_uccsd_h2", "g_ampemb5", "g_mottonen3", "g_mottonen4", "h_mcx5"),
        *("i_heis6_strang", "i_heis8_o1n2", "i_heis8_o2n2"),
    )
]
# PennyLane takes these apart by a rule for any four-qubit unitary, which is off by 1e-12 itself.
INEXACT = {"DoubleExcitationMinus", "DoubleExcitationPlus"}
SPECIAL = [0.0, np.pi / 2, -np.pi / 2, np.pi, 2 * np.pi]
machines = pytest.mark.parametrize("machine", ENTANGLERS)
# Wide circuits take seconds at five sets of angles: one form of them is always tried, all in CI.
_QUICK = {"e_givens4", "e_uccsd_h2", "g_ampemb5", "g_mottonen4"}
_LONG = [pytest.param(*case, marks=pytest.mark.long) for case in OPEN if case[0] not in _QUICK]
open_forms = pytest.mark.parametrize(
    ("name", "form"), [*(case for case in OPEN if case[0] in _QUICK), *_LONG]
)


@cache
def textbook(name):
    """The unitary of a circuit's textbook gates."""
    circuit = corpus.load(name)
    return tape_matrix(circuit.textbook(), circuit.wires)


def sent(tapes, wires, machine, templates, *, measurement_aware=False):
    """The program, and its row, that each of some tapes becomes."""
    target = Target(ENTANGLERS[machine], measurement_aware=measurement_aware)
    labels = qml.wires.Wires(range(wires))
    batch, _ = preprocessing("d", labels, None, templates, lambda: target)(tapes)
    found = {
        place.tape: (programs, row)
        for programs, _, places in compile_batch(batch, labels, target)
        for row, place in enumerate(places)
    }
    return [found[index] for index in range(len(tapes))]


def test_there_is_a_ceiling_for_every_form():
    """No circuit of the corpus, and no form of one, is left out."""
    forms = {(name, form) for name in corpus.names() for form in corpus.load(name).forms()}
    assert forms == set(FORMS)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, form in FORMS if form == "operators"])
def test_both_forms_are_the_same_circuit(name):
    """PennyLane's operators have the textbook gates' unitary, up to a phase."""
    circuit = corpus.load(name)
    operators = tape_matrix(circuit.operators(), circuit.wires)
    overlap = np.vdot(operators, textbook(name))
    assert np.abs(operators * (overlap / abs(overlap)) - textbook(name)).max() < 1e-10


@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize(
    ("machine", "mode"),
    [
        *(("aria", "unitary"), ("forte", "outcomes")),
        pytest.param("forte", "unitary", marks=pytest.mark.long),
        pytest.param("aria", "outcomes", marks=pytest.mark.long),
    ],
)
def test_a_circuit_is_right_and_keeps_its_counts(name, form, machine, mode):
    """What is sent has the unitary, up to a phase, frames and names, or the outcomes."""
    circuit = corpus.load(name)
    tape = corpus.tape(circuit.forms()[form], circuit.wires)
    aware = mode == "outcomes"
    ((programs, row),) = sent(
        [tape], circuit.wires, machine, TemplateCache(), measurement_aware=aware
    )
    if aware:
        expected = np.abs(textbook(name)[:, 0]) ** 2
        found = outcome_probabilities(programs, circuit.wires, row)
        assert np.abs(found - expected).max() < EXACT_OUTCOMES
    else:
        assert distance_up_to_names(textbook(name), program_matrix(programs, row)) < EXACT
    counts = programs.gate_counts()
    ceiling = CEILINGS[f"{name} {form}"][mode][machine]
    assert [counts["2q"], counts["1q"]] <= ceiling[::-1]


def at(gates, draw):
    """The gates with other angles."""
    return [
        bind_new_parameters(op, [np.vectorize(lambda _: draw())(value) for value in op.data])
        if is_parametric(op)
        else op
        for op in gates
    ]


def at_any_angles(circuit, form):
    """The circuit's gates with random and with special angles, several times."""
    rng = np.random.default_rng(3)
    draws = [lambda: rng.uniform(-7, 7), lambda: rng.choice(SPECIAL), lambda: 0.0, lambda: np.pi]
    draws.append(lambda: rng.choice([rng.uniform(-7, 7), rng.choice(SPECIAL)]))
    return [at(circuit.forms()[form], draw) for draw in draws]


@machines
@open_forms
def test_a_template_is_the_circuit_at_any_angles(name, form, machine):
    """Bound to random and to special angles at once, a template is each circuit's unitary."""
    circuit = corpus.load(name)
    circuits = at_any_angles(circuit, form)
    templates, tapes = TemplateCache(), [corpus.tape(gates, circuit.wires) for gates in circuits]
    found = sent(tapes, circuit.wires, machine, templates)
    assert templates.stats().misses == 1
    for gates, (programs, row) in zip(circuits, found, strict=True):
        expected = tape_matrix(gates, circuit.wires)
        assert distance_up_to_names(expected, program_matrix(programs, row)) < EXACT


@machines
@open_forms
def test_a_template_has_the_outcomes_at_any_angles(name, form, machine):
    """Where only these matter, it is right for random and for special angles as well."""
    circuit = corpus.load(name)
    circuits = at_any_angles(circuit, form)
    templates, tapes = TemplateCache(), [corpus.tape(gates, circuit.wires) for gates in circuits]
    found = sent(tapes, circuit.wires, machine, templates, measurement_aware=True)
    assert templates.stats().misses == 1
    for gates, (programs, row) in zip(circuits, found, strict=True):
        expected = np.abs(tape_matrix(gates, circuit.wires)[:, 0]) ** 2
        outcomes = outcome_probabilities(programs, circuit.wires, row)
        assert np.abs(outcomes - expected).max() < EXACT_OUTCOMES


def test_a_thousand_angles_are_one_miss():
    """A structure is compiled once, however many sets of angles come."""
    wires, count = 3, 1_000
    angles = np.random.default_rng(4).uniform(-7, 7, (count, 2, wires))

    def tape(values):
        gates = []
        for layer in values:
            gates += [qml.RY(angle, wire) for wire, angle in enumerate(layer)]
            gates += [qml.CNOT([wire, wire + 1]) for wire in range(wires - 1)]
        return corpus.tape(gates, wires)

    templates, tapes = TemplateCache(), [tape(values) for values in angles]
    found = sent(tapes, wires, "forte", templates)
    stats = templates.stats()
    assert (stats.misses, stats.hits, stats.bypasses) == (1, count - 1, 0)
    for index in (0, 1, count // 2, count - 1):
        program = program_matrix(*found[index])
        assert distance_up_to_names(tape_matrix(tapes[index].operations, wires), program) < EXACT


def placed(name, wires, seed):
    """An operator of the list on some wires, and its matrix."""
    rng = np.random.default_rng(seed)
    if name not in NATIVE:
        op = GATES[name](Place(wires, (), rng))
        return op, qml.matrix(op)
    kind, matrix = NATIVE[name]  # PennyLane-IonQ's own matrices are missing, or wrong
    numbers = rng.uniform(-2, 2, kind.num_params)
    return kind(*numbers, wires=wires[: kind.num_wires]), matrix(*numbers)


gates = st.builds(
    placed,
    st.sampled_from(sorted({*GATES, *NATIVE} - IDLE - INEXACT)),
    st.permutations(range(4)),
    st.integers(0, 2**32),
)


@examples(20)
@given(chosen=st.lists(gates, min_size=1, max_size=6), machine=st.sampled_from(sorted(ENTANGLERS)))
def test_a_random_circuit_of_all_gates_keeps_its_unitary(chosen, machine):
    """Whatever operators follow one another, on their own or from a template."""
    expected = np.eye(2**4, dtype=complex)
    for op, matrix in chosen:
        expected = applied(matrix, list(op.wires), expected)
    templates, tape = TemplateCache(), corpus.tape([op for op, _ in chosen], 4)
    for _ in range(2):
        ((programs, row),) = sent([tape], 4, machine, templates)
        assert distance_up_to_names(expected, program_matrix(programs, row)) < EXACT
        ((programs, row),) = sent([tape], 4, machine, templates, measurement_aware=True)
        found = outcome_probabilities(programs, 4, row)
        assert np.abs(found - np.abs(expected[:, 0]) ** 2).max() < EXACT
