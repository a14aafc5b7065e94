"""Angles to native gates: optimised circuits against their literal translation.

Run with `python benchmarks/binding.py`. Both bind the same angles to the same hardware-efficient
circuits on 8 qubits, in the same run, as arrays for a whole batch; no JSON is written. What the
optimiser does once a structure is timed on its own.
"""

import time

import numpy as np
import pennylane as qml

from pennylane_qstore.compiler.circuit.elements import Angle, Clifford, Rotation
from pennylane_qstore.compiler.optimiser.optimise import Optimised
from pennylane_qstore.compiler.pulses.literal import compile_native

QUBITS, BATCH, REPEATS = 8, 100, 50
GATES = {"Y": qml.RY, "Z": qml.RZ}


def ansatz(layers):
    """RY on each qubit, then layers of RY, RZ and a chain of CNOTs; angles None."""
    gates = [("Y", (qubit,)) for qubit in range(QUBITS)]
    for _ in range(layers):
        gates += [(axis, (qubit,)) for qubit in range(QUBITS) for axis in "YZ"]
        gates += [("CX", (qubit, qubit + 1)) for qubit in range(QUBITS - 1)]
    return gates


def elements(gates):
    """The gates as the optimiser takes them."""
    index = iter(range(len(gates)))
    return [
        Clifford(name, qubits)
        if name == "CX"
        else Rotation(((*qubits, name),), Angle(0.0, ((next(index), 1.0),)))
        for name, qubits in gates
    ]


def literal(gates, params, entangler):
    """The gates one by one, with a column of angles each."""
    columns = iter(params.T)
    operations = [
        qml.CNOT(qubits) if name == "CX" else GATES[name](0.0, qubits) for name, qubits in gates
    ]
    own = [[] if name == "CX" else [next(columns)] for name, _ in gates]
    return lambda: compile_native(operations, own, range(QUBITS), len(params), entangler)


def fastest(run):
    """The best time of some runs, in seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    """Prints the table."""
    rng = np.random.default_rng(0)
    print(f"{BATCH} circuits a batch: times a circuit, and 1q+2q gates")
    print(f"{'':14} {'once':>8} {'optimised':>18} {'literal':>18} {'time':>6} {'1q':>6}")
    for layers in (2, 4):
        gates = ansatz(layers)
        params = rng.uniform(-3, 3, (BATCH, sum(name != "CX" for name, _ in gates)))
        for entangler in ("zz", "ms"):
            start = time.perf_counter()
            found = Optimised(elements(gates), QUBITS, entangler)
            once = time.perf_counter() - start
            run = literal(gates, params, entangler)
            ours = fastest(lambda found=found, params=params: found.bind(params)) / BATCH
            theirs = fastest(run) / BATCH
            (pairs, ones), counts = found.counts, run().gate_counts()
            print(
                f"{layers} layers, {entangler:4} {once * 1e3:5.0f} ms"
                f" {ours * 1e6:6.1f} µs {ones:4}+{pairs:<3}"
                f" {theirs * 1e6:6.1f} µs {counts['1q']:4}+{counts['2q']:<3}"
                f" {ours / theirs:6.2f} {ones / counts['1q']:6.2f}"
            )


if __name__ == "__main__":
    main()
