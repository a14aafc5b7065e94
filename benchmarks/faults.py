"""The same faults, the same server, five clients of IonQ's API: what each makes of them.

Run with `python benchmarks/faults.py`, or with `--short` for two of the faults; clients that
aren't installed are left out (cirq-ionq, qiskit-ionq, ionq-core; PEERS_PYTHON names another
interpreter that has them). Each cell is a process of its own that sends a batch of three circuits
to a scripted server on loopback, which counts the jobs that were made. A client that hasn't ended
after 25 s is killed. Arguments are the faults that are tried, such as "Ctrl-C"; without any, all
are.
"""

import asyncio
import importlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
ANGLES = [0.4, 1.1, 2.0]
PATIENCE, SHOTS = 25.0, 1000
SHORT = ("submit stored, reply 503", "keys in another order")


def pennylane(url, ours):
    """Expectation values through a PennyLane device."""
    import pennylane as qml  # noqa: PLC0415  only in the client's own process

    if ours:
        cloud = {"backend": "simulator", "base_url": url, "journal": None, "gateset": "qis"}
        device = qml.device("qstore.ionq", wires=1, api_key="any", **cloud)
    else:
        from pennylane_ionq.api_client import APIClient  # noqa: PLC0415

        APIClient.BASE_URL = url
        device = qml.device("ionq.simulator", wires=1, api_key="any")
    tapes = [
        qml.tape.QuantumScript([qml.RX(angle, 0)], [qml.expval(qml.Z(0))], shots=SHOTS)
        for angle in ANGLES
    ]
    return [float(value) for value in qml.execute(tapes, device)]


def cirq(url):
    """Expectation values through cirq-ionq's ``run_batch``."""
    import cirq  # noqa: PLC0415
    import cirq_ionq  # noqa: PLC0415

    service = cirq_ionq.Service(api_key="any", remote_host=url.removesuffix("/v0.4"))
    qubit = cirq.LineQubit(0)
    circuits = [cirq.Circuit(cirq.rx(a)(qubit), cirq.measure(qubit, key="m")) for a in ANGLES]
    found = service.run_batch(circuits, repetitions=SHOTS, target="simulator")
    return [1 - 2 * float(each.measurements["m"].mean()) for each in found]


def qiskit(url):
    """Expectation values through qiskit-ionq."""
    from qiskit import QuantumCircuit  # noqa: PLC0415
    from qiskit_ionq import IonQProvider  # noqa: PLC0415

    backend = IonQProvider("any", url=url).get_backend("ionq_simulator")
    circuits = []
    for angle in ANGLES:
        circuit = QuantumCircuit(1, 1)
        circuit.rx(angle, 0)
        circuit.measure(0, 0)
        circuits.append(circuit)
    result = backend.run(circuits, shots=SHOTS).result()
    counts = [result.get_counts(i) for i in range(len(ANGLES))]
    return [(each.get("0", 0) - each.get("1", 0)) / sum(each.values()) for each in counts]


def core(url):
    """A job by hand through ionq-core, whose results are read by the ids of the children."""
    import ionq_core  # noqa: PLC0415
    from ionq_core import models  # noqa: PLC0415
    from ionq_core.api.default import create_job, get_job  # noqa: PLC0415

    client = ionq_core.IonQClient(api_key="any", base_url=url)
    circuits = [[{"gate": "rx", "target": 0, "rotation": angle}] for angle in ANGLES]
    source = {"gateset": "qis", "qubits": 1, "circuits": [{"circuit": each} for each in circuits]}
    payload = {"type": "ionq.multi-circuit.v1", "backend": "simulator", "shots": SHOTS}
    body = models.JSONMultiCircuitJob.from_dict({**payload, "input": source})
    made = create_job.sync(client=client, body=body)
    ended = ionq_core.wait_for_job(client, made.id)
    if ended.status != "completed":  # it is the caller's to look
        raise RuntimeError(f"{made.id} is {ended.status}")
    record = get_job.sync_detailed(uuid=made.id, client=client)
    children = json.loads(record.content)["child_job_ids"]
    answer = client.get_httpx_client().get(f"/jobs/{made.id}/results/probabilities/aggregated")
    return [answer.json()[each].get("0", 0) - answer.json()[each].get("1", 0) for each in children]


CLIENTS = {
    "qstore.ionq": (lambda url: pennylane(url, ours=True), "pennylane_qstore"),
    "pennylane-ionq": (lambda url: pennylane(url, ours=False), "pennylane_ionq"),
    "qiskit-ionq": (qiskit, "qiskit_ionq"),
    "cirq-ionq": (cirq, "cirq_ionq"),
    "ionq-core": (core, "ionq_core"),
}


def faults(scripted):
    """What each row does to the server, and whether the client is interrupted."""
    failure = {"code": "QuotaExhaustedError", "message": "no money left"}
    dead = {"end": "failed", "failed": {0, 1, 2}}
    lost, late = scripted.error(503), scripted.error(429, Retry_After="2")
    return {
        "nothing": bool,
        "submit stored, reply 503": lambda ionq: ionq.script("POST", "/jobs", scripted.After(lost)),
        "submit stored, reply reset": lambda ionq: ionq.script(
            "POST", "/jobs", scripted.After(scripted.RESET)
        ),
        "submit not stored, reply 503": lambda ionq: ionq.script("POST", "/jobs", lost),
        "submit 429 twice, Retry-After 2": lambda ionq: ionq.script("POST", "/jobs", late, late),
        "looks 429 for 4 s": lambda ionq: setattr(ionq, "throttled", (1.0, 5.0)),
        "half an answer": lambda ionq: ionq.script(
            "GET", "/jobs/*", scripted.TRUNCATED, scripted.TRUNCATED
        ),
        "keys in another order": lambda ionq: setattr(ionq, "shuffled", True),
        "job canceled": lambda ionq: ionq.fates.append({"end": "canceled"}),
        "job failed": lambda ionq: ionq.fates.append({**dead, "failure": failure}),
        "one circuit failed": lambda ionq: ionq.fates.append({"failed": {1}}),
        "Ctrl-C": lambda ionq: ionq.fates.append({"queue": 1e6}),
    }


def interpreter(module):
    """A Python that has a client; None where there is none."""
    for python in (sys.executable, os.environ.get("PEERS_PYTHON", sys.executable)):
        tried = subprocess.run([python, "-c", f"import {module}"], check=False, capture_output=True)
        if tried.returncode == 0:
            return python
    return None


def cell(scripted, prepare, name, python):
    """One client against one fault: what came of it."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def start():
        ionq = scripted.ScriptedIonQ()
        ionq.latency, ionq.queue, ionq.execution, ionq.telling = 0.05, 0.4, 0.6, True
        prepare(ionq)
        await ionq.start()
        return ionq

    ionq = asyncio.run_coroutine_threadsafe(start(), loop).result()
    command = [python, __file__, "--client", name, ionq.url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    interrupted = any("queue" in fate for fate in ionq.fates)
    process.stdout.readline()  # its imports are nobody's waiting
    try:
        if interrupted:
            return interrupt(ionq, process)
        out, _ = process.communicate(timeout=PATIENCE)
        told = json.loads(out.splitlines()[-1])
    except subprocess.TimeoutExpired:
        told = {"text": f"waits on after {PATIENCE:.0f} s"}
    finally:
        process.kill()
        process.communicate()
    jobs, requests = len(ionq.jobs), len(ionq.requests)
    return f"{told['text']}; {jobs} job{'s' * (jobs != 1)}, {requests} requests"


def interrupt(ionq, process):
    """A Ctrl-C while the job is live: what the server has heard of it."""
    begun = time.monotonic()
    while not ionq.jobs and time.monotonic() < begun + PATIENCE:
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    try:
        _, error = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        return "doesn't stop"
    cancelled = "cancelled over there" if ionq.cancelled else "runs on over there"
    known = any(job_id in error for job_id in ionq.jobs)
    return f"job {cancelled}, {'its id is told' if known else 'its id is not told'}"


def run(name, url):
    """In the client's own process: prints what came of the call."""
    call, module = CLIENTS[name]
    # A shell that starts this script in the background has it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    importlib.import_module(module)
    print("ready", flush=True)
    start = time.monotonic()
    try:
        found = call(url)
        seconds = time.monotonic() - start
        expected = [math.cos(angle) for angle in ANGLES]
        right = all(abs(a - b) < 0.15 for a, b in zip(found, expected, strict=True))
        text = f"{'right' if right else 'WRONG VALUES'} in {seconds:.1f} s"
    except Exception as error:  # noqa: BLE001  whatever a client raises is its answer
        reason = " ".join(str(error).split())[:160]
        text = f"{type(error).__name__}: {reason} ({time.monotonic() - start:.1f} s)"
    print(json.dumps({"text": text}))


def main():
    """Prints a table for each fault."""
    if "--client" in sys.argv:
        run(*sys.argv[-2:])
        return
    from tests import scripted  # noqa: PLC0415

    pythons = {name: interpreter(module) for name, (_, module) in CLIENTS.items()}
    short = "--short" in sys.argv
    asked = SHORT if short else sys.argv[1:] or list(faults(scripted))
    for fault, prepare in faults(scripted).items():
        if fault not in asked:
            continue
        print(f"\n{fault}")
        for name, python in pythons.items():
            told = "not installed" if python is None else cell(scripted, prepare, name, python)
            print(f"  {name:15} {told}", flush=True)


if __name__ == "__main__":
    main()
