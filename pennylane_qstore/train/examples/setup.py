"""Set up what both trainings need: the device, the named run, and where checkpoints go."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pennylane as qml

from pennylane_qstore import runs
from pennylane_qstore.train.examples.options import RunOptions
from pennylane_qstore.train.trainer import Saving


def make_device(wires: int, backend: str, seed: int, **options: Any) -> Any:
    """Make the device that circuits run on.

    Args:
        wires: number of wires
        backend: "emulator", "simulator" or "qpu.…"
        seed: of the shots that are drawn on this machine
        options: further options of the device

    Returns:
        the device ``qstore.ionq``
    """
    # The training shows its own progress.
    return qml.device(
        "qstore.ionq", wires=wires, backend=backend, seed=seed, **{"progress": False} | options
    )


def saving(options: RunOptions, device: Any, run: runs.Run | None) -> Saving | None:
    """Return where the training is kept, or None for a training without a name."""
    if options.checkpoint is None:
        return None
    return Saving(
        options.checkpoint, options.checkpoint_every, options.resume, options.kept, device, run
    )


@contextmanager
def named_run(name: str | None) -> Iterator[runs.Run | None]:
    """Enter the run of a name.

    Args:
        name: of the run, or None

    Yields:
        the run, or None without a name
    """
    if name is None:
        yield None
        return
    with runs.run(name) as run:
        yield run
