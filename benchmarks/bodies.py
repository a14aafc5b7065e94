"""What 500 random circuits compile to: prints digests, and compares two checkouts.

    PYTHONPATH=/path/to/a/checkout python benchmarks/bodies.py --save old.gz
    PYTHONPATH=/path/to/another python benchmarks/bodies.py --against old.gz

Every circuit is compiled for ZZ (Forte) and for MS (Aria), with its whole unitary and with its
outcomes only, at random angles, at special ones, and broadcast over a few. Gates, numbers with all
their digits, the wires' names and the map of the measured bits are compared. Only the public
device is used, so that any checkout since 11bdab0 can run it. Nothing is sent.
"""

import argparse
import dataclasses
import gzip
import hashlib
import itertools
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript
from scipy.stats import unitary_group

import pennylane_qstore as qstore

CIRCUITS = 500
NEAR = 1e-9  # turns
Wires = Sequence[int]
Random = np.random.Generator
_SPECIAL = np.pi / 2 * np.array([0, 0, 1, -1, 2, 0.5])
_LISTED = [{"backend": "simulator", "qubits": 29, "status": "available", "average_queue_time": 0}]


class _Backends(BaseHTTPRequestHandler):
    """Answers the one request that compiling makes: which backends there are."""

    def do_GET(self) -> None:
        """Send the list of backends."""
        body = json.dumps(_LISTED).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


class _Angles:
    """Draws angles: random ones, special ones, or a batch of both."""

    def __init__(self, kind: str, seed: int) -> None:
        self.kind, self._rng = kind, np.random.default_rng(seed)

    def __call__(self) -> Any:
        if self.kind == "special":
            return float(self._rng.choice(_SPECIAL))
        if self.kind == "batch":
            mixed = self._rng.random(3) < 0.3
            return np.where(mixed, self._rng.choice(_SPECIAL, 3), self._rng.uniform(-7, 7, 3))
        return float(self._rng.uniform(-7, 7))


_FIXED = {
    **dict.fromkeys(("Hadamard", "PauliX", "PauliY", "PauliZ", "S", "T", "SX"), 1),
    **dict.fromkeys(("CNOT", "CZ", "CY", "CH", "SWAP", "ISWAP", "SISWAP", "ECR"), 2),
    **dict.fromkeys(("CCZ", "Toffoli", "CSWAP"), 3),
}
_ROTATIONS = {
    **dict.fromkeys(("RX", "RY", "RZ", "PhaseShift"), 1),
    **dict.fromkeys(("IsingXX", "IsingYY", "IsingZZ", "IsingXY", "CRX", "CRY", "CRZ"), 2),
    **dict.fromkeys(("ControlledPhaseShift", "SingleExcitation", "PSWAP"), 2),
    "MultiRZ": 3,
    "DoubleExcitation": 4,
}


def _gates(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """Gates of all kinds."""
    names = {name: n for name, n in (_FIXED | _ROTATIONS).items() if n <= len(wires)}
    for _ in range(rng.integers(3, 16)):
        name = str(rng.choice(sorted(names)))
        own = rng.permutation(wires)[: names[name]].tolist()
        yield getattr(qml, name)(*([angle()] if name in _ROTATIONS else []), wires=own)


def _clifford_and_t(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """Clifford gates and a few T and RZ."""
    for _ in range(rng.integers(8, 40)):
        name = str(rng.choice(["Hadamard", "S", "CNOT", "CNOT", "CZ", "SWAP", "T", "RZ"]))
        n = 2 if name in {"CNOT", "CZ", "SWAP"} else 1
        if n <= len(wires):
            own = rng.permutation(wires)[:n].tolist()
            yield getattr(qml, name)(*([angle()] if name == "RZ" else []), wires=own)


def _layers(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """A hardware-efficient ansatz."""
    axes = rng.choice(["RX", "RY", "RZ"], rng.integers(1, 4))
    linked = str(rng.choice(["CNOT", "CZ", "IsingZZ", "CRX"]))
    for _ in range(rng.integers(1, 4)):
        for wire in wires:
            for axis in axes:
                yield getattr(qml, axis)(angle(), wires=wire)
        for pair in itertools.pairwise(wires):
            numbers = [] if linked in _FIXED else [angle()]
            yield getattr(qml, linked)(*numbers, wires=list(pair))


def _trotter(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """Steps of a spin chain in a field, with other couplings each time."""
    words = rng.permutation(["XX", "YY", "ZZ"])[: rng.integers(1, 4)]
    field = str(rng.choice(["RX", "RZ", ""]))
    for _ in range(rng.integers(1, 4)):
        for start in (0, 1):
            for pair in zip(wires[start::2], wires[start + 1 :: 2], strict=False):
                for word in words:
                    yield getattr(qml, f"Ising{word}")(angle(), wires=list(pair))
        if field:
            for wire in wires:
                yield getattr(qml, field)(angle(), wires=wire)


def _pauli_words(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """Rotations about long Pauli words, and a few Clifford gates between them."""
    for _ in range(rng.integers(2, 9)):
        own = rng.permutation(wires)[: rng.integers(1, len(wires) + 1)].tolist()
        yield qml.PauliRot(angle(), "".join(rng.choice(list("XYZ"), len(own))), own)
        if rng.random() < 0.4:
            yield qml.Hadamard(int(rng.choice(wires)))


def _constants(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """States, unitaries and diagonals that are given by their numbers."""
    some = wires[: min(len(wires), 4)]
    vector = rng.normal(size=2 ** len(some)) + 1j * rng.normal(size=2 ** len(some))
    if rng.random() < 0.3:
        vector = vector.real + 0j
    yield qml.StatePrep(vector / np.linalg.norm(vector), some)
    for _ in range(rng.integers(0, 3)):
        n = int(rng.integers(1, min(len(wires), 3) + 1))
        own = rng.permutation(wires)[:n].tolist()
        if rng.random() < 0.7:
            yield qml.QubitUnitary(unitary_group.rvs(2**n, random_state=rng), own)
        else:
            yield qml.DiagonalQubitUnitary(np.exp(1j * rng.uniform(-3, 3, 2**n)), own)
        yield qml.RY(angle(), int(rng.choice(wires)))


def _templates(rng: Random, wires: Wires, angle: _Angles) -> Iterator[Operator]:
    """PennyLane's templates."""
    n = len(wires)
    yield qml.RY(angle(), wires[0])
    which = int(rng.integers(6))
    if which == 0:
        yield qml.QFT(wires)
    elif which == 1:
        yield qml.StronglyEntanglingLayers(rng.uniform(-3, 3, (2, n, 3)), wires)
    elif which == 2 and n > 2:
        yield qml.GroverOperator(wires)
    elif which == 3 and n > 2:
        yield qml.MultiControlledX(list(wires))
        yield qml.RX(angle(), wires[-1])
        yield qml.ctrl(qml.RY(angle(), wires[-1]), list(wires[:2]))
    elif which == 4 and n > 3:
        yield qml.BasisState([1, 1, 0, 0], wires[:4])
        yield qml.DoubleExcitation(angle(), wires[:4])
        yield qml.FermionicSingleExcitation(0.4, wires[:3])
    else:
        yield qml.IQPEmbedding(rng.uniform(-3, 3, n), wires, n_repeats=2)
    yield qml.CRZ(angle(), list(wires[:2])) if n > 1 else qml.RZ(angle(), wires[0])


Style = Callable[[Random, Wires, _Angles], Iterator[Operator]]
_STYLES: tuple[Style, ...] = (
    _gates,
    _clifford_and_t,
    _layers,
    _trotter,
    _pauli_words,
    _constants,
    _templates,
)


def tapes(number: int) -> list[QuantumScript]:
    """Return the tapes of a circuit: one structure (more or less) at different angles."""
    found = []
    for kind in ("random", "special", "random again", "batch"):
        rng = np.random.default_rng([number, 1])
        style = _STYLES[number % len(_STYLES)]
        wires = list(range(int(rng.integers(1, 7))))
        angle = _Angles(kind, number + len(kind))
        gates = list(style(rng, wires, angle))
        own = rng.permutation(wires)[: rng.integers(1, len(wires) + 1)].tolist()
        which = int(rng.integers(3))
        if which == 0:
            measured = [qml.probs(wires=wires)]
        elif which == 1:
            measured = [qml.probs(wires=own)]
        else:
            word = qml.prod(*(getattr(qml, str(rng.choice(list("XYZ"))))(w) for w in own))
            measured = [qml.expval(word), qml.expval(qml.Z(wires[0]))]
        found.append(QuantumScript(gates, measured, shots=100))
    return found


def devices() -> Iterator[tuple[str, Any]]:
    """Yield a name and a device for each machine and mode; they ask a server of this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Backends)
    Thread(target=server.serve_forever, daemon=True).start()
    for machine in ("forte-1", "aria-1"):
        for aware in (True, False):
            device = qml.device(
                "qstore.ionq",
                wires=6,
                backend="simulator",
                noise_model=machine,
                measurement_aware=aware,
                api_key="any",
                base_url=f"http://127.0.0.1:{server.server_port}/v0.4",
            )
            yield f"{machine} {'outcomes' if aware else 'unitary'}", device


def sent(tape: QuantumScript, device: Any) -> list[Any]:
    """Return what a tape is sent as: for each circuit its body, names, map of bits, and counts."""
    made = qstore.compile(tape, device)()
    found = []
    for each in made if isinstance(made, tuple) else (made,):
        bits = each.programs.bits_of(0)
        meaning = bits if bits is None else dataclasses.astuple(bits)
        (body,) = each.programs.bodies()
        counts = each.gate_counts()
        found.append(
            [json.loads(body), each.names, meaning, each.shots, counts["2q"], counts["1q"]]
        )
    return json.loads(json.dumps(found))  # tuples as lists, as they are read back


def compiled(numbers: Sequence[int]) -> Iterator[tuple[str, list[Any]]]:
    """Yield a name, and what is sent, for each circuit and each device."""
    targets = list(devices())
    for number in numbers:
        for name, device in targets:
            yield (
                f"{number:03d} {name}",
                [each for tape in tapes(number) for each in sent(tape, device)],
            )


def line(name: str, circuits: Sequence[Any]) -> str:
    """Return a name with a digest of what is sent, and its gates on two qubits and on one."""
    short = hashlib.sha256(json.dumps(circuits).encode()).hexdigest()[:12]
    two, one = (sum(circuit[place] for circuit in circuits) for place in (-2, -1))
    return f"{name:24} {short} {two:4d} + {one}"


def difference(one: Any, other: Any) -> float:
    """Return how far two bodies' numbers are apart, in turns; infinity where anything else is."""
    if isinstance(one, float | int) and isinstance(other, float | int):
        apart = abs(one - other)
        return abs(apart - round(apart))
    if type(one) is not type(other):
        return np.inf
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return np.inf
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list):
        if len(one) != len(other):
            return np.inf
        return max(map(difference, one, other), default=0.0)
    return 0.0 if one == other else np.inf


def read(path: Path) -> dict[str, list[Any]]:
    """Return what another checkout saved, by name."""
    with gzip.open(path, "rt") as file:
        return dict(map(json.loads, file))


def main() -> None:
    """Print the digests, and what differs from another checkout's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="number of the first circuit")
    parser.add_argument("--circuits", type=int, default=CIRCUITS, help="how many")
    parser.add_argument("--save", type=Path, help="a file (.gz) for what is sent")
    parser.add_argument("--against", type=Path, help="such a file of another checkout")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    expected = read(asked.against) if asked.against else {}
    started, saved, apart = time.process_time(), [], []
    for name, circuits in compiled(range(asked.first, asked.first + asked.circuits)):
        saved.append(json.dumps([name, circuits]))
        if not expected:
            print(line(name, circuits), flush=True)
        elif circuits != expected[name]:
            apart.append(difference(circuits, expected[name]))
            print(
                f"- {line(name, expected[name])}\n+ {line(name, circuits)}: {apart[-1]:.1e} turns"
            )
    if asked.save:
        with gzip.open(asked.save, "wt") as file:
            file.write("\n".join(saved) + "\n")
    print(f"{len(saved)} compiled, {time.process_time() - started:.0f} s of CPU", file=sys.stderr)
    if expected:
        near = [each for each in apart if each < NEAR]
        print(
            f"{len(saved) - len(apart)} equal; {len(near)} with the same gates and numbers less "
            f"than {NEAR} turns apart ({max(near, default=0):.1e}); {len(apart) - len(near)} others"
        )
        sys.exit(len(apart) > len(near))


if __name__ == "__main__":
    main()
