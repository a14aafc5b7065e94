"""Constant states and unitaries to gates: KAK, Schmidt and Shannon decompositions."""
