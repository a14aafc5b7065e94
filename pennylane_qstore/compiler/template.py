"""A structure compiled once, and any number of angle sets bound to it as one array operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pennylane.operation import Operator

from pennylane_qstore.compiler.lift import Lifted
from pennylane_qstore.compiler.native import compile_native, folds
from pennylane_qstore.compiler.numbers import Column
from pennylane_qstore.compiler.qis import compile_qis
from pennylane_qstore.errors import CompileError
from pennylane_qstore.program import Programs

# Circuits whose entanglers fold alike get programs of their own, up to so many kinds in a batch;
# beyond that one structure serves all, with a few more pulses.
_MOST_FOLDS = 16


class Bound(NamedTuple):
    """Some circuits of a batch, as programs.

    Attributes:
        rows: which circuits, as indices into the batch
        programs: theirs, in that order
    """

    rows: NDArray[np.int64]
    programs: Programs


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One circuit of a structure, ready for angles.

    Attributes:
        lifted: its gates, and where their angles come from
        qubit_of: the qubit of each wire
    """

    lifted: Lifted
    qubit_of: Mapping[Any, int]
    _indices: NDArray[np.int64] = field(init=False, repr=False)
    _slopes: NDArray[np.float64] = field(init=False, repr=False)
    _consts: NDArray[np.float64] = field(init=False, repr=False)

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
        groups = _alike(operations, self._columns(checked), len(checked))
        return [
            Bound(
                rows,
                compile_native(
                    operations, self._columns(checked[rows]), qubit_of, len(rows), gates
                ),
            )
            for rows in groups
        ]

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
        if params.dtype == object:
            raise CompileError(f"an angle is no number: {params}")
        self._refuse(~np.isfinite(params), params, "not finite")
        return params.astype(np.float64, copy=False)

    def _refuse(self, wrong: NDArray[np.bool_], params: NDArray[Any], what: str) -> None:
        if wrong.any():
            row, index = np.argwhere(wrong)[0]
            place, name = self.lifted.origins[index]
            value = params[row, index]
            raise CompileError(f"operation {place}, {name}, has an angle that is {what}: {value}")


def _alike(
    operations: Sequence[Operator], columns: Sequence[Sequence[Column]], batch: int
) -> list[NDArray[np.int64]]:
    """Rows of a batch in groups whose entanglers fold alike."""
    found = [folds(op, own) for op, own in zip(operations, columns, strict=True)]
    varying = [fold for fold in found if fold is not None and fold.ndim]
    everything = [np.arange(batch)]
    if not varying:
        return everything
    kinds, kind_of = np.unique(np.stack(varying, axis=1), axis=0, return_inverse=True)
    if len(kinds) > _MOST_FOLDS:
        return everything
    return [np.flatnonzero(kind_of.reshape(-1) == kind) for kind in range(len(kinds))]
