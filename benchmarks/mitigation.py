"""What error mitigation is worth: errors with and without it, at equal numbers of shots.

``python -m benchmarks.mitigation`` prints, for each circuit, noise and method, the root mean square
error over parameter sets, its ratio to that of the raw values, and a confidence interval of that
ratio by the bootstrap over parameter sets. All methods have the same shots in all, calibration
circuits included. ``--coverage`` prints how often a value lies within one standard deviation.
"""

import argparse
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pennylane as qml

import pennylane_qstore as qstore

ARIA = {"one_qubit": 0.0005, "two_qubit": 0.0133, "readout_0": 0.003, "readout_1": 0.007}
OTHER = {**ARIA, "over_rotation": 0.03, "by_angle": True}
QUBITS, SHOTS, SETS, DRAWS = 6, 20_000, 20, 2000
Circuit = Callable[[Any], Any]


def hea(weights: Any) -> Any:
    """Three layers of RY and CNOT; the sum of ZZ of neighbours."""
    for layer in range(3):
        for wire in range(QUBITS):
            qml.RY(weights[layer * QUBITS + wire], wire)
        for wire in range(QUBITS - 1):
            qml.CNOT([wire, wire + 1])
    return qml.expval(sum(qml.Z(w) @ qml.Z(w + 1) for w in range(QUBITS - 1)))


def tfim(weights: Any) -> Any:
    """Three layers of a transverse-field Ising model's ansatz, and its energy."""
    for wire in range(QUBITS):
        qml.Hadamard(wire)
    for layer in range(3):
        for wire in range(QUBITS - 1):
            qml.IsingZZ(weights[2 * layer], [wire, wire + 1])
        for wire in range(QUBITS):
            qml.RX(weights[2 * layer + 1], wire)
    bonds = sum(qml.Z(w) @ qml.Z(w + 1) for w in range(QUBITS - 1))
    return qml.expval(-1.0 * bonds - sum(qml.X(w) for w in range(QUBITS)))


def excitations(weights: Any) -> Any:
    """Fifteen single excitations, which conserve the number of ones."""
    for wire in (0, 2, 4):
        qml.X(wire)
    pairs = [(w, w + 1) for w in range(QUBITS - 1)] * 3
    for weight, pair in zip(weights, pairs, strict=True):
        qml.SingleExcitation(weight, pair)
    return qml.expval(sum(qml.Z(w) @ qml.Z(w + 1) for w in range(QUBITS - 1)))


def h2(weights: Any) -> Any:
    """Hydrogen at 0.735 Å in four spin orbitals, by a double excitation and two single ones."""
    qml.BasisState(np.array([1, 1, 0, 0]), wires=range(4))
    qml.DoubleExcitation(weights[0], wires=range(4))
    qml.SingleExcitation(weights[1], wires=[0, 2])
    qml.SingleExcitation(weights[2], wires=[1, 3])
    return qml.expval(_HYDROGEN)


# Coefficients of the Jordan-Wigner Hamiltonian (in Hartree): Seeley, Richard and Love,
# arXiv 1208.5986, as PennyLane's qml.qchem gives them at 0.735 Å in STO-3G.
_Z = [0.17218393, 0.17218393, -0.22575349, -0.22575349]
_ZZ = {
    (0, 1): 0.16892754,
    (0, 2): 0.12091263,
    (0, 3): 0.16614543,
    (1, 2): 0.16614543,
    (1, 3): 0.12091263,
    (2, 3): 0.17464343,
}
_HYDROGEN = (
    -0.09057898 * qml.Identity(0)
    + sum(c * qml.Z(w) for w, c in enumerate(_Z))
    + sum(c * qml.Z(a) @ qml.Z(b) for (a, b), c in _ZZ.items())
    + 0.04523280 * qml.X(0) @ qml.Y(1) @ qml.Y(2) @ qml.X(3)
    + 0.04523280 * qml.Y(0) @ qml.X(1) @ qml.X(2) @ qml.Y(3)
    - 0.04523280 * qml.X(0) @ qml.X(1) @ qml.Y(2) @ qml.Y(3)
    - 0.04523280 * qml.Y(0) @ qml.Y(1) @ qml.X(2) @ qml.X(3)
)
NUMBER = qstore.Symmetry(wires=range(QUBITS), ones=3)
LINEAR = qstore.ZNE((1, 3), "linear")
METHODS = {
    "raw": None,
    "readout": "readout",
    "zne": "zne",
    "zne linear": LINEAR,
    "readout, zne linear": ["readout", LINEAR],
    "calibrate": "calibrate",
    "readout, pec": ["readout", "pec"],
}
# Each circuit with its number of weights, their range, and the methods that are for it alone.
CIRCUITS: dict[str, tuple[Circuit, int, tuple[float, float], dict[str, Any]]] = {
    "HEA, 6 qubits": (hea, 18, (0.2, 1.4), {}),
    "TFIM, 6 qubits": (tfim, 6, (-0.6, -0.2), {}),
    "excitations, 6 qubits": (
        excitations,
        15,
        (0.2, 1.4),
        {
            "symmetry": NUMBER,
            "symmetry, zne": [NUMBER, "zne"],
            "symmetry, readout, zne linear": [NUMBER, "readout", LINEAR],
        },
    ),
    "H2, 4 qubits": (h2, 3, (-0.4, 0.4), {}),
}


def values(circuit: Circuit, weights: Sequence[Any], noise: Any, method: Any, shots: int) -> Any:
    """Return the values of one batch, with the number of circuits that were sent for each."""
    device = qml.device("qstore.ionq", wires=QUBITS, noise_model=noise, mitigation=method)
    node = qml.set_shots(qml.QNode(circuit, device), shots)
    with qml.Tracker(device) as tracker:
        found = qstore.map(node, list(weights))
    return np.array(found, dtype=float), tracker.totals["circuits"]


def equal_shots(
    circuit: Circuit, weights: Sequence[Any], noise: Any, method: Any, shots: int
) -> int:
    """Return the shots of a circuit at which a batch has as many shots in all as the raw one.

    A circuit's shots are shared out over its variants; circuits that calibrate come on top.
    """
    if method is None:
        return shots
    _, plain = values(circuit, weights[:1], noise, None, 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, sent = values(circuit, weights, noise, method, 10_000)
        _, twice = values(circuit, [*weights, *weights], noise, method, 10_000)
    variants = (twice - sent) / len(weights) / plain
    extra = sent - variants * plain * len(weights)
    total = shots * plain * len(weights)
    return int(total / (plain * len(weights) + extra / variants))


def errors(circuit: Circuit, weights: Any, exact: Any, noise: Any, method: Any, shots: int) -> Any:
    """Return the errors of all parameter sets."""
    own = equal_shots(circuit, weights, noise, method, shots)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return values(circuit, weights, noise, method, own)[0] - exact


def interval(own: Any, raw: Any) -> tuple[float, float, float]:
    """Return the ratio of two root mean square errors, and its 95 % interval."""
    rng = np.random.default_rng(1)
    picks = rng.integers(len(own), size=(DRAWS, len(own)))
    ratios = np.sqrt((own[picks] ** 2).mean(axis=1) / (raw[picks] ** 2).mean(axis=1))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(np.sqrt((own**2).mean() / (raw**2).mean())), float(low), float(high)


def table(names: Sequence[str], shots: int, sets: int) -> None:
    """Print the table of methods for circuits and noises."""
    for name in names:
        circuit, count, (low, high), special = CIRCUITS[name]
        weights = np.random.default_rng(7).uniform(low, high, (sets, count))
        reference = qml.QNode(circuit, qml.device("default.qubit"))
        exact = np.array([float(reference(row)) for row in weights])
        for label, noise in (("aria-1 + readout", ARIA), ("by angle, over-rotating", OTHER)):
            print(f"\n{name}, {label}: {sets} parameter sets, {shots} shots a circuit")
            print(f"{'method':32s} {'bias':>8s} {'rmse':>8s} {'÷ raw':>6s}  95 % interval")
            raw = None
            for method, option in {**METHODS, **special}.items():
                own = errors(circuit, weights, exact, noise, option, shots)
                raw = own if raw is None else raw
                ratio, lowest, highest = interval(own, raw)
                print(
                    f"{method:32s} {own.mean():8.4f} {np.sqrt((own**2).mean()):8.4f} "
                    f"{ratio:6.2f}  {lowest:.2f} to {highest:.2f}",
                    flush=True,
                )


def coverage(repetitions: int) -> None:
    """Print how often the true value of the noisy machine lies within one standard deviation."""
    device = qml.device("qstore.ionq", wires=2, noise_model=ARIA)

    def circuit(x: Any) -> Any:
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        qml.RX(x, 1)
        return qml.expval(qml.Z(1)), qml.var(qml.Z(0)), qml.probs(wires=0)

    def first(x: Any) -> Any:
        return circuit(x)[0]

    x = qml.numpy.array(0.8, requires_grad=True)
    quantities = {
        "expval, var, probs": qml.QNode(circuit, device),
        "gradient": qml.grad(qml.set_shots(qml.QNode(first, device), 1000)),
        "zne": qstore.mitigate(qml.QNode(first, device), LINEAR),
    }
    for name, node in quantities.items():
        asked = node if name == "gradient" else qml.set_shots(node, 1000)
        results = [qstore.with_std(asked, draws=100)(x) for _ in range(repetitions)]
        found = np.array([np.hstack([np.ravel(v) for v in _flat(value)]) for value, _ in results])
        spread = np.array([np.hstack([np.ravel(v) for v in _flat(std)]) for _, std in results])
        inside = np.abs(found - found.mean(axis=0)) <= spread
        sigma = np.sqrt(0.68 * 0.32 / repetitions)
        print(f"{name:20s} {np.round(inside.mean(axis=0), 3)}  (0.683 is right, ± {sigma:.3f})")


def _flat(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", nargs="*", default=list(CIRCUITS), choices=list(CIRCUITS))
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--coverage", type=int, default=0, metavar="REPETITIONS")
    parser.add_argument("--tiny", action="store_true", help="few sets, to see that it runs")
    args = parser.parse_args()
    if args.coverage:
        coverage(args.coverage)
    elif args.tiny:
        table(list(CIRCUITS)[:1], 2000, 3)
    else:
        table(args.circuits, args.shots, args.sets)
