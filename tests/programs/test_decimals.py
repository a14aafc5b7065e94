"""Decimals in their places, for one text and for many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennylane_qstore.programs.decimals import PLACE, UNITS, DecimalText

FORM = f"[0.{PLACE}, 1{PLACE};{PLACE}]"


@pytest.mark.parametrize("rows", [1, 5, 6, 128, 300])
@given(data=st.data())
def test_each_number_is_in_its_place(rows, data):
    """As Python writes it, whether there are few texts or many."""
    unit = st.integers(0, UNITS - 1) | st.sampled_from([0, 1, UNITS - 1, 10**8, 10**4])
    few = np.array(data.draw(st.lists(st.tuples(unit, unit, unit), min_size=1, max_size=5)))
    units = np.resize(few, (rows, 3))
    expected = [f"[0.{a:016}, 1{b:016};{c:016}]" for a, b, c in units.tolist()]
    assert DecimalText(FORM).filled(units) == expected


def test_a_text_without_places_is_itself():
    """As often as it is asked for."""
    assert DecimalText("[100%%]").filled(np.zeros((7, 0), dtype=np.int64)) == ["[100%]"] * 7
    assert DecimalText("[]").filled(np.zeros((0, 0), dtype=np.int64)) == []
    assert DecimalText(f"100%% {PLACE}").filled(np.full((9, 1), 7)) == ["100% 0000000000000007"] * 9
