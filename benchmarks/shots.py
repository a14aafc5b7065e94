"""What schedules of shots save on the way to the same loss, in shots and in cost.

Run with `python benchmarks/shots.py [--short]`. The transverse-field Ising model on four qubits,
gradient descent, one job a step; the cost is the emulator's price for a Forte (made up, but with
IonQ's form). A run ends when the exact energy of its weights, as a mean over ten steps, comes
within a margin of what exact descent reaches. The rival is the constant number of shots that gets
there with the fewest shots in all; a step is a wait in the queue.
"""

import argparse
from collections import deque

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.emulator import serve
from pennylane_qstore.train import shots

WIRES, STEPSIZE, STEPS = 4, 0.1, 150
LAST = 10  # steps whose mean energy counts, so that no lucky one does
PAIRS = [qml.Z(i) @ qml.Z(i + 1) for i in range(WIRES - 1)]
ENERGY = qml.sum(*PAIRS, *(qml.X(i) for i in range(WIRES)))
LIPSCHITZ = 2.0 * WIRES - 1


def ansatz(weights):
    """Two layers of rotations and CNOTs, and their energy."""
    for layer in weights:
        for wire, angle in enumerate(layer):
            qml.RY(angle, wires=wire)
        for wire in range(WIRES - 1):
            qml.CNOT([wire, wire + 1])
    return qml.expval(ENERGY)


EXACT = qml.QNode(ansatz, qml.device("default.qubit"))


def first(seed):
    """Weights to start from."""
    angles = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, WIRES))
    return pnp.array(angles, requires_grad=True)


def goal(seed, margin):
    """An energy that exact descent from the same start comes to."""
    weights, optimizer = first(seed), qml.GradientDescentOptimizer(STEPSIZE)
    for _ in range(STEPS):
        weights = optimizer.step(EXACT, weights)
    return float(EXACT(weights)) * (1 - margin)


def run(schedule, seed, target, url):
    """Steps, shots and cost to the target; None where it isn't reached."""
    device = qml.device(
        "qstore.ionq", wires=WIRES, backend="qpu.forte-1", api_key="benchmark", base_url=url,
        journal=None, error_mitigation={"debiasing": False}, progress=False,
    )  # fmt: skip
    circuit = qml.QNode(ansatz, device, shots=1)
    weights, optimizer = first(seed), qml.GradientDescentOptimizer(STEPSIZE)
    driven = isinstance(schedule, shots.VarianceDriven)
    gradient = schedule.grad_fn(circuit) if driven else None
    seen = deque(maxlen=LAST)
    with qml.Tracker(device) as tracker:
        for step in range(STEPS):
            qnode = schedule.on(circuit)
            weights = optimizer.step(qnode, weights, grad_fn=gradient or qstore.grad_fn(qnode))
            schedule.advance()
            seen.append(float(EXACT(weights)))
            if len(seen) == LAST and np.mean(seen) <= target:
                return step + 1, tracker.totals["shots"], tracker.totals.get("cost", 0.0)
    return None


SCHEDULES = {
    "constant 20": lambda: shots.constant(20),
    "constant 50": lambda: shots.constant(50),
    "constant 200": lambda: shots.constant(200),
    "constant 1000": lambda: shots.constant(1000),
    "stepped 50, 200 from step 20": lambda: shots.stepped({0: 50, 20: 200}),
    "geometric 30, 1.05 a step": lambda: shots.geometric(30, 1.05, most=1000),
    "variance-driven 20 to 1000": lambda: shots.VarianceDriven(
        20, 1000, stepsize=STEPSIZE, lipschitz=LIPSCHITZ
    ),
}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="one run of each")
    seeds = range(1 if parser.parse_args().short else 5)
    server = loop.current().run(serve())
    targets = [goal(seed, 0.01) for seed in seeds]
    rows = {}
    for name, make in SCHEDULES.items():
        found = [run(make(), s, t, server.url) for s, t in zip(seeds, targets, strict=True)]
        rows[name] = None if None in found else np.mean(found, axis=0)
    reached = {name: row for name, row in rows.items() if row is not None}
    rival = min((n for n in reached if n.startswith("constant")), key=lambda n: reached[n][1])
    print(f"to within 1 % of exact descent's energy, mean of {len(seeds)} runs; rival: {rival}\n")
    columns = ("steps", "shots", "cost", "shots saved", "cost saved")
    print(f"{'schedule':30}", *(f"{column:>12}" for column in columns))
    for name, row in rows.items():
        if row is None:
            print(f"{name:30} not reached in {STEPS} steps")
            continue
        steps, spent, cost = row
        saved = [
            1 - mine / theirs
            for mine, theirs in zip((spent, cost), reached[rival][1:], strict=True)
        ]
        figures = (
            f"{steps:.1f}",
            f"{spent:.0f}",
            f"{cost:.2f}",
            *(f"{each:.0%}" for each in saved),
        )
        print(f"{name:30}", *(f"{figure:>12}" for figure in figures))


if __name__ == "__main__":
    main()
