"""Decompose constant states and unitaries: KAK, Schmidt and Shannon decompositions."""
