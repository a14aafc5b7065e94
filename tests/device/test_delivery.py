"""Batches of several devices at the same time."""

import time
from functools import partial

import numpy as np
import pennylane as qml

import pennylane_qstore as qstore


def test_devices_take_their_places_in_a_run_in_order(ionq, tmp_path):
    """A run that is run again finds each device's jobs, whichever was quicker the first time."""

    def circuits():
        for order in ("first", "second"):
            device = qml.device(
                "qstore.ionq", backend="simulator", api_key="k", base_url=ionq.url,
                journal=tmp_path / "journal.sqlite", job_name=order, metadata={"device": order},
            )  # fmt: skip

            @qml.qnode(device)
            def circuit(angle):
                qml.RX(angle, 0)
                return qml.expval(qml.Z(0))

            yield circuit

    def slowed(circuit):
        next_step = circuit.device.next_step

        def later():
            time.sleep(0.3)
            return next_step()

        circuit.device.next_step = later

    for attempt in range(2):
        first, second = circuits()
        slowed((first, second)[attempt])
        with qstore.run("both"):
            for angle in np.linspace(0.1, 0.4, 3):
                qstore.gather([partial(first, angle), partial(second, angle)])
        assert ionq.count("POST", "/jobs") == 6
