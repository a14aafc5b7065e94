"""Every circuit of the corpus, compiled by us and by others: gates, errors and times.

Run with ``python -m benchmarks.compile``, from the repository; ``--short`` does a few circuits
without the slow rivals, and names choose circuits. The rivals get the textbook gates; we get
those, and PennyLane's own operators where they say more.
"""

import argparse
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks import corpus
from benchmarks.ours import Times, error, error_of_outcomes, ours, times
from benchmarks.rivals import ENTANGLERS, RIVALS, Counts, Found, Rival
from pennylane_qstore.compiler import Target
from tests.compiler.native_matrix import tape_matrix

SHORT = ("a_hea8_d2", "e_givens4", "g_mottonen4")
SLOW = ("pytket",)
MISSED, BEATEN = "✗", "†"


@dataclass(frozen=True, slots=True)
class Row:
    """One circuit in one form on one machine.

    Attributes:
        circuit: its name
        form: "textbook" or "operators"
        machine: "forte" or "aria"
        exact: our counts for the same unitary
        measured: our counts for the same outcomes
        error: the larger one of both programs
        cold: seconds to compile it first
        times: what later ones take
        rivals: theirs by name, from the textbook form
    """

    circuit: str
    form: str
    machine: str
    exact: Counts
    measured: Counts
    error: float
    cold: float
    times: Times
    rivals: dict[str, Found]

    @property
    def is_beaten(self) -> bool:
        """Whether a rival has fewer two-qubit gates, or as many and fewer one-qubit gates."""
        return any(_fewer(found.counts, self.exact) for found in self.rivals.values())


def rows(name: str, machine: str, rivals: Sequence[Rival]) -> Iterable[Row]:
    """A circuit in each of its forms."""
    circuit = corpus.load(name)
    textbook = circuit.textbook()
    theirs = {rival.name: rival.best(textbook, circuit.wires, machine) for rival in rivals}
    expected = tape_matrix(textbook, circuit.wires)
    for form, gates in circuit.forms().items():
        tape = corpus.tape(gates, circuit.wires)
        target = Target(ENTANGLERS[machine])
        exact = ours(tape, replace(target, measurement_aware=False))
        measured = ours(tape, target)
        yield Row(
            name,
            form,
            machine,
            exact.counts,
            measured.counts,
            max(
                error(exact.programs, gates, expected),
                error_of_outcomes(measured.programs, expected),
            ),
            measured.seconds,
            times(gates, circuit.wires, target),
            theirs,
        )


def _fewer(one: Counts, other: Counts) -> bool:
    return one[::-1] < other[::-1]


def _said(counts: Counts | None, goal: Counts | None = None) -> str:
    if counts is None:
        return "-"
    mark = f" {MISSED}" if goal is not None and _fewer(goal, counts) else ""
    return f"{counts[0]}+{counts[1]}{mark}"


def _gates_line(row: Row, goal: dict[str, Counts], rivals: Sequence[Rival]) -> list[str]:
    theirs = [row.rivals[rival.name] for rival in rivals]
    return [
        row.circuit,
        row.form,
        _said(row.exact, goal.get("exact")) + (f" {BEATEN}" if row.is_beaten else ""),
        _said(goal.get("exact")),
        _said(row.measured, goal.get("measured")),
        _said(goal.get("measured")),
        *(_said(found.counts) + f" ({found.way})" for found in theirs),
        f"{row.error:.0e}",
    ]


def _times_line(row: Row, rivals: Sequence[Rival]) -> list[str]:
    each = row.times
    theirs = [row.rivals[rival.name].seconds for rival in rivals]
    return [
        row.circuit,
        row.form,
        str(each.angles),
        f"{row.cold * 1e3:.1f}",
        *(f"{seconds * 1e6:.1f}" for seconds in (each.bind, each.tapes, each.json)),
        *(
            f"{spent * 1e3:.0f} ({spent / row.cold:.1f} x, {spent / each.json:.0f} x)"
            for spent in theirs
        ),
    ]


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    for line in (head, ["---"] * len(head), *lines):
        print("| " + " | ".join(line) + " |")


def report(found: Sequence[Row], machine: str, rivals: Sequence[Rival]) -> None:
    """Prints one machine's tables."""
    goals = corpus.goals()
    names = [rival.name for rival in rivals]
    print(f"\n## {machine.capitalize()} ({ENTANGLERS[machine]})\n")
    print("Gates, one-qubit + two-qubit:\n")
    head = ["circuit", "form", "exact", "goal", "measurement-aware", "goal", *names, "error"]
    _table(
        head,
        (_gates_line(row, goals.get(row.circuit, {}).get(machine, {}), rivals) for row in found),
    )
    print(
        "\nCompile time; rivals' also as multiples of our cold compile and of our tape to JSON:\n"
    )
    head = ["circuit", "form", "angles", "cold, ms", "bind, µs", "tape, µs", "tape to JSON, µs"]
    _table([*head, *(f"{name}, ms" for name in names)], (_times_line(row, rivals) for row in found))
    print()
    for mode in ("exact", "measured"):
        missed = _missed(found, mode)
        print(f"Goals not met in either form, {mode}: {', '.join(missed) or 'none'}")
    beaten = sorted({row.circuit for row in found if row.is_beaten})
    print(f"A rival has fewer gates for a form of: {', '.join(beaten) or 'none'}")


def _missed(found: Sequence[Row], mode: str) -> list[str]:
    """Circuits whose goal neither of their forms reaches, with how far the better one is."""
    goals, best = corpus.goals(), {}
    for row in found:
        counts, goal = getattr(row, mode), goals.get(row.circuit, {}).get(row.machine, {}).get(mode)
        if counts is not None and goal is not None:
            known = best.get(row.circuit)
            if known is None or _fewer(counts, known[0]):
                best[row.circuit] = counts, goal
    return [
        f"{name} {_said(counts)} for {_said(goal)}"
        for name, (counts, goal) in best.items()
        if _fewer(goal, counts)
    ]


def main() -> None:
    """Prints all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("circuits", nargs="*", help="names of circuits; all where there are none")
    parser.add_argument("--short", action="store_true", help="few circuits, no slow rivals")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    wanted = asked.circuits or (SHORT if asked.short else corpus.names())
    rivals = []
    for rival in RIVALS:
        if asked.short and rival.name in SLOW:
            print(f"{rival.name} is slow: left out")
        elif rival.is_installed:
            rivals.append(rival)
        else:
            print(f"{rival.name} is not installed: left out; pip install -e .[rivals]")
    print(
        f"{MISSED} a goal that is not met, {BEATEN} a rival has fewer. exact: the same unitary up "
        "to a phase, the qubits' names, and an RZ on each qubit before the measurement; "
        "measurement-aware: the same outcomes. cirq-ionq's and qiskit-ionq's programs keep the RZ; "
        "pytket has no IonQ gates, so its one-qubit gates become our pulses."
    )
    for machine in ENTANGLERS:
        found = [row for name in wanted for row in rows(name, machine, rivals)]
        report(found, machine, rivals)


if __name__ == "__main__":
    main()
