"""Tensors of any interface become NumPy arrays in one way."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
import scipy.sparse

import pennylane_qstore
from pennylane_qstore.tensors import do, infer_backend, numbers, to_numpy

PACKAGE = Path(pennylane_qstore.__file__).parent
VALUES = [[0.25, -1.5], [3.0, 2.0]]


def numpy_array(values):
    return np.array(values)


def pennylane_array(values):
    return qml.numpy.array(values, requires_grad=True)


def torch_tensor(values):
    torch = pytest.importorskip("torch", reason="Torch isn't installed")
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def torch_conjugate(values):
    torch = pytest.importorskip("torch", reason="Torch isn't installed")
    return torch.tensor(values, dtype=torch.complex128).conj()


def jax_array(values):
    jax = pytest.importorskip("jax", reason="JAX isn't installed")
    return jax.numpy.array(values)


ARRAYS = [numpy_array, pennylane_array, torch_tensor, torch_conjugate, jax_array]


@pytest.mark.parametrize("make", [*ARRAYS, scipy.sparse.csr_matrix, list, tuple])
def test_a_tensor_of_any_interface_is_read(make):
    """What comes back is a plain array of the same values."""
    array = to_numpy(make(VALUES))
    assert type(array) is np.ndarray
    assert np.array_equal(array, VALUES)


@pytest.mark.parametrize("make", ARRAYS)
def test_lists_of_tensors_are_read(make):
    """The items of a list are the first axis, whatever each of them is."""
    array = to_numpy([make(VALUES[0]), VALUES[1]])
    assert type(array) is np.ndarray
    assert np.array_equal(array, VALUES)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_tensor_is_read_inside_derivatives(order):
    """Autograd's boxes, one in another for higher derivatives, give their value."""
    seen = []

    def noted(x):
        seen.append((to_numpy(x), numbers([x, 0.5])))
        return x**4

    derivative = noted
    for _ in range(order):
        derivative = qml.grad(derivative, argnums=0)
    derivative(0.7)
    assert all(array == 0.7 and np.array_equal(flat, [0.7, 0.5]) for array, flat in seen)


def test_a_tensor_is_read_inside_a_derivative_of_jax():
    """JAX's tracers of an eager derivative have a value."""
    jax = pytest.importorskip("jax", reason="JAX isn't installed")
    seen = []

    def noted(x):
        seen.append(to_numpy(jax.lax.stop_gradient(x)))
        return x**2

    jax.grad(noted)(0.5)
    assert np.allclose(seen, 0.5)


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        ([0.5, 2, np.float32(1.5)], [0.5, 2, 1.5]),
        ([True, 0.5], [1, 0.5]),
        ([], []),
        ([np.array([0.1, 0.2]), np.array([0.3, 0.4])], None),
        ([np.array([0.1, 0.2]), 0.3], None),
        ([1j], None),
        (["x"], None),
        ([None], None),
        ([10**400], None),
    ],
)
def test_single_real_numbers_are_read_together(values, flat):
    """One array where all are single real numbers, and None where one isn't."""
    found = numbers(values)
    assert found is None if flat is None else np.array_equal(found, flat)


def test_plain_numbers_too_large_for_a_float_are_not_read():
    """An integer that no float holds is left to the checks that name its gate."""
    assert numbers([10**400], are_plain=True) is None
    assert np.array_equal(numbers([1, 2.5], are_plain=True), [1, 2.5])


@pytest.mark.parametrize(
    ("make", "backend"),
    [(numpy_array, "numpy"), (torch_tensor, "torch"), (jax_array, "jax"), (float, "builtins")],
)
def test_the_interface_is_named(make, backend):
    """Autoray's names of interfaces, which `do` takes."""
    value = make(0.5)
    assert infer_backend(value) == backend
    assert float(to_numpy(do("cos", value))) == pytest.approx(np.cos(0.5))


def test_no_interface_is_imported_for_it():
    """Reading arrays and autograd's tensors imports no TensorFlow, Torch or JAX."""
    program = (
        "import sys, pennylane as qml\n"
        "before = set(sys.modules)\n"
        "from pennylane_qstore.tensors import to_numpy\n"
        "assert to_numpy([qml.numpy.array(1.5), 2]).tolist() == [1.5, 2]\n"
        "assert not {'tensorflow', 'torch', 'jax'} & (set(sys.modules) - before)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=120)


def test_no_other_module_has_a_way_of_its_own():
    """``unwrap``, ``toarray``, ``detach`` and ``get_interface`` stand in one module."""
    others = {"unwrap", "toarray", "detach", "get_interface", "to_numpy", "getval"}
    found = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "tensors.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in others
    ]
    assert not [each for each in found if "loss.detach" not in each and "output.detach" not in each]
