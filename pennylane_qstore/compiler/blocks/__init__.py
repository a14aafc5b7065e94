"""Blocks: all that happens between two qubits, taken together."""
