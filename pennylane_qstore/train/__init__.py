"""``qstore train``: learn to tell two handwritten digits apart, on the emulator or on IonQ."""

from pennylane_qstore.train.command import add_arguments, main, run

__all__ = ["add_arguments", "main", "run"]
