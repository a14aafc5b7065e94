"""The options of ``qstore train``, checked before anything is loaded or sent."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from pennylane_qstore.errors import OptionError
from pennylane_qstore.options import NOISE_MODELS

N_PIXELS = 64  # scikit-learn's digits are 8x8
DIGITS = range(10)
ENTANGLEMENTS = ("linear", "circular", "full")
ENCODINGS = ("angle", "amplitude")
N_CLASSES = 2
_LONGEST_NAME = 200  # bytes; a file system takes 255, with the endings
FASHION = Path("/usr/share/datasets/fashion-mnist")  # of Debian's dataset-fashion-mnist
# What may change when a training is resumed: its steps stay the same.
_FREE = ("plot", "resume", "name", "checkpoint_every", "log_interval")

MITIGATIONS = ("readout", "zne", "calibrate", "pec")
Rule = tuple[str, bool, str]


def _one_of(names: Sequence[str]) -> str:
    return f"none, or one of {', '.join(names)}"


@dataclass(frozen=True, slots=True)
class DefaultSteps:
    """The number of steps of an optimizer and their size, if no others are given."""

    steps: int
    stepsize: float


# Measured on digits 0 and 1: the first four with seeds 1 to 21, the others with seeds 1 to 3,
# exact.
PACES: Mapping[str, DefaultSteps] = MappingProxyType(
    {
        "spsa": DefaultSteps(100, 0.4),
        "qnspsa": DefaultSteps(100, 0.2),
        "adam": DefaultSteps(20, 0.2),
        "momentum": DefaultSteps(20, 0.1),
        "sgd": DefaultSteps(20, 0.5),
        "nesterov": DefaultSteps(20, 0.1),
        "adagrad": DefaultSteps(20, 0.3),
        "rmsprop": DefaultSteps(20, 0.1),
    }
)
# Those that follow a gradient, which alone can train on the statevector simulator.
GRADIENT_OPTIMIZERS = tuple(name for name in PACES if name not in ("spsa", "qnspsa"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of every training.

    Attributes:
        dataset: name of the data set
        seed: of everything that is random
        backend: "emulator", "simulator" or "qpu.…"
        plot: file of the picture
        name: of the checkpoint and of the run in the journal; None keeps neither
        resume: whether to continue the run of that name
        checkpoint_every: steps from one checkpoint to the next
        log_interval: steps from one line to the next, without a terminal; None prints ten lines
        weight_decay: fraction of the weights that each step subtracts
        momentum: fraction of the last step in the next one, for "momentum" and "nesterov"
        validation: fraction of the training samples kept aside
        patience: validations without a lower loss that end the training; None never ends it early
    """

    dataset: ClassVar[str]
    seed: int = 1
    backend: str = "emulator"
    plot: Path = Path("qstore-train.png")
    name: str | None = None
    resume: bool = False
    checkpoint_every: int = 1
    log_interval: int | None = None
    weight_decay: float = 0.0
    momentum: float = 0.9
    validation: float = 0.0
    patience: int | None = None

    def __post_init__(self) -> None:
        """Check the options.

        Raises:
            OptionError: names the first one that can't be used
        """
        for option, possible, expected in (*self._common(), *self._rules()):
            if not possible:
                value = getattr(self, option)
                shown = str(value) if isinstance(value, Path) else value
                raise OptionError("run" if option == "name" else option, shown, expected)

    def _common(self) -> tuple[Rule, ...]:
        named = self.name is None or _is_file_name(self.name)
        return (
            ("seed", 0 <= self.seed < 1 << 32, "0 to 4294967295"),
            ("plot", self.plot.absolute().parent.is_dir(), "its folder doesn't exist"),
            ("plot", not self.plot.is_dir(), "it is a folder; name a file"),
            ("name", named, f"a name of at most {_LONGEST_NAME} bytes, which becomes a file's"),
            ("resume", not self.resume or self.name is not None, "say which one with --run NAME"),
            ("checkpoint_every", self.checkpoint_every >= 1, "at least 1"),
            ("log_interval", self.log_interval is None or self.log_interval >= 1, "at least 1"),
            ("weight_decay", 0 <= self.weight_decay < 1, "from 0 to less than 1"),
            ("momentum", 0 <= self.momentum < 1, "from 0 to less than 1"),
            ("validation", 0 <= self.validation < 1, "a fraction, from 0 to less than 1"),
            ("patience", self.patience is None or self.patience >= 1, "at least 1"),
            (
                "patience",
                self.patience is None or self.validation > 0,
                "it needs samples kept aside: --validation 0.2",
            ),
        )

    def _rules(self) -> tuple[Rule, ...]:
        return ()

    @property
    def title(self) -> str:
        """The training in one line."""
        return f"seed {self.seed}, {self.backend}"

    @property
    def on_qpu(self) -> bool:
        """Whether the backend is a quantum computer."""
        return self.backend.startswith("qpu")

    @property
    def checkpoint(self) -> Path | None:
        """The file of the checkpoint, or None."""
        return None if self.name is None else checkpoint_of(self.name)

    @property
    def kept(self) -> dict[str, Any]:
        """The options that a checkpoint keeps, as plain values."""
        values = {name: value for name, value in asdict(self).items() if name not in _FREE}
        return {name: str(v) if isinstance(v, Path) else v for name, v in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions(RunOptions):
    """Two digits, told apart by a circuit that is trained on the device.

    Attributes:
        optimizer: a key of ``PACES``
        steps: optimizer steps; None takes the optimizer's default
        epochs: passes over the training samples, instead of steps
        batch_size: samples per step
        shots: shots per circuit; 0 for exact values, which quantum computers don't have
        wires: of the circuit, one principal component each
        layers: layers of trainable gates
        entanglement: "linear", "circular" or "full"
        classes: the two digits to tell apart
        stepsize: size of a step (SPSA: of the first one); None takes the optimizer's default
        track_gradient: whether the gradient's length is recorded, if the optimizer has one
        max_circuits: circuits per step at most: batches become smaller; None is no limit
        max_gradient: length to which longer gradients are cut; None cuts none
        noise_model: of the emulator or of IonQ's simulator, such as "forte-1"; "none" has no noise
        mitigation: "none", "readout", "zne", "calibrate" or "pec"
    """

    dataset: ClassVar[str] = "digits"
    optimizer: str = "spsa"
    steps: int | None = None
    epochs: int | None = None
    batch_size: int = 16
    shots: int = 500
    wires: int = 4
    layers: int = 3
    entanglement: str = "linear"
    classes: tuple[int, ...] = (0, 1)
    stepsize: float | None = None
    track_gradient: bool = False
    max_circuits: int | None = None
    max_gradient: float | None = None
    noise_model: str = "none"
    mitigation: str = "none"

    def _rules(self) -> tuple[Rule, ...]:
        two = len(self.classes) == len(set(self.classes)) == N_CLASSES
        return (
            ("optimizer", self.optimizer in PACES, f"one of {', '.join(PACES)}"),
            ("steps", self.steps is None or self.steps >= 1, "at least 1"),
            ("epochs", self.epochs is None or self.epochs >= 1, "at least 1"),
            ("epochs", self.epochs is None or self.steps is None, "give these or the steps"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("shots", self.shots >= 0, "0 (exact values) or more"),
            ("shots", self.shots > 0 or not self.on_qpu, "a quantum computer needs at least 1"),
            ("wires", 1 <= self.wires <= N_PIXELS, f"1 to {N_PIXELS}, the pixels of a digit"),
            ("layers", self.layers >= 1, "at least 1"),
            ("entanglement", self.entanglement in ENTANGLEMENTS, "linear, circular or full"),
            ("classes", two, "exactly two different digits"),
            ("classes", set(self.classes) <= set(DIGITS), "digits are 0 to 9"),
            ("stepsize", self.stepsize is None or 0 < self.stepsize < math.inf, "more than 0"),
            ("max_gradient", self.max_gradient is None or self.max_gradient > 0, "more than 0"),
            (
                "max_gradient",
                self.max_gradient is None or self.optimizer in GRADIENT_OPTIMIZERS,
                f"{self.optimizer} has no gradient; use {', '.join(GRADIENT_OPTIMIZERS)}",
            ),
            ("max_circuits", self.max_circuits is None or self.max_circuits >= 1, "at least 1"),
            ("noise_model", self.noise_model in ("none", *NOISE_MODELS), _one_of(NOISE_MODELS)),
            ("noise_model", self.noise_model == "none" or not self.on_qpu, "for simulators alone"),
            (
                "noise_model",
                self.noise_model in ("none", "ideal") or self.shots > 0,
                "noise needs shots: give --shots",
            ),
            ("mitigation", self.mitigation in ("none", *MITIGATIONS), _one_of(MITIGATIONS)),
        )

    @property
    def device(self) -> dict[str, Any]:
        """The options of the device that have to do with errors."""
        given = {"noise_model": self.noise_model, "mitigation": self.mitigation}
        return {name: value for name, value in given.items() if value != "none"}

    @property
    def title(self) -> str:
        """The training in one line."""
        first, second = self.classes
        shots = counted(self.shots, "shot") if self.shots else "exact values"
        errors = "".join(f", {name.replace('_', ' ')} {own}" for name, own in self.device.items())
        return (
            f"digits {first} and {second}: {self.optimizer}, {counted(self.wires, 'wire')}, "
            f"{counted(self.layers, 'layer')}, {shots}, {self.backend}{errors}"
        )

    @property
    def pace(self) -> DefaultSteps:
        """The given number of steps and step size, or the optimizer's defaults."""
        own = PACES[self.optimizer]
        return DefaultSteps(
            steps=own.steps if self.steps is None else self.steps,
            stepsize=own.stepsize if self.stepsize is None else self.stepsize,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierOptions(RunOptions):
    """Ten classes of pictures, trained on a statevector simulator and checked on the device.

    Attributes:
        data: folder with the four IDX files; None takes Debian's, or else scikit-learn's digits
        epochs: passes over the training samples
        batch_size: samples per step
        stepsize: of the optimizer at the start; it falls to 0 along a cosine
        optimizer: one of ``GRADIENT_OPTIMIZERS``
        wires: of the circuit
        layers: of the circuit
        entanglement: "linear", "circular" or "full"
        encoding: "angle" or "amplitude"
        shots: of the check on the device; 0 leaves it out
        noise_model: of the check with noise, on the emulator; "none" leaves it out
        check: test samples that run on the device; None runs all
        check_noise: test samples that run with noise
        few_shot: training samples of each class; None takes all
        encoder: "none"; "frozen", a pretrained classical network before the circuit; "tuned", the
            same network, trained further with the circuit
        start_from: checkpoint of an earlier training, with the initial weights
        freeze: "none", or "circuit": only the head is trained
    """

    dataset: ClassVar[str] = "fashion-mnist"
    data: Path | None = None
    epochs: int = 6
    batch_size: int = 64
    stepsize: float = 0.05
    optimizer: str = "adam"
    wires: int = 8
    layers: int = 16
    entanglement: str = "circular"
    encoding: str = "angle"
    shots: int = 1000
    noise_model: str = "forte-1"
    check: int | None = None
    check_noise: int = 100
    few_shot: int | None = None
    encoder: str = "none"
    start_from: Path | None = None
    freeze: str = "none"
    checkpoint_every: int = 200
    validation: float = 0.05

    def _rules(self) -> tuple[Rule, ...]:
        by_angle = self.encoder == "none" or self.encoding == "angle"
        return (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("stepsize", 0 < self.stepsize < math.inf, "more than 0"),
            (
                "optimizer",
                self.optimizer in GRADIENT_OPTIMIZERS,
                f"one of {', '.join(GRADIENT_OPTIMIZERS)}",
            ),
            ("wires", 1 <= self.wires <= 16, "1 to 16, which a simulator can still hold"),  # noqa: PLR2004
            ("layers", self.layers >= 1, "at least 1"),
            ("entanglement", self.entanglement in ENTANGLEMENTS, "linear, circular or full"),
            ("encoding", self.encoding in ENCODINGS, "angle or amplitude"),
            ("shots", self.shots >= 0, "0 (no check with shots) or more"),
            ("check", self.check is None or self.check >= 0, "0 or more"),
            (
                "check",
                self.check is not None or not self.on_qpu,
                "say how many test samples to pay a quantum computer for: --check 50",
            ),
            ("check_noise", self.check_noise >= 0, "0 or more"),
            ("few_shot", self.few_shot is None or self.few_shot >= 1, "at least 1"),
            ("encoder", self.encoder in ("none", "frozen", "tuned"), "none, frozen or tuned"),
            ("encoder", by_angle, "an encoder makes angles: leave the encoding at angle"),
            ("freeze", self.freeze in ("none", "circuit"), "none or circuit"),
        )

    @property
    def title(self) -> str:
        """The training in one line."""
        return (
            f"ten classes: {counted(self.wires, 'wire')}, {counted(self.layers, 'layer')}, "
            f"{self.entanglement}, {self.encoding} encoding, seed {self.seed}"
        )


def counted(number: int, noun: str) -> str:
    """Return a number and a noun, in the plural if it isn't 1."""
    return f"{number} {noun}{'s' * (number != 1)}"


def _is_file_name(name: str) -> bool:
    """Return whether a name can be a file's: no path, not dots or spaces alone, not too long."""
    try:
        size = len(os.fsencode(name))
    except UnicodeEncodeError:
        return False
    plain = name.isprintable() and bool(name.strip(" ."))
    return plain and Path(name).name == name and size <= _LONGEST_NAME


def checkpoint_of(run: str) -> Path:
    """Return the file of a named run's checkpoint, in the current folder."""
    return Path(f"{run}.checkpoint.npz")


def entangled_wires(wires: int, entanglement: str) -> list[tuple[int, int]]:
    """List the controls and targets of one layer's CNOTs.

    Args:
        wires: number of wires
        entanglement: "linear" joins neighbours, "circular" the last wire with the first as well,
            "full" every pair

    Returns:
        (control, target) of each CNOT, in order
    """
    if entanglement == "full":
        return [(first, second) for first in range(wires) for second in range(first + 1, wires)]
    pairs = list(pairwise(range(wires)))
    if entanglement == "circular" and wires > 2:  # noqa: PLR2004  on two wires a ring is a line
        pairs.append((wires - 1, 0))
    return pairs
