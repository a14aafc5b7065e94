"""Compute a mitigated batch's results: correct, extrapolate and join its outcomes."""

import time
import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pennylane_qstore.compiler import Target
from pennylane_qstore.errors import CompileError
from pennylane_qstore.mitigation import calibration, extrapolation
from pennylane_qstore.mitigation.readout_error import (
    ReadoutRates,
    combined,
    corrected,
    postselected,
    rates_of,
)
from pennylane_qstore.mitigation.settings import Symmetry
from pennylane_qstore.mitigation.words import means
from pennylane_qstore.mitigation.work import (
    READOUT,
    STRUCTURE,
    CalibrationStore,
    MitigatedWork,
    StructureFactors,
)
from pennylane_qstore.programs.outcomes import Outcomes

Reals = NDArray[np.float64]


class RowMeans(NamedTuple):
    """The Z strings of one circuit.

    Attributes:
        raw: their means without mitigation, shape (n_words,)
        scales: of the noise that was reached, rising
        means: at each scale, after readout correction and postselection, (n_scales, n_words)
        shots: behind each scale; infinite where they are exact
    """

    raw: Reals
    scales: tuple[float, ...]
    means: Reals
    shots: Reals


@dataclass(slots=True)
class Report:
    """The circuits, raw values and choices of a mitigated batch.

    Attributes:
        circuits: that were sent, calibration circuits among them
        calibration_circuits: of these, those that calibrate
        kept: the fraction of shots that postselection kept, or None
        used: the tapes whose mitigated values were taken; the others' raw values were better
        raw: each tape's means of its Z strings without mitigation, shape (batch, n_words)
    """

    circuits: int = 0
    calibration_circuits: int = 0
    kept: float | None = None
    used: list[bool] = field(default_factory=list)
    raw: list[Reals] = field(default_factory=list)


def mitigated(
    work: MitigatedWork,
    found: Mapping[int, Outcomes],
    store: CalibrationStore,
    target: Target,
) -> tuple[list[list[dict[int, float]]], Report]:
    """Mitigate the Z strings of a batch.

    Args:
        work: the batch
        found: by index, the outcomes of its programs: counts, or exact probabilities
        store: keeps calibrations
        target: that they are kept for

    Returns:
        of each tape, for each row, the mean of each Z string; and what was done
    """
    rates = _readout_rates(work, found, store, target)
    _calibrate(work, found, store, target)
    report = Report(
        circuits=len(work.variants),
        calibration_circuits=sum(place.variant < 0 for place in work.variants),
    )
    rows: list[list[RowMeans]] = []
    for tape, plan in enumerate(work.plans):
        if plan.settings is None:
            rows.append([])
            continue
        count = work.tapes[tape].batch_size or 1
        rows.append([_row(work, found, tape, row, rates, report) for row in range(count)])
    structures: dict[Hashable, list[int]] = {}
    values: dict[int, list[Reals]] = {}
    for tape, structure in enumerate(work.structures):
        if work.plans[tape].settings is None:
            values[tape] = []
            continue
        structures.setdefault(structure, []).append(tape)
    used_by_tape: dict[int, bool] = {}
    for structure, tapes in structures.items():
        words = [work.plans[tape].words for tape in tapes]
        own = [rows[tape] for tape in tapes]
        taken, used = _structure(work, structure, tapes, words, own, store, target)
        values.update(zip(tapes, taken, strict=True))
        used_by_tape.update(dict.fromkeys(tapes, used))
    report.used = [used_by_tape.get(tape, False) for tape in range(len(rows))]
    report.raw = [np.array([row.raw for row in own]) for own in rows]
    return [
        [dict(zip(work.plans[tape].words, row.tolist(), strict=True)) for row in values[tape]]
        for tape in range(len(work.tapes))
    ], report


def _row(
    work: MitigatedWork,
    found: Mapping[int, Outcomes],
    tape: int,
    row: int,
    rates: ReadoutRates | None,
    report: Report,
) -> RowMeans:
    plan = work.plans[tape]
    settings = plan.settings
    assert settings is not None
    words = list(plan.words)
    indices = work.variants_of(tape, row)
    if settings.readout is None:
        rates = None
    if settings.pec is not None:
        return _cancelled_row(work, found, indices, words, rates)
    by_scale: dict[float, list[int]] = {}
    for index in indices:
        by_scale.setdefault(work.reached[index], []).append(index)
    scales = tuple(sorted(by_scale))
    raw: Reals = np.zeros(len(words))
    at_scale, shots = [], []
    for scale in scales:
        own = by_scale[scale]
        together = combined([found[i] for i in own], [1 / len(own)] * len(own))
        first = own[0]
        plain = work.mapped(first, together)
        if scale == scales[0]:
            raw = means(plain, words)
        if rates is not None:
            plain = work.mapped(first, corrected(together, rates, work.widths[first]))
        total = float(len(own)) * (plan.shots or np.inf)
        if settings.symmetry is not None:
            plain, kept = _kept(plain, settings.symmetry, work.qubit_of(tape))
            report.kept = kept if report.kept is None else min(report.kept, kept)
            total *= kept
        at_scale.append(means(plain, words))
        shots.append(total)
    return RowMeans(raw, scales, np.array(at_scale), np.array(shots))


def _cancelled_row(
    work: MitigatedWork,
    found: Mapping[int, Outcomes],
    indices: Sequence[int],
    words: Sequence[int],
    rates: ReadoutRates | None,
) -> RowMeans:
    """Return the weighted means of a circuit that was drawn many times."""
    values = []
    for index in indices:
        outcomes = found[index]
        if rates is not None:
            outcomes = corrected(outcomes, rates, work.widths[index])
        values.append(means(work.mapped(index, outcomes), words))
    weights = np.array([work.weights[index] for index in indices])
    array = np.array(values)
    plain = weights == weights.max()
    raw = array[plain].mean(axis=0)
    mean = weights @ array
    mean[[place for place, word in enumerate(words) if word == 0]] = 1.0
    spread = sum(
        np.square(weights[own]).sum() * array[own].var(axis=0, ddof=1)
        for own in (plain, ~plain)
        if own.sum() > 1
    ) + np.zeros(len(words))
    effective = 1 / max(float(spread.mean()), 1e-12)
    return RowMeans(raw, (1.0,), mean[None], np.array([effective]))


def _kept(
    outcomes: Outcomes, symmetry: Symmetry, qubit_of: Mapping[Any, int]
) -> tuple[Outcomes, float]:
    mask = sum(1 << qubit_of[wire] for wire in symmetry.wires)
    kept = postselected(outcomes, mask, symmetry.ones, symmetry.parity)
    share = kept.total / outcomes.total
    if not len(kept.states) or share <= 0:
        raise CompileError(
            f"no outcome has the symmetry {symmetry}: the circuit breaks it, or it is another"
        )
    return kept, share


def _structure(
    work: MitigatedWork,
    structure: Hashable,
    tapes: Sequence[int],
    words: Sequence[Sequence[int]],
    rows: Sequence[Sequence[RowMeans]],
    store: CalibrationStore,
    target: Target,
) -> tuple[list[list[Reals]], bool]:
    """Mitigate all circuits of a structure, or take their raw values if these are better.

    The raw values' squared bias is estimated by how far they are from the mitigated ones, less the
    variance of that difference.

    Returns:
        of each tape, the strings' means by row; and whether the mitigated ones were taken
    """
    settings = work.plans[tapes[0]].settings
    assert settings is not None
    flat = [(list(own), row) for own, of_tape in zip(words, rows, strict=True) for row in of_tape]
    if settings.zne is not None:
        estimates = _extrapolated(flat, settings.zne.extrapolate)
    elif settings.calibration is not None:
        estimates = _divided(flat, store.structures[structure, target])
    else:
        estimates = [(row.means[0], (1 - row.means[0] ** 2) / row.shots[0]) for _, row in flat]
    bias, spent, saved = 0.0, 0.0, 0.0
    for (own, row), (value, variance) in zip(flat, estimates, strict=True):
        told = np.array(own) != 0
        plain = np.clip(1 - row.raw**2, 0, 1) / row.shots[0]
        bias += float(((value - row.raw)[told] ** 2 - np.maximum(variance - plain, 0)[told]).sum())
        spent += float(variance[told].sum())
        saved += float(plain[told].sum())
    use = bias + saved >= spent
    taken = iter(
        [value if use else row.raw for (_, row), (value, _) in zip(flat, estimates, strict=True)]
    )
    if not use:
        warnings.warn(
            "mitigation would add more variance than it takes off the error, so that the raw "
            "values are returned: use more shots",
            stacklevel=2,
        )
    return [[next(taken) for _ in of_tape] for of_tape in rows], use


def _extrapolated(
    flat: Sequence[tuple[list[int], RowMeans]], fit: str
) -> list[tuple[Reals, Reals]]:
    """Return extrapolated Z strings and their variances; an exponential has one rate for all."""
    rate = None
    if fit == "exponential":
        scales = np.mean([row.scales for _, row in flat], axis=0)
        all_means = np.concatenate(
            [row.means[:, [w != 0 for w in own]] for own, row in flat], axis=1
        )
        noise = np.concatenate(
            [
                (np.clip(1 - row.means**2, 0, 1) / row.shots[:, None])[:, [w != 0 for w in own]]
                for own, row in flat
            ],
            axis=1,
        )
        rate = extrapolation.decay_rate(tuple(scales), all_means, float(noise[0].sum()))
    estimates = []
    for own, row in flat:
        if rate is not None:
            weights = extrapolation.exponential_weights(row.scales, rate)
        else:
            most = len(row.scales) - 1  # 0 where the circuit has no entangler to fold
            weights = extrapolation.weights(
                row.scales, most if fit == "richardson" else min(1, most)
            )
        value = weights @ row.means
        value[[place for place, word in enumerate(own) if word == 0]] = 1.0
        variance = weights**2 @ (np.clip(1 - row.means**2, 0, 1) / row.shots[:, None])
        estimates.append((value, variance))
    return estimates


def _divided(
    flat: Sequence[tuple[list[int], RowMeans]], kept: StructureFactors
) -> list[tuple[Reals, Reals]]:
    """Return each Z string divided by what noise leaves of it, and its variance."""
    estimates = []
    for own, row in flat:
        factors = np.array([kept.factors[word] for word in own])
        spread = np.array([kept.variances[word] for word in own])
        value = row.means[0] / factors
        variance = (np.clip(1 - row.means[0] ** 2, 0, 1) / row.shots[0] + value**2 * spread) / (
            factors**2
        )
        estimates.append((np.clip(value, -1, 1), variance))
    return estimates


def _calibrate(
    work: MitigatedWork,
    found: Mapping[int, Outcomes],
    store: CalibrationStore,
    target: Target,
) -> None:
    """Keep what the calibration circuits of a batch gave."""
    for tape, chosen in work.chosen.items():
        structure = work.structures[tape]
        words = work.words_of(structure)
        measured = np.array(
            [
                means(work.on_tape(index, found), words)
                for index in work.circuits_of(tape, STRUCTURE)
            ]
        )
        factors = calibration.factors(measured, chosen.values)
        shots = work.plans[tape].shots or np.inf
        sizes = np.maximum(np.square(chosen.values).sum(axis=0), 1.0)
        variances = np.clip(1 - factors**2, 0.0, 1) / shots / sizes
        store.structures[structure, target] = StructureFactors(
            dict(zip(words, factors.tolist(), strict=True)),
            dict(zip(words, variances.tolist(), strict=True)),
            time.monotonic(),
        )


def _readout_rates(
    work: MitigatedWork,
    found: Mapping[int, Outcomes],
    store: CalibrationStore,
    target: Target,
) -> ReadoutRates | None:
    readers = [place.tape for place in work.variants if place.variant == READOUT]
    if not readers:
        return None
    zeros, ones = work.circuits_of(readers[0], READOUT)
    rates = rates_of(found[zeros], found[ones], work.widths[ones])
    store.readout[target] = rates, time.monotonic()
    return rates
