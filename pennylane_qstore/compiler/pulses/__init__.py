"""Compile a circuit to IonQ's native gates: the pulses between entanglers, and their phases."""
