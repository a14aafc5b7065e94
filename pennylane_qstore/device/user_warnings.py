"""Warnings about surprising defaults and choices, given once per device."""

import warnings
from collections.abc import Iterable

from pennylane.measurements import ExpectationMP, SampleMP, VarianceMP
from pennylane.tape import QuantumScript

from pennylane_qstore.options import Options

DEBIASING_SHOTS = 500
# What sharpening makes something else of: it is meant to find the likeliest bit strings.
_NOT_SHARPENED = (ExpectationMP, VarianceMP, SampleMP)


class Cautions:
    """The warnings of one device, and which of them were given.

    Attributes:
        are_left: whether a batch may still be the first to meet one
    """

    def __init__(self, options: Options, *, on_qpu: bool) -> None:
        """Give no warning yet.

        Args:
            options: of the device
            on_qpu: whether circuits may run on a quantum computer
        """
        self._backend = options.backend
        self._sharpening_is_known = not options.sharpen
        self._debiasing_is_known = not on_qpu or options.error_mitigation is not None
        self.are_left = not (self._sharpening_is_known and self._debiasing_is_known)

    def about(self, circuits: Iterable[QuantumScript], stacklevel: int) -> None:
        """Give the warnings that a batch is the first to need.

        Args:
            circuits: of the batch
            stacklevel: how far up whoever should read it is
        """
        if not self._debiasing_is_known:
            self._debiasing_is_known = True
            warnings.warn(
                f"error_mitigation is unset on {self._backend}: IonQ leaves debiasing off for "
                f"native jobs and turns it on for QIS jobs of {DEBIASING_SHOTS} shots or more. "
                'Say which you want with error_mitigation={"debiasing": True} or False.',
                stacklevel=stacklevel + 1,
            )
        self.are_left = not self._sharpening_is_known
        if self._sharpening_is_known:
            return
        asked = [m for tape in circuits for m in tape.measurements if isinstance(m, _NOT_SHARPENED)]
        if asked:
            self._sharpening_is_known, self.are_left = True, False
            warnings.warn(
                f"sharpen=True, and {asked[0]} is asked for: sharpening lets the variants of a "
                "circuit vote on whole bit strings, to find the likeliest ones, so that means, "
                "variances and samples are those of a filtered distribution. Use sharpen=False for "
                "them.",
                stacklevel=stacklevel + 1,
            )
