"""Two-qubit blocks: consecutive elements on a pair of qubits, replaced together."""
