"""What a user may set, checked before anything is loaded or sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pennylane_qstore.errors import OptionError

N_PIXELS = 64  # scikit-learn's digits are 8x8
DIGITS = range(10)
N_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """How many steps an optimizer takes when nothing else is asked for, and how long ones."""

    steps: int
    stepsize: float


# Found by experiment on digits 0 and 1, with seeds 1 to 21.
PACES: Mapping[str, Pace] = MappingProxyType(
    {"spsa": Pace(100, 0.4), "qnspsa": Pace(100, 0.2), "adam": Pace(20, 0.2)}
)


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """One training run.

    Attributes:
        optimizer: "spsa", "qnspsa" or "adam"
        steps: optimizer steps; None takes the optimizer's own pace
        batch_size: samples a step
        shots: shots a circuit; 0 asks for exact values, which quantum computers don't have
        wires: wires of the circuit, one principal component each
        layers: layers of trainable gates
        classes: the two digits to tell apart
        seed: of everything that is drawn
        stepsize: length of a step (SPSA: of the first one); None takes the optimizer's own pace
        backend: "emulator", "simulator" or "qpu.…"
        plot: where the picture goes
    """

    optimizer: str = "spsa"
    steps: int | None = None
    batch_size: int = 16
    shots: int = 500
    wires: int = 4
    layers: int = 3
    classes: tuple[int, ...] = (0, 1)
    seed: int = 1
    stepsize: float | None = None
    backend: str = "emulator"
    plot: Path = Path("qstore-train.png")

    def __post_init__(self) -> None:
        """Refuse what can't be, by name.

        Raises:
            OptionError: for the first such setting
        """
        for option, possible, expected in self._rules():
            if not possible:
                raise OptionError(option, getattr(self, option), expected)

    def _rules(self) -> tuple[tuple[str, bool, str], ...]:
        two = len(self.classes) == len(set(self.classes)) == N_CLASSES
        return (
            ("optimizer", self.optimizer in PACES, f"one of {', '.join(PACES)}"),
            ("steps", self.steps is None or self.steps >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("shots", self.shots >= 0, "0 (exact values) or more"),
            ("shots", self.shots > 0 or not self.on_qpu, "a quantum computer needs at least 1"),
            ("wires", 1 <= self.wires <= N_PIXELS, f"1 to {N_PIXELS}, the pixels of a digit"),
            ("layers", self.layers >= 1, "at least 1"),
            ("classes", two, "exactly two different digits"),
            ("classes", set(self.classes) <= set(DIGITS), "digits are 0 to 9"),
            ("seed", self.seed >= 0, "0 or more"),
            ("stepsize", self.stepsize is None or self.stepsize > 0, "more than 0"),
            ("plot", self.plot.absolute().parent.is_dir(), "its folder doesn't exist"),
        )

    @property
    def on_qpu(self) -> bool:
        """Whether the backend is a quantum computer."""
        return self.backend.startswith("qpu")

    @property
    def pace(self) -> Pace:
        """The steps and the step size given, or else the optimizer's own."""
        own = PACES[self.optimizer]
        return Pace(
            steps=own.steps if self.steps is None else self.steps,
            stepsize=own.stepsize if self.stepsize is None else self.stepsize,
        )
