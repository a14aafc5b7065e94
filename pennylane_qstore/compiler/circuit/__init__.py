"""What is compiled: rotations with symbolic angles, Clifford gates and constant unitaries."""
