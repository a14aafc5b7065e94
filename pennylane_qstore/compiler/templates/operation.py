"""A template and its angles as one PennyLane operation, which a tape carries to the device."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pennylane_qstore import ops
from pennylane_qstore.compiler.circuit import tolerances
from pennylane_qstore.compiler.optimiser.optimise import Bound
from pennylane_qstore.compiler.tapes.directive import Directive
from pennylane_qstore.compiler.templates.target import Target
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.pennylane_private import DATA, HYPERPARAMETERS, CountedOperation, GateCounts
from pennylane_qstore.programs.program import Programs
from pennylane_qstore.tensors import to_numpy

_NATIVE: dict[str, Any] = {"gpi": ops.GPI, "gpi2": ops.GPI2, "ms": ops.MS, "zz": ops.ZZ}
_QIS: dict[str, Any] = {
    "x": qml.X,
    "y": qml.Y,
    "z": qml.Z,
    "h": qml.Hadamard,
    "s": qml.S,
    "si": lambda wires: qml.adjoint(qml.S(wires)),
    "t": qml.T,
    "ti": lambda wires: qml.adjoint(qml.T(wires)),
    "v": qml.SX,
    "vi": lambda wires: qml.adjoint(qml.SX(wires)),
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "cnot": qml.CNOT,
    "cz": qml.CZ,
    "swap": qml.SWAP,
    "xx": qml.IsingXX,
    "yy": qml.IsingYY,
    "zz": qml.IsingZZ,
}
_NUMBERS = {"gpi": 1, "gpi2": 1, "ms": 3, "zz": 1, "rx": 1, "ry": 1, "rz": 1, "xx": 1, "yy": 1}


class FixedTarget(NamedTuple):
    """Returns the same target at every call.

    Attributes:
        target: what tapes are compiled to
    """

    target: Target

    def __call__(self) -> Target:
        """Return the target."""
        return self.target


class BoundTemplate(CountedOperation):
    """A whole circuit: a structure that was compiled before, and the angles of this tape.

    Its decomposition and its resources are the gates that are sent.

    Args:
        params: the angles, shape (n_params,) or (batch, n_params)
        template: the structure
        target: tells what is compiled to
    """

    num_params = 1
    ndim_params = (1,)
    grad_method = None
    directive: Directive | None = None  # how the tape is to be run
    is_differentiated = False  # whether its angles are those of a derivative by autograd

    def __init__(
        self, params: NDArray[Any], template: Template, target: Callable[[], Target]
    ) -> None:
        super().__init__(params, wires=template.wires)
        self.hyperparameters.update(template=template, target=target)

    def of(
        self,
        params: NDArray[Any],
        target: Callable[[], Target],
        directive: Directive | None = None,
    ) -> "BoundTemplate":
        """Return the same structure at other angles.

        PennyLane's own way to make an operation takes longer than all else that is done with one.
        This copies one whose angles nobody has looked at, so that nothing is known of them.

        Args:
            params: the angles, shape (n_params,) or (batch, n_params)
            target: tells what is compiled to
            directive: how the tape is to be run, or None

        Returns:
            an operation that shares the template
        """
        other = object.__new__(type(self))
        own = other.__dict__
        own.update(self.__dict__)
        own[DATA] = (params,)
        own[HYPERPARAMETERS] = {"template": self.template, "target": target}
        if directive is not None:
            own["directive"] = directive
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> "BoundTemplate":
        target = self.hyperparameters["target"]
        return self.of(copy.deepcopy(self.data[0], memo), target, self.directive)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickles: the angles, the structure, and what it is compiled to now."""
        fixed = FixedTarget(self.hyperparameters["target"]())
        return _of_parts, (self.data[0], self.template, fixed, self.directive)

    def _flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return the angles as a pytree's data, and all else as its structure."""
        return self.data, (self.template, self.hyperparameters["target"], self.directive)

    @classmethod
    def _unflatten(cls, data: tuple[Any, ...], metadata: tuple[Any, ...]) -> "BoundTemplate":
        return _of_parts(data[0], *metadata)

    @property
    def template(self) -> Template:
        """The structure."""
        return self.__dict__[HYPERPARAMETERS]["template"]

    @property
    def params(self) -> NDArray[Any]:
        """The angles, shape (batch, n_params); a batch of one where there is none."""
        params = self.data[0]
        if type(params) is not np.ndarray:
            params = to_numpy(params)
        return params if params.ndim > 1 else params[None]

    @property
    def batch_size(self) -> int | None:
        """The number of circuits, or None; PennyLane's own compares values to find it."""
        shape = np.shape(self.data[0])
        return shape[0] if len(shape) > 1 else None

    @property
    def hash(self) -> int:
        """By the structure, and the angles up to 1e-12 of a turn; PennyLane's own rounds more."""
        return hash(self)

    def __hash__(self) -> int:
        directive = self.directive and (self.directive.scale, self.directive.mitigation)
        return hash((self.template.number, self.params.shape, self._rounded().tobytes(), directive))

    def _rounded(self) -> NDArray[np.float64]:
        """Return the angles in 1e-12 of a turn, modulo a turn where that is the same gate."""
        periods = self.template.periods
        part = tolerances.PART_OF_A_TURN
        parts = np.rint(self.params.astype(float) / np.where(periods, periods, 2 * np.pi) / part)
        turn = 1 / part
        return np.where(periods, parts - turn * np.floor(parts / turn), parts) + 0.0

    def decomposition(self) -> list[Operator]:
        """Return the gates that are sent, for the first circuit of the batch."""
        bound = self._bound()
        return operations(bound.programs, [self.wires[qubit] for qubit in bound.qubits])

    @property
    def has_decomposition(self) -> bool:
        """It always has one."""
        return True

    def resources(self) -> Any:
        """Return the gates of one circuit, and its depth."""
        programs = self._bound().programs
        gates = programs.gates
        names = [op.name for op in self.decomposition()]
        sizes = [len(qubits) for _, qubits in gates]
        return GateCounts(
            num_wires=len(self.wires),
            num_gates=len(gates),
            gate_types={name: names.count(name) for name in names},
            gate_sizes={size: sizes.count(size) for size in sizes},
            depth=programs.depth(),
        )

    def label(
        self,
        decimals: int | None = None,
        base_label: str | None = None,
        cache: dict[str, Any] | None = None,
    ) -> str:
        """Return how it is drawn: its numbers of one- and two-qubit gates."""
        del decimals, cache
        programs = self._bound().programs
        counts = programs.gate_counts()
        return base_label or f"{programs.gateset} {counts['1q']}+{counts['2q']}"

    @property
    def scale(self) -> float:
        """How often as much noise as there is the program gets."""
        return 1.0 if self.directive is None else self.directive.scale

    def bind(self) -> list[Bound]:
        """Return the programs that are sent."""
        return self.template.bind(self.params, self.hyperparameters["target"](), self.scale)

    def _bound(self) -> Bound:
        return self.template.bind(self.params[:1], self.hyperparameters["target"](), self.scale)[0]


def _of_parts(
    params: Any, template: Template, target: Callable[[], Target], directive: Directive | None
) -> BoundTemplate:
    """Return an operation from what one was taken apart into."""
    made = BoundTemplate(params, template, target)
    made.directive = directive
    return made


@bind_new_parameters.register
def _(op: BoundTemplate, params: Sequence[Any]) -> BoundTemplate:
    return op.of(params[0], op.hyperparameters["target"], op.directive)


def operations(programs: Programs, wires: Sequence[Any]) -> list[Operator]:
    """Convert the first of some programs to PennyLane's operations.

    Args:
        programs: of one structure
        wires: of their qubits

    Returns:
        the gates, in order
    """
    make = _NATIVE if programs.gateset == "native" else _QIS
    numbers = iter(programs.numbers[0].tolist())
    return [
        make[name](
            *[next(numbers) for _ in range(_NUMBERS.get(name, 0))],
            wires=[wires[qubit] for qubit in qubits],
        )
        for name, qubits in programs.gates
    ]
