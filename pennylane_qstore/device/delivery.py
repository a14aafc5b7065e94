"""Run batches of several devices: one batch per device, all devices at the same time."""

import threading
from collections.abc import Sequence

from pennylane_qstore.cloud.http import loop
from pennylane_qstore.device.receivers import Answer, Executor, TapeBatch, current
from pennylane_qstore.errors import Interrupted


def deliver(batches: Sequence[TapeBatch]) -> list[Answer]:
    """Return the batches' answers, in order, from this thread's receiver if it has one.

    Args:
        batches: of any devices; those of one device run as one
    """
    if not batches:
        return []
    receiver = current()
    if receiver is not None:
        return receiver.take(batches)
    places: dict[int, list[int]] = {}
    for place, batch in enumerate(batches):
        places.setdefault(id(batch.device), []).append(place)
    groups = [
        _DeviceBatches(batches[own[0]].device, [batches[i] for i in own]) for own in places.values()
    ]
    _run(groups)
    answers = {
        place: answer
        for own, group in zip(places.values(), groups, strict=True)
        for place, answer in zip(own, group.answers, strict=True)
    }
    return [answers[place] for place in range(len(batches))]


class _DeviceBatches:
    """The batches of one device, in a thread of their own where there are several devices."""

    def __init__(self, device: Executor, batches: Sequence[TapeBatch]) -> None:
        self._device = device
        # Taken in the batches' order, so that it is the same when a killed run is run again.
        self._step = device.next_step()
        self._tapes = [batch.tapes for batch in batches]
        self.answers: list[Answer] = []
        self.interrupt: KeyboardInterrupt | None = None
        self.thread = threading.Thread(target=self._serve, name="qstore-device", daemon=True)

    def run(self) -> None:
        """Run the batches in the calling thread."""
        try:
            self.answers = self._device.execute_each(self._tapes, self._step)
        except Exception as error:  # noqa: BLE001  it is the callers'
            self.answers = [error] * len(self._tapes)

    def _serve(self) -> None:
        try:
            self.run()
        except KeyboardInterrupt as interrupt:
            self.interrupt = interrupt


def _run(groups: Sequence[_DeviceBatches]) -> None:
    if len(groups) == 1:
        groups[0].run()
        return
    try:
        for group in groups:
            group.thread.start()
        for group in groups:
            group.thread.join()
    except KeyboardInterrupt:
        running = loop.current()
        for group in groups:
            running.interrupt(group.thread)
        for group in groups:
            if group.thread.ident is not None:  # it was started
                group.thread.join(loop.GRACE)
        raise _interrupted([group.interrupt for group in groups]) from None


def _interrupted(interrupts: Sequence[KeyboardInterrupt | None]) -> Interrupted:
    """Return one error that joins the devices' own errors after a Ctrl-C."""
    told = [each for each in interrupts if isinstance(each, Interrupted)]
    text = "; ".join(str(each) for each in told) or "interrupted before any job was accepted"
    return Interrupted(text, job_ids=[job_id for each in told for job_id in each.job_ids])
