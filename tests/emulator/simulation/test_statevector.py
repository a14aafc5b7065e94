"""One wide circuit on the C++ state vector against the register that takes many in numpy."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pennylane_qstore.emulator.intake.reader import CircuitReader
from pennylane_qstore.emulator.simulation import statevector
from pennylane_qstore.emulator.simulation.circuit import StoppedError
from pennylane_qstore.emulator.simulation.register import states_of
from pennylane_qstore.emulator.simulation.simulator import FEWEST_WIDE, _run, simulate

QUBITS = 5
ANGLES, PHASES = st.floats(-7, 7), st.floats(-1, 1)
FIXED = ["x", "not", "y", "z", "h", "s", "si", "t", "ti", "v", "vi"]


@st.composite
def qis(draw):
    """A gate of the API's gateset "qis", with whatever controls it may have."""
    order = draw(st.permutations(range(QUBITS)))
    name = draw(
        st.sampled_from([*FIXED, "rx", "ry", "rz", "cnot", "swap", "xx", "yy", "zz", "exp"])
    )
    if name == "exp":
        width = draw(st.integers(1, 3))
        terms = draw(
            st.lists(st.text("IXYZ", min_size=width, max_size=width), min_size=1, max_size=3)
        )
        numbers = draw(st.lists(PHASES, min_size=len(terms), max_size=len(terms)))
        gate = {"gate": "pauliexp", "targets": order[:width], "terms": terms}
        return gate | {"coefficients": numbers, "time": draw(st.floats(0, 2))}
    width = 2 if name in ("swap", "xx", "yy", "zz") else 1
    least = 1 if name == "cnot" else 0
    controls = order[width : width + draw(st.integers(least, QUBITS - width))]
    gate = {"gate": name, "targets": order[:width], "controls": controls}
    turned = name in ("rx", "ry", "rz", "xx", "yy", "zz") or (name == "z" and draw(st.booleans()))
    return gate | ({"rotation": draw(ANGLES)} if turned else {})


@st.composite
def native(draw):
    """A native gate."""
    pair = draw(st.permutations(range(QUBITS)))[:2]
    name = draw(st.sampled_from(["gpi", "gpi2", "ms", "zz", "nop"]))
    if name in ("gpi", "gpi2"):
        return {"gate": name, "target": pair[0], "phase": draw(PHASES)}
    if name == "nop":
        return {"gate": name, "targets": pair}
    numbers = {"angle": draw(st.floats(0, 0.25))}
    if name == "ms":
        numbers["phases"] = [draw(PHASES), draw(PHASES)]
    return {"gate": name, "targets": pair, **numbers}


def group_of(circuit, gateset, copies=1, qubits=QUBITS):
    """A group of copies of one circuit."""
    reader = CircuitReader()
    for _ in range(copies):
        reader.read(circuit, "circuit", gateset, qubits)
    (group,) = reader.groups()
    return group


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["qis", "native"]))
def test_it_is_what_the_register_gives(data, gateset):
    """Every gate, with every number of controls, gives the probabilities of the numpy register."""
    gates = data.draw(
        st.lists({"qis": qis(), "native": native()}[gateset], min_size=1, max_size=12)
    )
    group = group_of(gates, gateset)
    if not group.structure.touched:
        return
    numbers = np.ascontiguousarray(group.numbers.T)
    few, expected = _run(group.structure, numbers, 1, threading.Event()).probabilities()
    qubits, found = statevector.probabilities(group.structure, group.numbers[0], threading.Event())
    assert qubits == sorted(group.structure.touched)
    of_all = dict(zip(states_of(qubits).tolist(), found.tolist(), strict=True))
    # What no gate but a nop touches isn't in the register: it is 0.
    of_few = dict(zip(states_of(few).tolist(), expected[0].tolist(), strict=True))
    assert of_all == pytest.approx(dict.fromkeys(of_all, 0.0) | of_few, abs=1e-12)


@pytest.mark.parametrize("width", [FEWEST_WIDE - 1, FEWEST_WIDE, FEWEST_WIDE + 2])
def test_wide_and_narrow_agree(width):
    """Circuits on both sides of the bound have the probabilities of their product states."""
    angles = np.random.default_rng(width).uniform(0, 3, width)
    gates = [{"gate": "ry", "target": q + 2, "rotation": a} for q, a in enumerate(angles.tolist())]
    group = group_of(gates, "qis", copies=3, qubits=width + 2)
    expected = np.ones(1)
    for angle in angles:
        expected = np.kron([np.cos(angle / 2) ** 2, np.sin(angle / 2) ** 2], expected)
    chunks = list(simulate(group, threading.Event()))
    assert sum(len(chunk.members) for chunk in chunks) == 3
    for chunk in chunks:
        assert chunk.states.tolist() == list(range(0, 4 << width, 4))
        np.testing.assert_allclose(chunk.probabilities, [expected] * len(chunk.members), atol=1e-14)


def test_a_wide_circuit_can_be_stopped():
    """A state vector's simulation ends where nobody waits for it."""
    stop = threading.Event()
    stop.set()
    group = group_of([{"gate": "h", "targets": list(range(14))}], "qis", qubits=14)
    with pytest.raises(StoppedError):
        list(simulate(group, stop))


def test_the_kernels_bring_no_pennylane():
    """The emulator's simulation doesn't load PennyLane: its compiled module stands alone."""
    code = "import sys, pennylane_lightning.lightning_qubit_ops; print('pennylane' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
