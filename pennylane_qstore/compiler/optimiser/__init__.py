"""Choose the circuit that is sent among equivalent ones, by its start and its measurement."""
