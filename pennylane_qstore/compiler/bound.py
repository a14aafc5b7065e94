"""A template and its angles as one PennyLane operation, which a tape carries to the device."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.resource import Resources, ResourcesOperation

from pennylane_qstore import ops
from pennylane_qstore.compiler.template import Template
from pennylane_qstore.program import Programs

_NATIVE: dict[str, Any] = {"gpi": ops.GPI, "gpi2": ops.GPI2, "ms": ops.MS, "zz": ops.ZZ}


class BoundTemplate(ResourcesOperation):
    """A whole circuit: a structure that was compiled before, and the angles of this tape.

    Its decomposition and its resources are the native gates that are sent.

    Args:
        params: the angles, shape (n_params,) or (batch, n_params)
        template: the structure
        gates: tells what is compiled to: "ms", "zz" or "qis"
    """

    num_params = 1
    ndim_params = (1,)
    grad_method = None

    def __init__(self, params: NDArray[Any], template: Template, gates: Callable[[], str]) -> None:
        super().__init__(params, wires=list(template.qubit_of))
        self.hyperparameters["template"] = template
        self.hyperparameters["gates"] = gates

    @property
    def template(self) -> Template:
        """The structure."""
        return self.hyperparameters["template"]

    @property
    def params(self) -> NDArray[Any]:
        """The angles, shape (batch, n_params); a batch of one where there is none."""
        return np.atleast_2d(np.asarray(self.data[0]))

    @property
    def hash(self) -> int:
        """By the structure and the exact angles; PennyLane's own rounds and cuts short."""
        return hash((id(self.template), self.params.shape, self.params.tobytes()))

    def decomposition(self) -> list[Operator]:
        """The native gates that are sent, for the first circuit of the batch."""
        programs = self._programs()
        wires = list(self.wires)
        numbers = iter(programs.numbers[0].tolist())
        gates = []
        for name, qubits in programs.gates:
            gate = _NATIVE[name]
            own = [next(numbers) for _ in range(gate.num_params)]
            gates.append(gate(*own, wires=[wires[qubit] for qubit in qubits]))
        return gates

    @property
    def has_decomposition(self) -> bool:
        """It always has one."""
        return True

    def resources(self) -> Resources:
        """The native gates of one circuit, and how many follow one another."""
        gates = self._programs().gates
        names = [_NATIVE[name].__name__ for name, _ in gates]
        sizes = [len(qubits) for _, qubits in gates]
        return Resources(
            num_wires=len(self.wires),
            num_gates=len(gates),
            gate_types={name: names.count(name) for name in names},
            gate_sizes={size: sizes.count(size) for size in sizes},
            depth=_depth([qubits for _, qubits in gates], len(self.wires)),
        )

    def label(
        self,
        decimals: int | None = None,
        base_label: str | None = None,
        cache: dict[str, Any] | None = None,
    ) -> str:
        """How it is drawn: its numbers of one- and two-qubit gates."""
        del decimals, cache
        counts = self._programs().gate_counts()
        return base_label or f"native {counts['1q']}+{counts['2q']}"

    def _programs(self) -> Programs:
        return self.template.bind(self.params[:1], self.hyperparameters["gates"]())[0].programs


def _depth(gates: Sequence[Sequence[int]], qubits: int) -> int:
    busy = [0] * max(1, qubits)
    for targets in gates:
        end = 1 + max(busy[qubit] for qubit in targets)
        for qubit in targets:
            busy[qubit] = end
    return max(busy)
