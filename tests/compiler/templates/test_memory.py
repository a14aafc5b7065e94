"""Bytes that values hold: all of them, and each once."""

import tracemalloc

import numpy as np

from pennylane_qstore.compiler.templates.memory import footprint
from pennylane_qstore.programs.program import Gate, Programs


def test_arrays_count_with_their_data_and_objects_once():
    """A view counts what it shows, a list what is in it, a repetition nothing."""
    array = np.zeros(10_000)
    assert 80_000 <= footprint(array) < 80_300
    assert 40_000 <= footprint(array[:5_000]) < 40_300
    assert footprint([array, array]) < 80_500
    assert footprint({"a": array}) > 80_000


def test_objects_with_slots_and_dictionaries_are_looked_into():
    """What is kept in attributes counts, what a function holds doesn't."""

    class Holder:
        def __init__(self, value):
            self.value = value

    numbers = np.zeros((100, 50))
    programs = Programs("native", 1, tuple(Gate("gpi", (0,)) for _ in range(50)), numbers)
    assert footprint(Holder(programs)) > numbers.nbytes
    assert footprint(lambda: numbers) == footprint(Holder) == 0


def test_it_is_about_what_python_allocates():
    """Within a factor of two of what is allocated for many small objects."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    value = [{"key": (i, str(i)), "data": np.arange(i % 7)} for i in range(10_000, 12_000)]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 < footprint(value) / (after - before) < 2
