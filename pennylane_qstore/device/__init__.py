"""PennyLane's device: execution, readout, derivatives and what can be inspected."""
