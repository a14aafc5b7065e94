#!/usr/bin/env bash
# Surprise: qml.simplify turns RX(0.3) + RX(0.3 + 2π), which is the zero operator, into 2·RX(0.3).
#
# Version: PennyLane 0.45.1.
# Source: Sum.simplify collects equal terms by Operator.hash; pennylane/operation.py, _process_data,
# takes the angles of RX, RY, RZ, PhaseShift and Rot modulo 2π before it hashes them.
# The guess before the run: simplify returns an operator with the same matrix. Its docstring says
# that it reduces "arithmetic depth" and the number of parameters, and RX.simplify itself is careful:
# it takes the angle modulo 4π, because RX(θ + 2π) = -RX(θ).
# Why the guess is wrong: as a gate alone, a rotation by 2π more differs by a global phase, and the
# hash forgets it. In a sum the phase is a sign: terms that cancel are added up, and terms that add
# up, as in RX(0.3)/2 - RX(0.3 + 2π)/2, cancel. qml.equal tells the two rotations apart.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check 'pennylane==0.45.1'
cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import math
import sys

import numpy as np
import pennylane as qml

print("PennyLane", qml.__version__)
first, second = qml.RX(0.3, 0), qml.RX(0.3 + 2 * math.pi, 0)
total = first + second
simple = qml.simplify(total)
before, after = np.abs(qml.matrix(total)).max(), np.abs(qml.matrix(simple)).max()
print("qml.equal of the two terms:", qml.equal(first, second))
print("their hashes are equal:    ", hash(first) == hash(second))
print(f"the sum:        {total}")
print(f"  its matrix's largest entry: {before:.6f}")
print(f"simplified:     {simple}")
print(f"  its matrix's largest entry: {after:.6f}")

difference = 0.5 * first - 0.5 * second
gone = qml.simplify(difference)
error = np.abs(qml.matrix(gone, wire_order=[0]) - qml.matrix(first)).max()
print(f"the difference: {difference}, which is RX(0.3)")
print(f"simplified:     {gone}, off by {error:.6f}")
sys.exit(0 if before < 1e-9 and after > 1.9 and error > 0.9 else 1)
PYTHON
