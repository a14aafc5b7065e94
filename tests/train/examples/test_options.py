"""Settings that can't be are refused before anything is loaded."""

from pathlib import Path

import pytest

from pennylane_qstore.errors import OptionError
from pennylane_qstore.train.examples.options import PACES, DefaultSteps, TrainOptions


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("optimizer", "qng"),
        ("steps", 0),
        ("batch_size", 0),
        ("shots", -1),
        ("wires", 0),
        ("wires", 65),
        ("layers", 0),
        ("classes", (0,)),
        ("classes", (0, 1, 2)),
        ("classes", (3, 3)),
        ("classes", (0, 10)),
        ("seed", -1),
        ("stepsize", 0.0),
        ("plot", Path("/no/such/folder/curves.png")),
    ],
)
def test_impossible_value(option, value):
    """The error names the option and the value."""
    with pytest.raises(OptionError, match=f"^{option}=") as caught:
        TrainOptions(**{option: value})
    assert caught.value.option == option


def test_exact_values_need_a_simulator():
    """A quantum computer without shots is refused; a simulator is not."""
    with pytest.raises(OptionError, match=r"^shots=0 .* quantum computer"):
        TrainOptions(shots=0, backend="qpu.forte-1")
    assert TrainOptions(shots=0, backend="simulator").shots == 0


@pytest.mark.parametrize("optimizer", PACES)
def test_pace(optimizer):
    """Steps and step size are the optimizer's own until one is given."""
    own = PACES[optimizer]
    assert TrainOptions(optimizer=optimizer).pace == own
    assert TrainOptions(optimizer=optimizer, steps=3).pace == DefaultSteps(3, own.stepsize)
    assert TrainOptions(optimizer=optimizer, stepsize=0.7).pace == DefaultSteps(own.steps, 0.7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"noise_model": "loud"}, "aria-1"),
        ({"noise_model": "aria-1", "shots": 0}, "shots"),
        ({"noise_model": "aria-1", "backend": "qpu.aria-1"}, "simulators"),
        ({"mitigation": "hope"}, "readout"),
    ],
)
def test_noise_and_mitigation_are_checked(given, said):
    """Before anything is loaded or sent."""
    with pytest.raises(OptionError, match=said):
        TrainOptions(**given)


def test_noise_and_mitigation_reach_the_device():
    """And stand in the training's line."""
    options = TrainOptions(noise_model="forte-1", mitigation="zne")
    assert options.device == {"noise_model": "forte-1", "mitigation": "zne"}
    assert options.title.endswith("emulator, noise model forte-1, mitigation zne")
    assert TrainOptions().device == {}
