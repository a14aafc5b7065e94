"""Break the code in small ways, one at a time, and see that the named tests notice.

Run ``python -m tests.mutations``, with parts of names to try only some; ``--list`` prints them.
Each mutation is applied to a copy of the checkout. One that no test notices needs a test. CI does
not run this: it takes several minutes.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Mutation(NamedTuple):
    """A small break of the code.

    Attributes:
        name: what is broken
        file: below ``pennylane_qstore``
        old: text that stands once in the file
        new: what it becomes
        tests: paths below ``tests``; at least one of their tests must fail
    """

    name: str
    file: str
    old: str
    new: str
    tests: str


KEY, LIMITER = "compiler/templates/key.py", "cloud/http/limiter.py"
CONE, CLASSICAL = "compiler/optimiser/light_cone.py", "compiler/optimiser/classical_states.py"
READOUT, PACKING = "device/readout.py", "cloud/submitting/packing.py"
KEY_TESTS = "compiler/templates/test_key_measurements.py compiler/templates/test_key.py"
OPTIMISED = "agreement/test_circuits.py compiler/optimiser compiler/test_corpus.py"

MUTATIONS = [
    # Those that once left the suite green.
    Mutation("all_outcomes is not in the cache key", KEY,
             'getattr(measurement, "all_outcomes", None),', "None,", KEY_TESTS),
    Mutation("a job has no limit of bytes", PACKING,
             "or size + length > MAX_BYTES", "or False", "cloud/submitting/test_packing.py"),
    Mutation("a job of one part has no limit of bytes", PACKING,
             "and sum(sizes) <= MAX_BYTES", "", "cloud/submitting/test_packing.py"),
    Mutation("debiasing that is off is priced as on", "cloud/submitting/cost.py",
             "any(mitigation.values())", "bool(mitigation)", "cloud/submitting/test_cost.py"),
    Mutation("Retry-After of 0 is a busy loop", "cloud/http/retry.py",
             "max(asked, FIRST_DELAY)", "asked", "cloud/http/test_retry.py"),
    Mutation("a 429 leaves the burst", LIMITER,
             "max(self._line, now + (BURST - 1) / pace.rate)", "self._line",
             "cloud/http/test_limiter.py"),
    Mutation("the jitter's mean is not 1", "emulator/service/timing.py",
             "(random.standard_normal() - self.jitter / 2)", "random.standard_normal()",
             "emulator/service/test_timing.py"),
    # The compiler.
    Mutation("measurements' wires are not in the cache key", KEY,
             "(measurement.wires.labels, _frozen(measurement.eigvals())) if obs is None else None,",
             "None,", KEY_TESTS),
    Mutation("hyperparameters are not in the cache key", KEY,
             "return (type(op), op.wires.labels, shapes, _frozen(rest), base)",
             "return (type(op), op.wires.labels, shapes, base)",
             "agreement/test_circuits.py compiler/templates"),
    Mutation("a rotation about Y keeps bits", CONE,
             'if letter == "Z"}', 'if letter != "X"}', OPTIMISED),
    Mutation("the target of a CX keeps its bit", CONE,
             "return {element.qubits[0]}", "return set(element.qubits)", OPTIMISED),
    Mutation("a set bit doesn't turn a rotation around", CLASSICAL,
             "angle = angle.scaled(-1)", "pass", OPTIMISED),
    Mutation("a control of 0 is taken for 1", CLASSICAL,
             "if any(self.bits.get(qubit) == 0 for qubit in controls):", "if False:", OPTIMISED),
    Mutation("the first angle's determinant is not mended", "compiler/unitaries/weyl.py",
             "angles[:, 0] += np.pi * (np.cos(angles.sum(axis=1)) < 0)", "pass",
             "compiler/unitaries/test_weyl.py"),
    Mutation("quaternions are multiplied in the other order", "compiler/circuit/quaternions.py",
             "return np.stack(times((aw, ax, ay, az), (bw, bx, by, bz)), axis=axis)",
             "return np.stack(times((bw, bx, by, bz), (aw, ax, ay, az)), axis=axis)",
             "compiler/circuit compiler/pulses/test_pulses.py"),
    Mutation("templates of equal angles share a hash", "compiler/templates/operation.py",
             "hash((self.template.number, ", "hash((",
             "agreement/test_circuits.py compiler/templates"),
    # What comes back.
    Mutation("the first wire is the lowest bit", READOUT,
             "dtype=np.int64)[::-1]", "dtype=np.int64)",
             "agreement/test_observables.py device"),
    Mutation("the variance is the second moment", READOUT,
             "(values - _mean(values, outcomes)) ** 2", "values**2",
             "agreement/test_observables.py device"),
    Mutation("counts leave out what wasn't seen", READOUT,
             "if measurement.all_outcomes:", "if False:", "agreement/test_measurements.py"),
    Mutation("a parity is not flipped by odd bits", READOUT,
             "np.bitwise_count(outcomes.states & mask) & 1", "0",
             "agreement/test_observables.py device"),
    Mutation("outcomes' flips are forgotten", "programs/outcomes.py",
             "return replace(self, flips=self.flips ^ turned)", "return self",
             "programs agreement/test_measurements.py compiler/optimiser"),
    # The cloud.
    Mutation("a lost submit is posted again without a look", "cloud/submitting/submit.py",
             "        if job_id is not None:\n            listener(Adopted(job_id))\n"
             "            return job_id\n", "        del job_id\n",
             "cloud/test_client.py cloud/test_faults.py"),
    Mutation("a 500 of a POST is retried", "cloud/http/retry.py",
             "(UnknownOutcomeError if changes else UnavailableError)", "(UnavailableError)",
             "cloud/http/test_retry.py cloud/test_faults.py"),
    Mutation("429s never slow the client down", LIMITER,
             "max(measured, QUIET)) / 2", "max(measured, QUIET))", "cloud/http/test_limiter.py"),
    Mutation("the rate never recovers", LIMITER,
             "rate = pace.rate + STEP", "rate = pace.rate", "cloud/http/test_limiter.py"),
    Mutation("a job is looked at after its expected end", "cloud/waiting/polling.py",
             "return max(min(pause, rest), shortest)", "return max(pause, shortest)",
             "cloud/waiting/test_polling.py"),
    Mutation("the estimate counts no two-qubit gates", "cloud/submitting/cost.py",
             "for kind in (0, 1))", "for kind in (0, 0))", "cloud/submitting/test_cost.py"),
    # The fleet.
    Mutation("the smallest jobs choose first", "fleet/sharing.py",
             "key=lambda place: -jobs[place][0]", "key=lambda place: jobs[place][0]",
             "fleet/test_sharing.py"),
    Mutation("a simulator's job moves to a QPU", "fleet/sharing.py",
             "i not in tried and (began_on_qpu or not members[i].on_qpu)", "i not in tried",
             "fleet/test_sharing.py"),
    # The emulator.
    Mutation("RX turns the wrong way", "emulator/simulation/gates.py",
             "-1j * np.sin(theta / 2)\n    return (c, s), (s, c)",
             "1j * np.sin(theta / 2)\n    return (c, s), (s, c)", "emulator/simulation"),
    Mutation("forte's one-qubit gates are as noisy as its two-qubit gates",
             "emulator/simulation/noise.py", "Rates(0.000266667, 0.004949333)",
             "Rates(0.004949333, 0.004949333)", "emulator/simulation emulator/api/test_app.py"),
    Mutation("two-qubit gates are priced as one-qubit gates", "emulator/api/prices.py",
             "gates[1] * TWO_QUBIT_GATE", "gates[1] * ONE_QUBIT_GATE", "emulator/api"),
    # Training.
    Mutation("weights don't decay", "train/learners.py",
             "self.weights = (1 - self.weight_decay) * self.weights", "pass",
             "train/test_trainer.py train/test_learners.py"),
    Mutation("batches are never shuffled", "train/batches.py",
             "self._rng.permutation(len(self.samples))", "np.arange(len(self.samples))",
             "train/test_batches.py"),
    Mutation("a resumed training draws its batch again", "train/batches.py",
             'self._next, self.epoch = state["next"], state["epoch"]',
             'self._next, self.epoch = 0, state["epoch"]',
             "train/test_batches.py train/test_trainer.py"),
    Mutation("shots don't grow", "train/shots.py",
             "first * factor**step", "first", "train/test_shots.py"),
]  # fmt: skip


def copied(folder: Path) -> Path:
    """Copy what git tracks to a folder, and return it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def noticed(tree: Path, tests: str) -> bool:
    """Return whether a test fails in a copy of the checkout."""
    paths = [f"tests/{path}" for path in tests.split()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *paths],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {tests}:\n{done.stdout[-2000:]}{done.stderr}")
    return done.returncode == 1


def main() -> int:
    """Try the mutations; the number of those that no test noticed is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names; all mutations without any")
    parser.add_argument("--list", action="store_true", help="only check that each one applies")
    options = parser.parse_args()
    chosen = [m for m in MUTATIONS if not options.names or any(n in m.name for n in options.names)]
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        for mutation in chosen:
            path = tree / "pennylane_qstore" / mutation.file
            text = path.read_text()
            if text.count(mutation.old) != 1:
                raise SystemExit(f"{mutation.name}: {mutation.file} has changed")
            if options.list:
                print(f"{mutation.name}: {mutation.file}")
                continue
            path.write_text(text.replace(mutation.old, mutation.new))
            found = noticed(tree, mutation.tests)
            path.write_text(text)
            print("noticed " if found else "SURVIVED", mutation.name, flush=True)
            survivors += [] if found else [mutation.name]
    if not options.list:
        print(f"{len(chosen) - len(survivors)} of {len(chosen)} are noticed")
    return len(survivors)


if __name__ == "__main__":
    sys.exit(main())
