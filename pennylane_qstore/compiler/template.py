"""A structure compiled once, and any number of angle sets bound to it as one array operation."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler.lift import Lifted
from pennylane_qstore.compiler.lower import lower
from pennylane_qstore.compiler.numbers import Column
from pennylane_qstore.compiler.optimise import Optimised
from pennylane_qstore.compiler.pulses import Bound
from pennylane_qstore.compiler.qis import compile_qis
from pennylane_qstore.errors import CompileError


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One circuit of a structure, ready for angles.

    Attributes:
        lifted: its gates, and where their angles come from
        qubit_of: the qubit of each wire
        number: its own, never used again
    """

    lifted: Lifted
    qubit_of: Mapping[Any, int]
    number: int = field(init=False, default_factory=itertools.count().__next__)
    _indices: NDArray[np.int64] = field(init=False, repr=False)
    _slopes: NDArray[np.float64] = field(init=False, repr=False)
    _consts: NDArray[np.float64] = field(init=False, repr=False)
    _best: dict[str, Optimised] = field(init=False, repr=False, default_factory=dict)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        open_ = [source for own in self.lifted.sources for source in own if source.index >= 0]
        fields = {
            "_indices": np.array([source.index for source in open_], dtype=int),
            "_slopes": np.array([source.slope for source in open_]),
            "_consts": np.array([source.const for source in open_]),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def bind(self, params: NDArray[Any], gates: str) -> list[Bound]:
        """Angle sets to programs.

        Args:
            params: shape (batch, n_params)
            gates: "ms" or "zz", the native entangler that the backend has, or "qis"

        Returns:
            the programs of all circuits, in a few groups of one structure each

        Raises:
            CompileError: an angle that is no finite real number; names its operation
        """
        checked = self._checked(params)
        operations, qubit_of = self.lifted.operations, self.qubit_of
        if gates == "qis":
            programs = compile_qis(operations, self._columns(checked), qubit_of, len(checked))
            return [Bound(np.arange(len(checked)), programs)]
        return self._optimised(gates).bind(checked)

    def _optimised(self, entangler: str) -> Optimised:
        """The shortest circuit for an entangler, made when it is first asked for."""
        with self._lock:
            if entangler not in self._best:
                elements = lower(self.lifted, self.qubit_of)
                self._best[entangler] = Optimised(elements, len(self.qubit_of), entangler)
            return self._best[entangler]

    def _columns(self, params: NDArray[np.float64]) -> list[list[Column]]:
        """Each operation's parameters, of shape () or (batch,)."""
        values = iter((params[:, self._indices] * self._slopes + self._consts).T)
        return [
            [next(values) if source.index >= 0 else np.array(source.const) for source in own]
            for own in self.lifted.sources
        ]

    def _checked(self, params: NDArray[Any]) -> NDArray[np.float64]:
        if np.iscomplexobj(params):
            self._refuse(np.imag(params) != 0, params, "complex")
            params = np.real(params)
        if params.dtype.kind not in "fiub":
            raise CompileError(f"an angle is no number: {params}")
        self._refuse(~np.isfinite(params), params, "not finite")
        return params.astype(np.float64, copy=False)

    def _refuse(self, wrong: NDArray[np.bool_], params: NDArray[Any], what: str) -> None:
        if wrong.any():
            row, index = np.argwhere(wrong)[0]
            place, name = self.lifted.origins[index]
            value = params[row, index]
            raise CompileError(f"operation {place}, {name}, has an angle that is {what}: {value}")
