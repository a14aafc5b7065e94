"""The private names of other libraries: each is still there, and used in one module only."""

import ast
import importlib
import inspect
import threading
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore
from pennylane_qstore import pennylane_private as private

PACKAGE = Path(pennylane_qstore.__file__).parent
LIBRARIES = {"pennylane", "autograd", "jax", "torch"}
# What is imported under a name that its library doesn't document, and the arguments it is given.
FUNCTIONS = {
    "pennylane.gradients.finite_difference._processing_fn": (
        "results",
        "shots",
        "single_shot_batch_fn",
    ),
    "pennylane.gradients.gradient_transform._all_zero_grad": ("tape",),
    "pennylane.gradients.gradient_transform._no_trainable_grad": ("tape",),
    "pennylane.gradients.gradient_transform.assert_no_trainable_tape_batching": (
        "tape",
        "transform_name",
    ),
    "pennylane.gradients.gradient_transform.choose_trainable_param_indices": ("tape", "argnum"),
    "pennylane.gradients.gradient_transform.contract_qjac_with_cjac": ("qjac", "cjac", "tape"),
    "pennylane.gradients.gradient_transform.find_and_validate_gradient_methods": (
        "tape",
        "method",
        "trainable_param_indices",
    ),
    "pennylane.gradients.spsa_gradient._expand_transform_spsa": ("tape",),
    "pennylane.gradients.spsa_gradient._rademacher_sampler": ("indices", "num_params"),
    "pennylane.optimize.qng._reshape_and_regularize": ("tensor", "lam"),
    "pennylane.optimize.rotosolve._restrict_to_univariate": (
        "fn",
        "arg_idx",
        "par_idx",
        "args",
        "kwargs",
    ),
    "pennylane.optimize.rotosolve._validate_inputs": (
        "requires_grad",
        "args",
        "nums_frequency",
        "spectra",
    ),
}


def thing(dotted):
    """What a module holds under a name, with the name in the error where it is gone."""
    module, _, name = dotted.rpartition(".")
    found = getattr(importlib.import_module(module), name, None)
    assert found is not None, f"{dotted} is gone"
    return found


@pytest.mark.parametrize(("dotted", "arguments"), FUNCTIONS.items())
def test_a_function_is_there_and_takes_its_arguments(dotted, arguments):
    """A release that takes the function away, or reorders its arguments, fails here by name."""
    parameters = tuple(inspect.signature(thing(dotted)).parameters)
    assert parameters[: len(arguments)] == arguments, f"{dotted} takes {parameters}"


def test_gates_keep_their_wires_labels():
    """``Operator._wires._labels`` are the labels of the wires, in order."""
    assert private.wire_labels(qml.IsingXX(0.1, wires=["b", 3])) == ("b", 3)


@pytest.mark.parametrize(
    "gate", [qml.CNOT(["c", 1]), qml.CRX(0.2, ["c", 1]), qml.Toffoli(["c", "d", "1"])]
)
def test_controlled_gates_keep_their_controls(gate):
    """``control_wires._labels`` are the labels of the control wires, in order."""
    assert private.control_labels(gate) == tuple(gate.control_wires)


def test_gates_keep_their_hyperparameters():
    """``Operator._hyperparameters`` is what ``hyperparameters`` shows."""
    gate = qml.PauliRot(0.1, "XY", wires=[0, 1])
    assert vars(gate)[private.HYPERPARAMETERS] == gate.hyperparameters


@pytest.mark.parametrize("dtype", [None, "int8", np.float32])
def test_samples_keep_their_type(dtype):
    """``SampleMP._dtype`` is the type that was asked for; PennyLane gives no other way to it."""
    measurement = qml.sample(wires=0, dtype=dtype)
    assert hasattr(measurement, "_dtype"), "SampleMP._dtype is gone"
    assert private.sample_dtype(measurement) is dtype
    assert private.sample_dtype(qml.probs(wires=0)) is None


def test_the_recordings_lock_tells_its_owner():
    """``AnnotatedQueue._lock._is_owned()`` is true where this thread records, and only there."""
    seen = []
    assert not private.is_recording()
    with qml.queuing.AnnotatedQueue():
        assert private.is_recording()
        other = threading.Thread(target=lambda: seen.append(private.is_recording()))
        other.start()
        other.join()
    assert seen == [False]


def test_a_qnode_keeps_its_functions_output_between_construction_and_execution():
    """``QNode._qfunc_output`` is set when a circuit is made, which a watcher is told of."""
    assert "_qfunc_output" in inspect.getsource(qml.QNode), "QNode._qfunc_output is gone"
    seen = []

    @qml.qnode(qml.device("default.qubit"))
    def circuit():
        return [qml.expval(qml.Z(0))]

    with private.watching(seen.append):
        assert len(circuit()) == 1
    assert seen == [circuit]


def test_autograd_counts_its_derivatives_in_a_trace_stack():
    """``autograd.tracer.trace_stack.top`` rises by one a derivative, and is each thread's own."""
    trace_stack = thing("autograd.tracer.trace_stack")
    assert issubclass(thing("autograd.tracer.TraceStack"), object)
    private.isolate()
    inside = []

    def noted(x):
        inside.append(trace_stack.top)
        return x**2

    before = trace_stack.top
    qml.grad(noted, argnums=0)(1.5)
    assert (inside, trace_stack.top) == ([before + 1], before)


def test_jax_has_its_settings_by_thread():
    """Each of JAX's settings is a context manager, and ``jax.config`` tells its value."""
    jax = pytest.importorskip("jax", reason="JAX isn't installed")
    for name in private.JAX_SETTINGS:
        assert hasattr(jax.config, f"jax_{name}"), f"jax.config.jax_{name} is gone"
    core = pytest.importorskip("jax.core")
    assert hasattr(core, "set_current_trace"), "jax.core.set_current_trace is gone"
    assert hasattr(core, "trace_ctx"), "jax.core.trace_ctx is gone"


def test_jax_calls_back_from_the_module_that_is_looked_for():
    """Inside ``jax.pure_callback`` of a compiled function, the frames tell so."""
    jax = pytest.importorskip("jax", reason="JAX isn't installed")
    seen = []

    def noted(x):
        seen.append(private.is_in_jax_callback())
        return np.asarray(x)

    shape = jax.ShapeDtypeStruct((), np.float32)
    jax.jit(lambda x: jax.pure_callback(noted, shape, x))(1.0).block_until_ready()
    assert seen == [True]
    assert not private.is_in_jax_callback()


def test_pennylane_executes_in_the_module_that_is_looked_for():
    """A device's ``execute`` is called from ``pennylane.workflow.run``."""
    seen = []

    class Noting(qml.devices.DefaultQubit):
        def execute(self, circuits, execution_config=None):
            seen.append(private.is_in_workflow())
            return super().execute(circuits, execution_config)

    qml.grad(qml.QNode(lambda x: [qml.RX(x, 0), qml.expval(qml.Z(0))][1], Noting()), argnums=0)(0.3)
    assert seen
    assert all(seen)
    assert not private.is_in_workflow()


def test_torch_has_its_modes():
    """Torch's grad and inference modes can be read and entered."""
    torch = pytest.importorskip("torch", reason="Torch isn't installed")
    for name in ("inference_mode", "is_inference_mode_enabled", "set_grad_enabled"):
        assert hasattr(torch, name), f"torch.{name} is gone"


def test_no_other_module_uses_a_private_name():
    """Private imports, attributes and modules of other libraries stand in one module."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path.name != "pennylane_private.py":
            found += [f"{path.name}:{line}: {what}" for line, what in privates(path)]
    assert not found


def privates(path):
    """The private names of other libraries in a module, with their lines."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            names = [*node.module.split("."), *(alias.name for alias in node.names)]
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            names = [each.value for each in node.args if isinstance(each, ast.Constant)]
        if isinstance(node, ast.Constant) and f"{node.value}".split(".")[:2][-1:] == ["_src"]:
            names = [f"_{node.value}"]
        for name in map(str, names):
            if name.startswith("_") and not name.startswith("__"):
                yield node.lineno, name
