"""Every pass of the optimiser makes a circuit of the corpus cheaper, and none changes a result."""

from functools import cache

import numpy as np
import pennylane as qml
import pytest

from benchmarks import corpus
from pennylane_qstore.compiler import Target, TemplateCache, preprocessing
from pennylane_qstore.compiler.circuit.passes import ALL_PASSES, Passes
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.templates.lower import lower
from pennylane_qstore.compiler.unitaries.state_preparation import entanglers, prepare
from tests.compiler.native_matrix import distance_up_to_names, program_matrix, tape_matrix

# For each pass a circuit of the corpus, its form, the entangler, and what is compiled, where the
# program has more entanglers, or as many and more pulses, without the pass.
PAYS = {
    "blocks": ("e_uccsd_h2", "operators", "zz", "outcomes"),
    "pauli_gadgets": ("e_givens4", "textbook", "zz", "unitary"),
    "cnot_layers": ("a_full8_d3", "textbook", "zz", "unitary"),
    "prepared_start": ("g_mottonen3", "operators", "zz", "outcomes"),
    "parity_sectors": ("i_heis6_strang", "textbook", "zz", "unitary"),
    "commuting_order": ("i_heis6_strang", "textbook", "zz", "unitary"),
    "ms_gauge": ("g_mottonen3", "textbook", "ms", "unitary"),
    "x_frames": ("h_toffoli8", "textbook", "zz", "outcomes"),
}
# Two more each, on other machines or in other modes.
ALSO_PAYS = [
    ("blocks", "i_heis6_strang", "textbook", "ms", "unitary"),
    ("parity_sectors", "i_heis6_strang", "textbook", "ms", "outcomes"),
    ("commuting_order", "i_heis6_strang", "textbook", "ms", "unitary"),
    ("ms_gauge", "i_heis6_strang", "textbook", "ms", "outcomes"),
    ("x_frames", "i_heis6_strang", "textbook", "ms", "unitary"),
    ("cnot_layers", "a_full8_d3", "textbook", "ms", "unitary"),
    ("prepared_start", "g_mottonen4", "operators", "ms", "outcomes"),
    ("pauli_gadgets", "e_uccsd_h2", "textbook", "ms", "outcomes"),
]


@cache
def elements_of(name, form):
    """The elements of a circuit of the corpus, its angles open, and the angles."""
    circuit = corpus.load(name)
    wires = qml.wires.Wires(range(circuit.wires))
    steps = preprocessing("d", wires, None, TemplateCache(), lambda: Target("zz"), at_once=True)
    batch, _ = steps([corpus.tape(circuit.forms()[form], circuit.wires)])
    (bound,) = batch[0].operations
    template = bound.template
    return lower(template.lifted, template.qubit_of), np.atleast_2d(bound.params)


def optimised(name, form, entangler, mode, passes=ALL_PASSES):
    """The best circuit that some passes find."""
    wires = corpus.load(name).wires
    measured = range(wires) if mode == "outcomes" else None
    return Optimised(elements_of(name, form)[0], wires, entangler, measured, passes=passes)


def test_no_pass_is_left_out():
    """Each has a circuit that it makes cheaper."""
    assert set(PAYS) == set(Passes._fields)


@pytest.mark.parametrize(
    ("name", "circuit"),
    [
        *PAYS.items(),
        *(pytest.param(name, tuple(rest), marks=pytest.mark.long) for name, *rest in ALSO_PAYS),
    ],
)
def test_a_circuit_gets_worse_without_a_pass(name, circuit):
    """More entanglers, or as many and more pulses."""
    without = Passes(**{name: False})
    assert optimised(*circuit).counts < optimised(*circuit, passes=without).counts


@pytest.mark.parametrize("name", Passes._fields)
@pytest.mark.parametrize("entangler", ["zz", "ms"])
@pytest.mark.parametrize(
    "circuit",
    [
        ("g_mottonen3", "textbook"),
        pytest.param(("i_heis6_strang", "textbook"), marks=pytest.mark.long),
    ],
)
def test_without_a_pass_the_unitary_is_the_same(name, entangler, circuit):
    """Passes may be left out one by one: that is what the comparison rests on."""
    _, params = elements_of(*circuit)
    best = optimised(*circuit, entangler, "unitary", Passes(**{name: False}))
    (bound,) = best.bind(params)
    loaded = corpus.load(circuit[0])
    expected = tape_matrix(loaded.textbook(), loaded.wires)
    assert distance_up_to_names(expected, program_matrix(bound.programs)) < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_free_phases_spare_an_entangler(seed):
    """A state of three qubits that is only measured takes two, though it takes three as it is."""
    magnitudes = np.random.default_rng(seed).uniform(0.6, 1, 8)
    magnitudes /= np.linalg.norm(magnitudes)
    assert entanglers(prepare(magnitudes, magnitudes_only=True)) == 2
    assert entanglers(prepare(magnitudes)) == 3


def test_free_phases_spare_an_entangler_in_the_corpus():
    """Its outcomes take two entanglers; a real state of the same magnitudes takes three."""
    amplitudes = tape_matrix(corpus.load("g_mottonen3").textbook(), 3)[:, 0]
    assert optimised("g_mottonen3", "operators", "zz", "outcomes").counts[0] == 2
    assert entanglers(prepare(np.abs(amplitudes))) == 3
