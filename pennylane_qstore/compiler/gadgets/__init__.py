"""Pauli gadgets: Clifford gates move to the end, and a search finds the rotations' order."""
