"""Every operator of PennyLane does on the device what it does on default.qubit."""

import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pennylane as qml
import pytest
from pennylane.exceptions import DeviceError
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pennylane_qstore import CompileError
from tests.operators.examples import EXAMPLES, IDLE, VARIANTS
from tests.operators.gates import GATES
from tests.operators.left_out import LEFT_OUT, REFUSED
from tests.operators.native import NATIVE
from tests.operators.place import Place

# What the device can't do yet, though default.qubit can: (example, form) to why. To be empty.
KNOWN: dict[tuple[str, str], str] = {
    ("Exp", "broadcast"): "PennyLane's own gradient preprocessing takes one value only",
}

FORMS = {
    "plain": lambda op: op,
    "adjoint": qml.adjoint,
    "square": lambda op: qml.pow(op, 2),
    "controlled": lambda op: qml.ctrl(op, "control", control_values=[False]),
}
# Hundreds of gates, each of them controlled, take seconds; their adjoints and squares are tested.
TOO_SLOW = {
    (name, "controlled")
    for name in (
        *("Adder", "FermionicDoubleExcitation", "HybridQRAM", "kUpCCGSD", "ModExp"),
        *("OutMultiplier", "QROM", "Superposition", "UCCSD"),
    )
}
# Wires that are rotated before the example, and wires that are not: mixed labels, then numbers.
MIXED = ([3, "a", -1, 0, "7", 12], ["x", 5, "y", -2, "z"])
NUMBERS = (list(range(6)), list(range(6, 11)))
WIRES = {"plain": NUMBERS, "adjoint": MIXED, "square": MIXED, "controlled": NUMBERS}
TOLERANCE = 1e-9


def found():
    """Every operator class with a public name in PennyLane's operators and templates."""
    modules = [qml, qml.ops, qml.templates]
    for package in (qml.ops, qml.templates):
        names = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        modules += [import_module(info.name) for info in names]
    values = [value for module in modules for value in vars(module).values()]
    classes = {v for v in values if inspect.isclass(v) and issubclass(v, Operator)}
    return [c for c in classes if c is not Operator and not c.__name__.startswith("_")]


def seen(device, op, untouched, seed=1):
    """All probabilities, and a Pauli word's mean, of a gate between two layers of rotations."""
    rng = np.random.default_rng(seed)
    wires = list(op.wires) or NUMBERS[0][:2]
    word = qml.prod(*((qml.X, qml.Y, qml.Z)[i % 3](wire) for i, wire in enumerate(wires)))

    @qml.qnode(device)
    def circuit():
        for wire in wires:
            if wire not in untouched:
                qml.RY(rng.uniform(-3, 3), wire)
                qml.RX(rng.uniform(-3, 3), wire)
        qml.apply(op)
        for wire in wires:
            qml.RX(rng.uniform(-3, 3), wire)
            qml.RY(rng.uniform(-3, 3), wire)
        return qml.probs(wires=wires), qml.expval(word)

    return circuit()


def example(name, wires, seed=5):
    make = EXAMPLES.get(name) or VARIANTS.get(name) or REFUSED[name]
    return make(Place(*wires, np.random.default_rng(seed)))


def assert_agree(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        assert np.shape(our) == np.shape(their)
        assert np.allclose(our, their, rtol=0, atol=TOLERANCE)


def cases():
    every = [(name, form) for name in EXAMPLES for form in FORMS]
    every += [(name, "plain") for name in VARIANTS]
    kept = [case for case in every if case not in KNOWN and case not in TOO_SLOW]
    # Squares of gates are in the short tests, those of templates in the long ones.
    is_long = [form == "square" and name not in GATES for name, form in kept]
    marks = [(pytest.mark.long,) if long else () for long in is_long]
    return [pytest.param(*case, marks=mark) for case, mark in zip(kept, marks, strict=True)]


def test_every_operator_has_an_example_or_a_reason():
    """The tables name what PennyLane has, each class once, and nothing else."""
    names = sorted(c.__name__ for c in found())
    assert names == sorted([*EXAMPLES, *LEFT_OUT])


def test_an_example_is_of_its_class():
    """Each entry makes an operator of the class that it is named after."""
    for name in EXAMPLES:
        assert name in {c.__name__ for c in type(example(name, NUMBERS)).__mro__}


@pytest.mark.parametrize("name", sorted({*EXAMPLES, *VARIANTS} - IDLE))
def test_an_example_has_an_effect(name):
    """On default.qubit an example changes what is seen, so that leaving it out would show."""
    op = example(name, NUMBERS)
    device = qml.device("default.qubit")
    with_it = seen(device, op, NUMBERS[1])
    without = seen(device, qml.Identity(op.wires), NUMBERS[1])
    assert np.abs(with_it[0] - without[0]).max() > 1e-3


@pytest.mark.parametrize(("name", "form"), cases())
def test_agrees_with_default_qubit(name, form):
    """A QNode with the operator gives default.qubit's probabilities and expectation value."""
    wires = WIRES[form]
    op = FORMS[form](example(name, wires))
    theirs = seen(qml.device("default.qubit"), op, wires[1])
    assert_agree(seen(qml.device("qstore.ionq", verify=True), op, wires[1]), theirs)


@pytest.mark.parametrize("name", [name for name in GATES if (name, "plain") not in KNOWN])
def test_agrees_without_native_gates(name):
    """Compiled to QIS gates a gate does what it does on default.qubit, too."""
    op = example(name, MIXED)
    theirs = seen(qml.device("default.qubit"), op, MIXED[1])
    assert_agree(seen(qml.device("qstore.ionq", verify=True, gateset="qis"), op, MIXED[1]), theirs)


def batched(name):
    """Three examples with parameters of their own, as one operator."""
    singles = [example(name, NUMBERS, seed) for seed in range(3)]
    data = [np.stack(values) for values in zip(*(op.data for op in singles), strict=True)]
    if name == "ControlledQubitUnitary":  # PennyLane forgets its control values
        first = singles[0]
        return type(first)(*data, wires=first.wires, control_values=first.control_values), singles
    if name == "ChangeOpBasis":  # PennyLane mixes up its parameters
        change, turn = (np.stack([op.operands[i].data[0] for op in singles]) for i in (0, 1))
        wires = singles[0].wires
        return qml.change_op_basis(qml.CRX(change, wires), qml.RZ(turn, wires[1])), singles
    return bind_new_parameters(singles[0], data), singles


# Declared in PennyLane's set, and others that default.qubit takes a batch of.
DECLARED = sorted(qml.ops.qubit.attributes.supports_broadcasting)
UNDECLARED = [
    *("GlobalPhase", "PSWAP", "CPhaseShift00", "CPhaseShift01", "CPhaseShift10", "Adjoint"),
    *("AdjointOperation", "Controlled", "ControlledOp", "Pow", "PowOperation", "Prod", "SProd"),
    *("Exp", "Evolution", "MottonenStatePreparation", "ArbitraryUnitary", "SelectPauliRot"),
    *("ControlledSequence", "ChangeOpBasis"),
]
BROADCAST = [name for name in (*DECLARED, *UNDECLARED) if (name, "broadcast") not in KNOWN]


@pytest.mark.parametrize("name", BROADCAST)
def test_a_batch_agrees_with_default_qubit(name):
    """A parameter with three values gives default.qubit's three rows, and each alone its row."""
    op, singles = batched(name)
    assert op.batch_size == 3
    device = qml.device("default.qubit")
    theirs = seen(device, op, NUMBERS[1])
    alone = [seen(device, single, NUMBERS[1]) for single in singles]
    assert_agree([np.stack(rows) for rows in zip(*alone, strict=True)], theirs)
    assert_agree(seen(qml.device("qstore.ionq", verify=True), op, NUMBERS[1]), theirs)


@pytest.mark.parametrize("name", REFUSED)
def test_default_qubit_refuses(name):
    """What is left out because default.qubit can't run it is still refused by default.qubit."""
    op = example(name, NUMBERS)
    with pytest.raises(DeviceError, match=r"not supported with default\.qubit"):
        seen(qml.device("default.qubit"), op, NUMBERS[1])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2))])
@pytest.mark.parametrize("name", NATIVE)
def test_native_gates_are_ionqs(name, seed, form):
    """A native gate, and what is made of it, does what the matrix of IonQ's documentation does."""
    gate, matrix = NATIVE[name]
    parameters = np.random.default_rng(seed).uniform(-1, 1, gate.num_params)
    wires = MIXED[0][: gate.num_wires]
    theirs = FORMS[form](qml.QubitUnitary(matrix(*parameters), wires))
    ours = FORMS[form](gate(*parameters, wires=wires))
    assert_agree(
        seen(qml.device("qstore.ionq", verify=True), ours, MIXED[1]),
        seen(qml.device("default.qubit"), theirs, MIXED[1]),
    )


@pytest.mark.parametrize("name", [name for name in NATIVE if name.startswith("qstore")])
def test_a_batch_of_native_gates_is_ionqs(name):
    """A native gate with three values a parameter does what three matrices do."""
    gate, matrix = NATIVE[name]
    parameters = np.random.default_rng(4).uniform(-1, 1, (gate.num_params, 3))
    wires = MIXED[0][: gate.num_wires]
    matrices = np.stack([matrix(*values) for values in parameters.T])
    theirs = seen(qml.device("default.qubit"), qml.QubitUnitary(matrices, wires), MIXED[1])
    op = gate(*parameters, wires=wires)
    assert_agree(seen(qml.device("qstore.ionq", verify=True), op, MIXED[1]), theirs)


@pytest.mark.parametrize("case", KNOWN, ids="-".join)
def test_what_is_known_still_holds(case):
    """A line of KNOWN that no longer holds has to go."""
    name, form = case
    batch = form == "broadcast"
    wires = NUMBERS if batch else WIRES[form]
    op = batched(name)[0] if batch else FORMS[form](example(name, wires))
    theirs = seen(qml.device("default.qubit"), op, wires[1])
    failures = (
        *(AssertionError, AttributeError, CompileError, DeviceError, ImportError, TypeError),
        ValueError,
    )
    with pytest.raises(failures):
        assert_agree(seen(qml.device("qstore.ionq", verify=True), op, wires[1]), theirs)
