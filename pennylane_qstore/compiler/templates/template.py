"""A structure compiled once; any number of angle sets are bound to it as one array operation."""

import functools
import itertools
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pennylane.operation import Operator
from pennylane.wires import Wires

from pennylane_qstore.compiler.circuit.columns import Column
from pennylane_qstore.compiler.circuit.elements import AnyElement
from pennylane_qstore.compiler.operators.decompositions import on_pairs
from pennylane_qstore.compiler.optimiser.optimise import Bound, Candidate, Optimised
from pennylane_qstore.compiler.pulses.literal import compile_native
from pennylane_qstore.compiler.pulses.qis import compile_qis
from pennylane_qstore.compiler.templates.lower import lower
from pennylane_qstore.compiler.templates.parameters import Lifted
from pennylane_qstore.compiler.templates.saved import SearchKey
from pennylane_qstore.compiler.templates.special_angles import ByAngles
from pennylane_qstore.compiler.templates.target import Target
from pennylane_qstore.errors import CompileError
from pennylane_qstore.programs.folding import fold_as_asked
from pennylane_qstore.programs.program import Programs


def _is_no_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return True
    return False


# Of gates that are the same, up to a global phase, after a whole turn.
_PERIODS = {
    **dict.fromkeys(("RX", "RY", "RZ", "PhaseShift", "U1", "Rot"), 2 * np.pi),
    **dict.fromkeys(("GPI", "GPI2"), 1.0),
}
_NO_NUMBERS = np.vectorize(_is_no_number, otypes=[bool])


class _Best(NamedTuple):
    """The shortest circuits, and the seconds that it took to find the first one."""

    circuits: Optimised | ByAngles
    seconds: float


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Template:
    """One circuit of a structure, ready for angles.

    Attributes:
        lifted: its gates, and where their angles come from
        qubit_of: the qubit of each wire
        saved_search: gives the circuit that a loaded file has for a search, or None
        number: its own, never used again
        wires: in the order of their qubits
    """

    lifted: Lifted
    qubit_of: Mapping[Any, int]
    saved_search: Callable[[SearchKey], Candidate | None] = field(
        repr=False, default=lambda _: None
    )
    number: int = field(init=False, default_factory=itertools.count().__next__)
    wires: Wires = field(init=False, repr=False)
    _indices: NDArray[np.int64] = field(init=False, repr=False)
    _slopes: NDArray[np.float64] = field(init=False, repr=False)
    _consts: NDArray[np.float64] = field(init=False, repr=False)
    _periods: NDArray[np.float64] = field(init=False, repr=False)
    _best: dict[Target, _Best] = field(init=False, repr=False, default_factory=dict)
    _unverified: list[Target] = field(init=False, repr=False, default_factory=list)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        open_ = [source for own in self.lifted.sources for source in own if source.index >= 0]
        fields: dict[str, Any] = {
            "wires": Wires(list(self.qubit_of)),
            "_indices": np.array([source.index for source in open_], dtype=int),
            "_slopes": np.array([source.slope for source in open_]),
            "_consts": np.array([source.const for source in open_]),
            "_periods": np.array([_PERIODS.get(name, 0.0) for _, name in self.lifted.origins]),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        _alive[self.number] = self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Template":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickles: this process finds the template again, another compiles it."""
        return _restored, (_PROCESS, self.number, self.lifted, dict(self.qubit_of))

    def bind(self, params: NDArray[Any], target: Target, scale: float = 1.0) -> list[Bound]:
        """Bind angle sets to programs.

        Args:
            params: shape (batch, n_params)
            target: what is compiled to
            scale: of the noise: the programs are folded to have as much more

        Returns:
            the programs of all circuits, in a few groups of one structure each

        Raises:
            CompileError: an angle that is no finite real number, with its operation's name; a
                scale that programs can't have
        """
        checked = self._checked(params)
        if target.gates != "qis" and target.optimization != "none":
            bound = self._optimised(target).bind(checked)
        else:
            own = range(max(1, len(self.qubit_of)))
            bound = [Bound(np.arange(len(checked)), self._literal(checked, target), own, own)]
        if scale == 1:
            return bound
        return [each._replace(programs=fold_as_asked(each.programs, scale)) for each in bound]

    @property
    def periods(self) -> NDArray[np.float64]:
        """The period of each angle, after which its gate is the same; 0 where that isn't known."""
        return self._periods

    @property
    def measured(self) -> frozenset[int]:
        """The qubits whose outcomes the measurements ask for."""
        wires = [m.wires or self.qubit_of for m in self.lifted.measurements]
        return frozenset(self.qubit_of[wire] for own in wires for wire in own)

    def _literal(self, params: NDArray[np.float64], target: Target) -> Programs:
        """Return the programs of angle sets, translated gate by gate."""
        operations: list[Operator] = []
        columns: list[list[Column]] = []
        for op, own in zip(self.lifted.operations, self.columns(params), strict=True):
            gates = on_pairs(op)
            operations += gates
            columns += [own] if len(gates) == 1 else [[np.array(v) for v in g.data] for g in gates]
        if target.gates == "qis":
            return compile_qis(operations, columns, self.qubit_of, len(params))
        return compile_native(operations, columns, self.qubit_of, len(params), target.gates)

    def _optimised(self, target: Target) -> Optimised | ByAngles:
        """Return the shortest circuits for a target, searched for at the first use."""
        with self._lock:
            if target not in self._best:
                started = time.perf_counter()
                elements = lower(self.lifted, self.qubit_of)
                make = functools.partial(self._searched, target)
                looks = target.optimization == "full"
                found = ByAngles(elements, make) if looks else make(elements)
                self._best[target] = _Best(found, time.perf_counter() - started)
            return self._best[target].circuits

    def take_unverified(self, target: Target) -> bool:
        """Return whether circuits for a target came from a file since this was last called."""
        with self._lock:
            found = target in self._unverified
            self._unverified[:] = [other for other in self._unverified if other != target]
        return found

    def distrust(self, target: Target) -> None:
        """Have the circuits for a target verified again, after they were found to be wrong."""
        self._unverified.append(target)

    def _searched(self, target: Target, elements: Sequence[AnyElement]) -> Optimised:
        search = self._search(target, elements)
        earlier = self.saved_search(search)
        if earlier is not None:
            self._unverified.append(target)
        return Optimised(*search, earlier=earlier)

    def _search(self, target: Target, elements: Sequence[AnyElement]) -> SearchKey:
        qubits = len(self.qubit_of)
        outcomes = frozenset(range(qubits)) if target.every_qubit else self.measured
        return SearchKey(
            elements, qubits, target.gates, outcomes if target.measurement_aware else None
        )

    @property
    def searched(self) -> float:
        """Seconds that the search for the shortest circuit took; the longest of several targets."""
        return max((best.seconds for best in self._best.copy().values()), default=0.0)

    def searches(self) -> Iterator[tuple[SearchKey, Candidate]]:
        """Yield what was searched for so far, and what was found."""
        for target, (circuits, _) in self._best.copy().items():
            if isinstance(circuits, ByAngles):
                made = circuits.made()
            else:
                made = [(lower(self.lifted, self.qubit_of), circuits)]
            for elements, best in made:
                yield self._search(target, elements), best.candidate

    def columns(self, params: NDArray[np.float64]) -> list[list[Column]]:
        """Return each operation's parameters, of shape () or (batch,)."""
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
            self._refuse(_NO_NUMBERS(params), params, "no number")
            raise CompileError(f"angles are not numbers, but {params.dtype}: {params}")
        self._refuse(~np.isfinite(params), params, "not finite")
        return params.astype(np.float64, copy=False)

    def _refuse(self, wrong: NDArray[np.bool_], params: NDArray[Any], what: str) -> None:
        if wrong.any():
            row, index = np.argwhere(wrong)[0]
            place, name = self.lifted.origins[index]
            value = params[row, index]
            raise CompileError(f"operation {place}, {name}, has an angle that is {what}: {value}")


_PROCESS = uuid.uuid4().hex
_alive: weakref.WeakValueDictionary[int, Template] = weakref.WeakValueDictionary()


def _restored(process: str, number: int, lifted: Lifted, qubit_of: Mapping[Any, int]) -> Template:
    """Return a pickled template: the same one where it is alive in this process."""
    alive = _alive.get(number) if process == _PROCESS else None
    return Template(lifted, qubit_of) if alive is None else alive
