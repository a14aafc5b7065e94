"""Write many rows of numbers into copies of one text."""

from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

# Decimals of a number, and what stands for one in a form; two whole numbers of half as many
# decimals fit NumPy's fastest integers, and two of a quarter make a table.
DECIMALS = 16
PLACE = f"%0{DECIMALS}d"
UNITS = 10**DECIMALS
_HALF, _QUARTER = 10**8, 10**4
_QUARTERS = np.frombuffer(b"".join([b"%04d" % i for i in range(_QUARTER)]), dtype=np.uint32)
# Fewer texts are written one by one; more than so many at once would not stay in a core's cache.
_FEW, _MANY = 6, 128


class DecimalText:
    """A text with places for decimals."""

    def __init__(self, text: str) -> None:
        """Find the places.

        Args:
            text: in ASCII, with `PLACE` for the decimals of each number
        """
        self.text = text
        self.places = text.count(PLACE)

    def filled(self, units: NDArray[np.int64]) -> list[str]:
        """Return one text per row of numbers.

        Args:
            units: the numbers in units of the last decimal, not negative; shape (rows, places)
        """
        if not self.places or len(units) < _FEW:
            return [self.text % tuple(row) for row in units.tolist()]
        starts = range(0, len(units), _MANY)
        return [text for at in starts for text in self._written(units[at : at + _MANY])]

    def _written(self, units: NDArray[np.int64]) -> list[str]:
        first = (self.text % tuple(units[0].tolist())).encode("ascii")
        rows, length = np.full(len(units), np.void(first)), len(first)
        # What is the same in all texts is in the first.
        (changing,) = (units != units[0]).any(axis=0).nonzero()
        fields, names = rows.view(self._fields), self._fields.names or ()
        for place, column in zip(changing.tolist(), _decimals(units.T[changing]), strict=True):
            fields[names[place]] = column
        whole = rows.view(np.uint8).data
        return [str(whole[at : at + length], "ascii") for at in range(0, len(whole), length)]

    @cached_property
    def _fields(self) -> np.dtype[np.void]:
        """The record type of the text, with a field for each place."""
        before = self.text.split(PLACE)[:-1]
        ends = accumulate(len(piece.replace("%%", "%")) + DECIMALS for piece in before)
        return np.dtype(
            {
                "names": [str(place) for place in range(self.places)],
                "formats": [f"S{DECIMALS}"] * self.places,
                "offsets": [end - DECIMALS for end in ends],
                "itemsize": len(self.text % ((0,) * self.places)),
            }
        )


def _decimals(units: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return the integers' decimals, with leading zeros."""
    high = units // _HALF
    quarters = np.empty((*units.shape, 4), dtype=np.uint32)
    for place, half in ((0, high), (2, units - high * _HALF)):
        short = half.astype(np.uint32)
        upper = short // _QUARTER
        quarters[..., place] = upper
        quarters[..., place + 1] = short - upper * _QUARTER
    return _QUARTERS.take(quarters).view(f"S{DECIMALS}")[..., 0]
