"""Which passes of the optimiser run: all of them, unless the worth of one is measured."""

from typing import NamedTuple


class Passes(NamedTuple):
    """Switches of the passes that only make circuits cheaper; any choice compiles correctly.

    Attributes:
        blocks: replace two-qubit blocks by equivalent ones with fewer entanglers
        pauli_gadgets: search for few entanglers for the rotations and the Clifford of a circuit
        cnot_layers: synthesise layers of CNOTs again as linear maps
        prepared_start: prepare the state of a constant start by its Schmidt decomposition
        parity_sectors: turn rotations that keep a parity into two by Euler's angles
        commuting_order: order commuting rotations so that neighbours have like axes
        ms_gauge: choose the free rotations at the ends of MS
        x_frames: carry Pauli-X frames along instead of playing π pulses
    """

    blocks: bool = True
    pauli_gadgets: bool = True
    cnot_layers: bool = True
    prepared_start: bool = True
    parity_sectors: bool = True
    commuting_order: bool = True
    ms_gauge: bool = True
    x_frames: bool = True


ALL_PASSES = Passes()
