#!/usr/bin/env bash
# Surprise: the matrix of PennyLane-IonQ's MS gate hardly depends on the angle θ. MS(0, 0, θ=0) is
# maximally entangling, and MS(0, 0, θ=0.25) isn't unitary.
#
# Version: PennyLane-IonQ 0.45.0 (with PennyLane 0.45.1).
# Source: pennylane_ionq/ops.py, MS.compute_matrix: cos(θ/2)/√2 on the diagonal, with θ in turns,
# and -i·exp(…)/√2 beside it, without θ. IonQ, "Getting started with native gates": cos(πθ) on the
# diagonal and -i·exp(…)·sin(πθ) beside it; also in qiskit-ionq 1.1.1 and cirq-ionq 1.7.0.
# The guess before the run: θ=0 is the identity and θ=0.25 the fully entangling gate, because the
# docstring calls θ the "entanglement ratio" with the range 0 to 0.25.
# Why the guess is wrong: only the diagonal has θ, as cos(θ/2) of a number of turns, which stays near
# 1. A job holds θ and not the matrix, so what IonQ runs is right. But whoever checks a native circuit
# on default.qubit, or with qml.matrix, is told something else, without a warning: at θ=0.25 the
# probabilities add up to 0.992.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check 'pennylane==0.45.1' 'pennylane-ionq==0.45.0'
cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pennylane as qml
from pennylane_ionq.ops import MS

print("PennyLane-IonQ", version("pennylane-ionq"), "with PennyLane", qml.__version__)
found = {}
for theta in (0.0, 0.125, 0.25):
    matrix = qml.matrix(MS(0.0, 0.0, theta, wires=[0, 1]))
    ionq = np.cos(np.pi * theta) * np.eye(4) - 1j * np.sin(np.pi * theta) * np.fliplr(np.eye(4))
    unitary = np.abs(matrix @ matrix.conj().T - np.eye(4)).max()

    @qml.qnode(qml.device("default.qubit", wires=2))
    def circuit():
        MS(0.0, 0.0, theta, wires=[0, 1])
        return qml.probs(wires=[0, 1])

    found[theta] = np.abs(matrix[0, 3]), unitary, circuit()
    print(f"θ = {theta}: first row {np.round(matrix[0], 4)}")
    print(f"    IonQ's formula: {np.round(ionq[0], 4)}")
    print(f"    distance from a unitary {unitary:.4f}, probabilities {np.round(found[theta][2], 4)},"
          f" their sum {found[theta][2].sum():.4f}")
entangles_at_zero = np.isclose(found[0.0][0], 1 / np.sqrt(2))
not_unitary = found[0.25][1] > 1e-3
sys.exit(0 if entangles_at_zero and not_unitary else 1)
PYTHON
