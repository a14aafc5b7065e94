"""Tapes to native programs; pure: it never waits and never sees HTTP."""

from pennylane_qstore.compiler.batch import Compiled, Labelled, compile_batch, labelled_batch
from pennylane_qstore.compiler.tapes.measurements import qubits_of
from pennylane_qstore.compiler.templates.cache import TemplateCache
from pennylane_qstore.compiler.templates.lookup import preprocessing
from pennylane_qstore.compiler.templates.target import Target

__all__ = [
    "Compiled",
    "Labelled",
    "Target",
    "TemplateCache",
    "compile_batch",
    "labelled_batch",
    "preprocessing",
    "qubits_of",
]
