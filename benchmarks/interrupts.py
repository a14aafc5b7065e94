"""Ctrl-C at random moments: is a job ever left running?

Run with `python benchmarks/interrupts.py [TRIES]`. A batch is interrupted at a random moment, half
of the times within the first moments, where submits are under way. Then the server is asked which
of its jobs still run. Each row is a way to run a batch; the last column counts the jobs that were
left running, which has to be 0.
"""

import json
import random
import signal
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import numpy as np
import pennylane as qml

import pennylane_qstore as qstore
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.emulator import serve
from pennylane_qstore.emulator.service.timing import Profile

TRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 100
FINAL = {"completed", "failed", "canceled"}
SECONDS = 0.4  # of a job
PROFILE = Profile("interrupted", round_trip=0.02, circuit=SECONDS / 3)


def circuit_on(url, **options):
    """A QNode of three circuits a call."""
    shared = {"backend": "simulator", "api_key": "any", "base_url": url, "journal": None}
    dev = qml.device("qstore.ionq", wires=1, progress=False, **(shared | options))

    @qml.qnode(dev)
    def circuit(angle):
        qml.RX(angle, 0)
        return qml.expval(qml.Z(0))

    return circuit


def ways(url):
    """Ways to run a batch."""
    angles = np.array([0.1, 0.2, 0.3])
    one, many = circuit_on(url), circuit_on(url, submission="concurrent")
    fleet = circuit_on(url, fallback="emulator")
    other = circuit_on(url)
    return {
        "one job": lambda: one(angles),
        "a job a circuit": lambda: many(angles),
        "a fleet": lambda: fleet(angles),
        "two devices, gathered": lambda: qstore.gather(
            [lambda: one(angles), lambda: other(angles)]
        ),
    }


def jobs(url):
    """Ids of the jobs that run, over there."""
    asked = urllib.request.Request(f"{url}/jobs", headers={"Authorization": "apiKey any"})
    with urllib.request.urlopen(asked) as answer:
        rows = json.load(answer)["jobs"]
    return [row["id"] for row in rows if row["status"] not in FINAL and not row["parent_job_id"]]


def interrupted(call, seconds):
    """What a call that is interrupted after some seconds says."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        call()
    except qstore.Interrupted as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return str(error).split(":")[0]
    except KeyboardInterrupt:
        return "KeyboardInterrupt"
    except BaseException as error:  # noqa: BLE001  which would be a finding
        signal.setitimer(signal.ITIMER_REAL, 0)
        return f"{type(error).__name__}: {error}"
    signal.setitimer(signal.ITIMER_REAL, 0)
    return "ended before"


def main():
    """Prints a row for each way."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    url = loop.current().run(serve(profile=PROFILE)).url
    draw = random.Random(1)
    missed = 0
    for name, call in ways(url).items():
        call()
        said, left = Counter(), 0
        for number in range(TRIES):
            most = 0.08 if number % 2 else 1.1 * SECONDS
            told = interrupted(call, max(draw.uniform(0, most), 1e-5))
            said[told] += 1
            running = jobs(url)
            if running:
                time.sleep(0.05)  # a cancellation may just be on its way through the server
                running = [job for job in jobs(url) if job in running]
            left += len(running)
            if running:
                print(f"{len(running)} left running after: {told}", file=sys.stderr)
            while jobs(url):
                time.sleep(0.05)
        missed += left
        print(f"{name:24}{TRIES:5} tries  {left:3} left running   {dict(said)}", flush=True)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
