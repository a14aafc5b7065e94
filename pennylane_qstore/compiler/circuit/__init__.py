"""Elements of circuits: rotations with symbolic angles, Clifford gates, constant unitaries."""
