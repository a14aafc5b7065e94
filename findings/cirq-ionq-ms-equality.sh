#!/usr/bin/env bash
# Surprise: two MS gates of cirq-ionq with different angles θ are equal, and so are circuits of them.
#
# Version: cirq-ionq 1.7.0.
# Source: cirq_ionq/ionq_native_gates.py, MSGate._value_equality_values_ returns (phi0, phi1), and
# MSGate.__repr__ prints these two. The unitary and the JSON have θ as well.
# The guess before the run: gates with different unitaries compare as different. Cirq's decorator
# value_equality is made for that, and the sister class ZZGate, whose only parameter is θ, does it.
# Why the guess is wrong: the comparison lists the two phases and leaves the angle out. So a test
# `assert circuit == expected` passes for a partial entangler in the place of a full one; a set or a
# dictionary of gates, as a cache of compiled circuits has, takes the one for the other; and
# eval(repr(gate)) is the fully entangling gate.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check 'cirq-ionq==1.7.0'
cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import sys

import cirq
import cirq_ionq
import numpy as np

print("cirq-ionq", cirq_ionq.__version__)
full, partial = (cirq_ionq.MSGate(phi0=0, phi1=0, theta=theta) for theta in (0.25, 0.05))
qubits = cirq.LineQubit.range(2)
circuits = [cirq.Circuit(gate(*qubits), cirq.measure(*qubits)) for gate in (full, partial)]
chances = [np.abs(cirq.Circuit(gate(*qubits)).final_state_vector()) ** 2 for gate in (full, partial)]
print("gates equal:    ", full == partial)
print("circuits equal: ", circuits[0] == circuits[1])
print("in a set:       ", len({full, partial}), "gate")
print("repr:           ", repr(partial))
print("eval(repr).theta", eval(repr(partial)).theta, "was", partial.theta)
print("unitaries equal:", np.allclose(cirq.unitary(full), cirq.unitary(partial)))
print("chance of |11>: ", *(f"{each[3]:.4f}" for each in chances))
zz = [cirq_ionq.ZZGate(theta=theta) for theta in (0.25, 0.05)]
print("ZZ gates equal: ", zz[0] == zz[1])
as_found = full == partial and circuits[0] == circuits[1] and len({full, partial}) == 1
sys.exit(0 if as_found and not np.allclose(*chances) else 1)
PYTHON
