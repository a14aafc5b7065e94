"""Tapes to native programs; pure: it never waits and never sees HTTP."""

from pennylane_qstore.compiler.grouping import wire_order
from pennylane_qstore.compiler.native import compile_native
from pennylane_qstore.compiler.pipeline import pipeline
from pennylane_qstore.compiler.qis import compile_qis

__all__ = ["compile_native", "compile_qis", "pipeline", "wire_order"]
