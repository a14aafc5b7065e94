"""A batch of tapes planned, run with its calibration circuits, and read out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pennylane.tape import QuantumScript

from pennylane_qstore.compiler import Target
from pennylane_qstore.compiler.tapes.directive import Directive
from pennylane_qstore.compiler.tapes.measurements import qubits_of
from pennylane_qstore.errors import CompileError
from pennylane_qstore.mitigation.estimation import Needed, all_words, needed, result
from pennylane_qstore.mitigation.reading import Report, mitigated
from pennylane_qstore.mitigation.settings import Mitigation
from pennylane_qstore.mitigation.work import (
    CalibrationStore,
    GateRates,
    MitigatedWork,
    MitigationPlan,
    copies,
)
from pennylane_qstore.programs.outcomes import Outcomes

Values = Callable[..., Any]
Plain = Callable[[QuantumScript, Sequence[Outcomes]], Any]


def settings_of(tape: QuantumScript, option: Mitigation | None) -> Mitigation | None:
    """Return what is done to a device-level tape: what its directive says, else the option."""
    for op in tape.operations[:1]:
        directive = op if isinstance(op, Directive) else getattr(op, "directive", None)
        if directive is not None and directive.mitigation is not None:
            asked = directive.mitigation
            return None if asked == Mitigation() else asked
    return option


class MitigatedBatch:
    """Tapes, and what is done to each.

    Attributes:
        work: to be run
    """

    def __init__(
        self,
        tapes: Sequence[QuantumScript],
        wires: Any,
        *,
        settings: Sequence[Mitigation | None],
        store: CalibrationStore,
        target: Target,
        rates: GateRates | None,
        values: Values,
    ) -> None:
        """MitigationPlan a batch.

        Args:
            tapes: from the device's preprocessing
            wires: of the device, or None
            settings: what is done to each tape, or None
            store: what was calibrated before
            target: that calibrations are kept for
            rates: of the backend's gates, where they are known
            values: gives the eigenvalue of each outcome: (measurement, outcomes, qubit_of)

        Raises:
            CompileError: a measurement or a number of shots that can't be mitigated
        """
        self._store, self._target = store, target
        self._needs: list[list[Needed]] = []
        plans = []
        for tape, own in zip(tapes, settings, strict=True):
            if own is None:
                self._needs.append([])
                plans.append(MitigationPlan(None, (1.0,), tape.shots.total_shots, ()))
                continue
            qubit_of = qubits_of(tape.wires, wires)
            needs = [needed(each, qubit_of, values) for each in tape.measurements]
            self._needs.append(needs)
            plans.append(_plan(tape, own, tuple(all_words(needs))))
        self.work = MitigatedWork(
            tapes, wires, plans=plans, store=store, target=target, rates=rates
        )

    def shots(self, index: int) -> int | None:
        """Return the shots of a circuit, by its index in the work."""
        return self.work.plans[self.work.variants[index].tape].shots

    def redrawn(self, found: Mapping[int, Outcomes], plain: Plain, seed: int) -> tuple[Any, ...]:
        """Return the results of outcomes that are drawn from the measured ones.

        Args:
            found: as ``results`` takes them
            plain: likewise
            seed: of the draw
        """
        rng = np.random.default_rng(seed)
        drawn = {}
        for index, outcomes in found.items():
            shots = self.shots(index)
            drawn[index] = outcomes
            if shots is not None:
                again = outcomes.redrawn(shots, rng)
                drawn[index] = Outcomes(again.states, np.rint(again.weights * shots).astype(int))
        values, _ = mitigated(self.work, drawn, self._store.redrawn(rng), self._target)
        return self._put_together(values, drawn, plain)

    def results(
        self, found: Mapping[int, Outcomes], plain: Plain
    ) -> tuple[tuple[Any, ...], Report]:
        """Turn the circuits' outcomes into the tapes' results.

        Args:
            found: of every index of the work: counts, or exact probabilities
            plain: reads out a tape that isn't mitigated, from the outcomes of its rows

        Returns:
            results as PennyLane nests them, and what was done
        """
        values, report = mitigated(self.work, found, self._store, self._target)
        return self._put_together(values, found, plain), report

    def _put_together(
        self,
        values: Sequence[Sequence[Mapping[int, float]]],
        found: Mapping[int, Outcomes],
        plain: Plain,
    ) -> tuple[Any, ...]:
        results = []
        for place, tape in enumerate(self.work.tapes):
            if self.work.plans[place].settings is None:
                rows = [
                    self.work.on_tape(self.work.variants_of(place, row)[0], found)
                    for row in range(tape.batch_size or 1)
                ]
                results.append(plain(tape, rows))
            else:
                results.append(_result(tape, self._needs[place], values[place]))
        return tuple(results)


def _plan(tape: QuantumScript, settings: Mitigation, words: tuple[int, ...]) -> MitigationPlan:
    if tape.shots.has_partitioned_shots:
        raise CompileError(
            f"a vector of shots ({tape.shots}) can't be mitigated: give one number of shots"
        )
    scales: tuple[float, ...] = (1.0,)
    if settings.zne is not None:
        own = settings.zne.scales
        counts = copies(own, settings.zne)
        scales = tuple(s for s, count in zip(own, counts, strict=True) for _ in range(count))
    elif settings.pec is not None:
        scales = (1.0,) * settings.pec.samples
    total = tape.shots.total_shots
    if total is not None and total < len(scales):
        raise CompileError(
            f"{total} shots can't be shared out over the {len(scales)} circuits that mitigation "
            "needs for each circuit: use more shots"
        )
    return MitigationPlan(settings, scales, None if total is None else total // len(scales), words)


def _result(
    tape: QuantumScript, needs: Sequence[Needed], rows: Sequence[Mapping[int, float]]
) -> Any:
    values = [tuple(result(need, means) for need in needs) for means in rows]
    if tape.batch_size is None:
        (own,) = values
    else:
        own = tuple(np.stack(column) for column in zip(*values, strict=True))
    return own[0] if len(own) == 1 else own
