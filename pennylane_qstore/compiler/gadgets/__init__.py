"""Pauli gadgets: Clifford gates move to the end, and a search orders the rotations."""
