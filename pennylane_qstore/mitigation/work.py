"""A mitigated batch as work: each circuit in its variants, and the circuits that calibrate them."""

import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pennylane.tape import QuantumScript

from pennylane_qstore.cloud.backend import Fidelities
from pennylane_qstore.compiler import Target, compile_batch
from pennylane_qstore.compiler.batch import template_of
from pennylane_qstore.compiler.templates.template import Template
from pennylane_qstore.emulator.simulation.noise import MODELS
from pennylane_qstore.errors import CompileError
from pennylane_qstore.fleet.member import Member
from pennylane_qstore.fleet.work import Group, Ran, Work
from pennylane_qstore.mitigation import calibration, extrapolation, readout_error
from pennylane_qstore.mitigation.cancellation import sampled
from pennylane_qstore.mitigation.readout_error import ReadoutRates
from pennylane_qstore.mitigation.settings import PEC, ZNE, Mitigation
from pennylane_qstore.programs.folding import fold_programs
from pennylane_qstore.programs.outcomes import BitMap, Outcomes
from pennylane_qstore.programs.program import Programs

Reals = NDArray[np.float64]
MOST_COPIES = 9  # of a circuit, all scales together, that share its shots
_SEED = 2026


class VariantPlace(NamedTuple):
    """Where a circuit of a mitigated batch comes from.

    Attributes:
        tape: of the batch; of a calibration circuit, the first that it serves
        row: of the tape's broadcast axis; of a calibration circuit, -1, -2 and so on
        variant: which of the row's circuits; -1 for readout, -2 for a structure's calibration
    """

    tape: int
    row: int
    variant: int


READOUT, STRUCTURE = -1, -2


class GateRates(NamedTuple):
    """Depolarising rates of a backend's gates.

    Attributes:
        one: of a gate on one qubit
        two: of a gate on two
    """

    one: float
    two: float

    @classmethod
    def of_model(cls, model: str) -> "GateRates | None":
        """Return the rates that IonQ publishes for a noise model, or None."""
        rates = MODELS[model].rates if model in MODELS else None
        return None if rates is None else cls(rates.one, rates.two)

    @classmethod
    def of_fidelities(cls, fidelities: Fidelities) -> "GateRates":
        """Return the rates of a characterized QPU: 1 - fidelity, as IonQ's noise models have it."""
        return cls(1 - fidelities.one_qubit, 1 - fidelities.two_qubit)


class MitigationPlan(NamedTuple):
    """The noise scales, shots and Pauli words of a tape's mitigation.

    Attributes:
        settings: what is done
        scales: of the noise that is asked for, one a variant
        shots: of each variant, or None
        words: the Z strings that are needed of it
    """

    settings: Mitigation | None
    scales: tuple[float, ...]
    shots: int | None
    words: tuple[int, ...]


class StructureFactors(NamedTuple):
    """The factors that a structure's calibration measured.

    Attributes:
        factors: what noise leaves of each Z string
        variances: theirs
        at: when it was measured, in seconds of the monotonic clock
    """

    factors: Mapping[int, float]
    variances: Mapping[int, float]
    at: float


@dataclass(slots=True)
class CalibrationStore:
    """The calibrations that earlier batches of a device measured.

    Attributes:
        structures: by (structure, target)
        readout: by (qubits, target)
    """

    structures: dict[tuple[Hashable, Target], StructureFactors] = field(default_factory=dict)
    readout: dict[Target, tuple[ReadoutRates, float]] = field(default_factory=dict)
    batches: int = 0

    def redrawn(self, rng: np.random.Generator) -> "CalibrationStore":
        """Return what other measurements might have given.

        Args:
            rng: draws within the variances
        """
        structures = {
            key: kept._replace(
                factors={
                    word: float(factor + np.sqrt(kept.variances[word]) * rng.standard_normal())
                    for word, factor in kept.factors.items()
                }
            )
            for key, kept in self.structures.items()
        }
        return CalibrationStore(structures, dict(self.readout), self.batches)

    def fresh(self, key: tuple[Hashable, Target], words: Sequence[int], max_age: float) -> bool:
        """Return whether a structure's factors are young enough, and there for all Z strings."""
        kept = self.structures.get(key)
        return (
            kept is not None
            and time.monotonic() - kept.at <= max_age
            and all(word in kept.factors for word in words)
        )


def structure_of(template: Template) -> Hashable:
    """Return what templates have in common whose circuits differ in angles and batch alone."""
    gates = tuple(
        (op.name, tuple(template.qubit_of[wire] for wire in op.wires), str(op.hyperparameters))
        for op in template.lifted.operations
    )
    return gates, template.lifted.sources


def copies(scales: Sequence[float], zne: ZNE) -> list[int]:
    """Share a circuit's shots out over the scales, in proportion to what each value counts.

    A job has one number of shots, so that a scale that counts more is sent more often.

    Args:
        scales: of the noise
        zne: says how they are extrapolated; an exponential is shared out as a line is

    Returns:
        how often each scale is sent, at least once
    """
    order = len(scales) - 1 if zne.extrapolate == "richardson" else 1
    shares = np.abs(extrapolation.weights(scales, order))
    shares /= shares.sum()
    best, least = [1] * len(scales), np.inf
    for total in range(len(scales), MOST_COPIES + 1):
        counts = np.maximum(np.rint(shares * total), 1).astype(int)
        # The variance of Σ w·m where each m has its part of the shots.
        variance = (shares**2 / counts).sum() * counts.sum()
        if variance < least * (1 - 0.02):
            best, least = counts.tolist(), variance
    return best


class MitigatedWork(Work):
    """The circuits of a mitigated batch, those that calibrate it among them.

    Attributes:
        plans: of each tape
        reached: of each index, the noise scale that its program has
    """

    def __init__(
        self,
        tapes: Sequence[QuantumScript],
        wires: Any,
        *,
        plans: Sequence[MitigationPlan],
        store: CalibrationStore,
        target: Target,
        rates: GateRates | None,
    ) -> None:
        """Compiles nothing yet.

        Args:
            tapes: from the device's preprocessing
            wires: of the device, or None
            plans: of each tape
            store: what was calibrated before
            target: that calibrations are looked up for
            rates: of the backend's gates, for probabilistic error cancellation
        """
        super().__init__(tapes, wires)
        self.plans, self._store, self._rates = plans, store, rates
        self.carried = [template_of(tape, wires) for tape in tapes]
        store.batches += 1
        self._seed = store.batches
        self.structures = [structure_of(each.template) for each in self.carried]
        calibrated: set[Hashable] = set()
        places: list[VariantPlace] = []
        for index, (tape, plan) in enumerate(zip(tapes, plans, strict=True)):
            structure = self.structures[index]
            own = None if plan.settings is None else plan.settings.calibration
            if own is not None and structure not in calibrated:
                words = self.words_of(structure)
                if not store.fresh((structure, target), words, own.max_age):
                    places += [VariantPlace(index, -1 - k, STRUCTURE) for k in range(own.circuits)]
                calibrated.add(structure)
            places += [
                VariantPlace(index, row, variant)
                for row in range(tape.batch_size or 1)
                for variant in range(len(plan.scales))
            ]
        readers = [i for i, plan in enumerate(plans) if plan.settings and plan.settings.readout]
        if readers:
            places += [VariantPlace(readers[0], -1 - k, READOUT) for k in range(2)]
        self.variants, self._size = places, len(places)
        self._indices: dict[tuple[int, int, int], int] = {
            place: index for index, place in enumerate(places)
        }
        self.reached: dict[int, float] = {}
        self.weights: dict[int, float] = {}
        self.bits: dict[int, BitMap | None] = {}
        self.widths: dict[int, int] = {}
        self.chosen: dict[int, calibration.ChosenAngles] = {}

    def variants_of(self, tape: int, row: int) -> list[int]:
        """Return the indices of the circuits that a row of a tape became."""
        count = len(self.plans[tape].scales)
        return [self._indices[VariantPlace(tape, row, variant)] for variant in range(count)]

    def mapped(self, index: int, outcomes: Outcomes) -> Outcomes:
        """Return outcomes of a circuit's program as those of its tape's qubits."""
        bits = self.bits[index]
        return outcomes if bits is None else outcomes.mapped(bits)

    def on_tape(self, index: int, found: Mapping[int, Outcomes]) -> Outcomes:
        """Return a circuit's outcomes, of its tape's qubits."""
        return self.mapped(index, found[index])

    def indices_by_tape(self) -> list[list[int]]:
        """Return the indices of each tape's circuits, without those that calibrate."""
        indices: list[list[int]] = [[] for _ in self.tapes]
        for index, place in enumerate(self.variants):
            if place.variant >= 0:
                indices[place.tape].append(index)
        return indices

    def circuits_of(self, tape: int, kind: int) -> list[int]:
        """Return the indices of a tape's calibration circuits of a kind."""
        return [
            index
            for index, place in enumerate(self.variants)
            if place.tape == tape and place.variant == kind
        ]

    def qubit_of(self, tape: int) -> Mapping[Any, int]:
        """Return the qubit of each wire of a tape."""
        return self.carried[tape].template.qubit_of

    def words_of(self, structure: Hashable) -> tuple[int, ...]:
        """Return the Z strings that are needed of all tapes of a structure."""
        return tuple(
            sorted(
                {
                    word
                    for own, plan in zip(self.structures, self.plans, strict=True)
                    if own == structure
                    for word in plan.words
                }
            )
        )

    def _compile(self, target: Target) -> list[Group]:
        target = general(target)
        expanded: list[Group] = []
        widest = 1
        for programs, _, places in compile_batch(self.tapes, self._wires, target):
            widest = max(widest, programs.qubits)
            for tape in dict.fromkeys(place.tape for place in places):
                rows = [i for i, place in enumerate(places) if place.tape == tape]
                own = programs.rows(rows)
                expanded += self._variants(tape, own, [places[i].row for i in rows])
        expanded += self._structures(target)
        expanded += self._readout(widest)
        return expanded

    def _variants(self, tape: int, programs: Programs, rows: Sequence[int]) -> list[Group]:
        plan = self.plans[tape]
        if plan.settings is not None and plan.settings.pec is not None:
            return self._cancelled(tape, programs, rows, plan.settings.pec)
        weight = None if self._rates is None else self._rates.one / max(self._rates.two, 1e-12)
        made = []
        for scale in dict.fromkeys(plan.scales):
            options = {} if weight is None else {"weight": weight}
            folded, reached = (
                fold_programs(programs, scale, **options) if scale > 1 else (programs, 1.0)
            )
            for variant in (v for v, each in enumerate(plan.scales) if each == scale):
                indices = [self._indices[tape, row, variant] for row in rows]
                self.reached.update(dict.fromkeys(indices, reached))
                made.append((folded, plan.shots, indices))
        return made

    def _cancelled(
        self, tape: int, programs: Programs, rows: Sequence[int], pec: PEC
    ) -> list[Group]:
        plan = self.plans[tape]
        one, two = pec.one, pec.two
        if one is None or two is None:
            if self._rates is None:
                raise CompileError(
                    'mitigation="pec" needs the rates of the errors, and the backend tells none: '
                    "use qstore.PEC(one=…, two=…)"
                )
            one, two = self._rates
        made = []
        for row, place in enumerate(rows):
            rng = np.random.default_rng([_SEED, self._seed, tape, place])
            drawn = sampled(programs.row(row), one, two, pec.samples, rng)
            for variant, which in enumerate(drawn.which.tolist()):
                index = self._indices[tape, place, variant]
                self.weights[index] = float(drawn.weights[variant])
                made.append((drawn.programs[which], plan.shots, [index]))
        return made

    def _structures(self, target: Target) -> list[Group]:
        """Return the calibration circuits of the structures that need some."""
        made = []
        for tape in dict.fromkeys(p.tape for p in self.variants if p.variant == STRUCTURE):
            template = self.carried[tape].template
            plan = self.plans[tape]
            assert plan.settings is not None
            assert plan.settings.calibration is not None
            words = self.words_of(self.structures[tape])
            if tape not in self.chosen:
                near = np.concatenate(
                    [
                        other.params
                        for other, structure in zip(self.carried, self.structures, strict=True)
                        if structure == self.structures[tape]
                    ]
                )
                rng = np.random.default_rng([_SEED, len(words), plan.settings.calibration.circuits])
                self.chosen[tape] = calibration.choose(
                    template, target, words, near, plan.settings.calibration.circuits, rng
                )
            for bound in template.bind(self.chosen[tape].params, target):
                indices = [self._indices[tape, -1 - k, STRUCTURE] for k in bound.rows.tolist()]
                made.append((bound.programs, plan.shots, indices))
        return made

    def _readout(self, qubits: int) -> list[Group]:
        places = [place for place in self.variants if place.variant == READOUT]
        if not places:
            return []
        shots = self.plans[places[0].tape].shots
        return [
            (programs, shots, [self._indices[place]])
            for programs, place in zip(readout_error.circuits(qubits), places, strict=True)
        ]

    def ran(
        self, target: Target, outcomes: Mapping[int, Outcomes], member: Member
    ) -> dict[int, Ran]:
        """Return the programs' own outcomes, and note what their bits stand for."""
        for programs, _, indices in self.compiled(target):
            for row, index in enumerate(indices):
                if index in outcomes:
                    self.bits[index], self.widths[index] = programs.bits_of(row), programs.qubits
        return {index: Ran(each, member) for index, each in outcomes.items()}


def general(target: Target) -> Target:
    """Return the target without what looks at values: all circuits of a structure are alike."""
    if target.optimization == "full":
        return replace(target, optimization="template")
    return target
