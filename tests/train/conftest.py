"""What the training's tests share: a small circuit that runs in this process."""

import pennylane as qml
import pytest

from pennylane_qstore.train.examples.digits.circuit import make_circuit
from pennylane_qstore.train.examples.digits.dataset import Digits
from pennylane_qstore.train.examples.digits.train_digits import make_trainer


@pytest.fixture(scope="session")
def digits():
    """Zeros and ones on three wires."""
    return Digits.load((0, 1), 3, seed=1)


@pytest.fixture
def train_locally(digits):
    """Run a training on the emulator in this process; the list of its steps."""

    def run(options):
        device = qml.device("qstore.ionq", wires=3, seed=options.seed)
        circuit = make_circuit(device, options.layers, options.shots, options.entanglement)
        with qml.Tracker(device) as tracker:
            return make_trainer(circuit, digits.train, options, tracker).fit()

    return run
