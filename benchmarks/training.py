"""Trainings: jobs, waits in the queue and time, step by step and to a given loss, by optimizer.

Run with ``python -m benchmarks.training``. First, how many jobs a step takes, counted at the
server: ours against PennyLane's own optimizer on the same device.

Then the energy of a transverse-field Ising chain of 4 qubits, 16 weights and 1,000 shots is
brought down on the emulator's profile "qpu": 15 minutes in the queue for each job, half a second a
circuit, and the gates' times for each shot. Each optimizer runs three times: ours, PennyLane's on
our device, and PennyLane's on PennyLane-IonQ. The profile is made faster by ``--scale``; what is
printed as time is the server's own time made as much slower again, plus the rest of the wall time
as it was, because a client doesn't get slower with its server. The loss of a step is worked out
exactly, beside the run. The goal is nine tenths of the ground state's energy. Shots are drawn anew
in each run, so that at which step it is reached is chance within a few steps; jobs a step are not.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

import pennylane_qstore as qstore
from benchmarks.served import KEY, Served, seen
from pennylane_qstore.emulator.service.timing import PROFILES

WIRES, LAYERS, SHOTS, SEED, SAMPLES = 4, 2, 1_000, 3, 10
QPU, INSTANT = "qpu", "instant"
SCALE, GOAL = 3_000.0, 0.9
OURS, ON_OURS, ON_THEIRS = "ours", "PennyLane's, our device", "PennyLane's, PennyLane-IonQ"
Step = Callable[[Any], Any]


def ising() -> Any:
    """ZZ on neighbours and half an X on each wire: two groups of commuting terms."""
    pairs = [-(qml.Z(wire) @ qml.Z(wire + 1)) for wire in range(WIRES - 1)]
    return qml.sum(*pairs, *(-0.5 * qml.X(wire) for wire in range(WIRES)))


def ansatz(weights: Any) -> None:
    """RY and RZ on each wire and a chain of CNOTs, some times."""
    for layer in weights:
        for wire in range(WIRES):
            qml.RY(layer[wire, 0], wire)
            qml.RZ(layer[wire, 1], wire)
        for wire in range(WIRES - 1):
            qml.CNOT([wire, wire + 1])


def energy_on(device: Any, shots: int | None = SHOTS) -> Any:
    """The QNode of the energy."""

    def energy(weights: Any) -> Any:
        ansatz(weights)
        return qml.expval(ising())

    return qml.set_shots(qml.QNode(energy, device, diff_method="parameter-shift"), shots=shots)


def start() -> Any:
    """The weights to begin with."""
    drawn = np.random.default_rng(SEED).uniform(-1, 1, (LAYERS, WIRES, 2))
    return pnp.array(drawn, requires_grad=True)


def rotosolve(optimizer: Any) -> Callable[[Any], Step]:
    """Its steps, each over all weights."""
    one = {"weights": dict.fromkeys(np.ndindex(LAYERS, WIRES, 2), 1)}
    return lambda energy: lambda weights: optimizer.step(energy, weights, nums_frequency=one)


def by_gradient(optimizer: Any, *, merged: bool = False) -> Callable[[Any], Step]:
    """Steps of gradient descent with the loss; merged, both are one job."""

    def made(energy: Any) -> Step:
        more = {"grad_fn": qstore.grad_fn(energy)} if merged else {}
        return lambda weights: optimizer.step_and_cost(energy, weights, **more)[0]

    return made


def plain(optimizer: Any) -> Callable[[Any], Step]:
    """Steps without the loss."""
    return lambda energy: lambda weights: optimizer.step(energy, weights)


# Each by name: ours, PennyLane's, and how many steps are enough of it.
OPTIMIZERS: dict[str, tuple[Callable[[], Any], Callable[[], Any], int]] = {
    "Adam": (
        lambda: by_gradient(qml.AdamOptimizer(0.15), merged=True),
        lambda: by_gradient(qml.AdamOptimizer(0.15)),
        50,
    ),
    "SPSA": (
        lambda: plain(qstore.SPSAOptimizer(maxiter=50, a=0.4)),
        lambda: plain(qml.SPSAOptimizer(maxiter=50, a=0.4)),
        50,
    ),
    "QN-SPSA": (
        lambda: plain(qstore.QNSPSAOptimizer(0.1, 0.05, 0.2, seed=SEED)),
        lambda: plain(qml.QNSPSAOptimizer(0.1, 0.05, 0.2, seed=SEED)),
        50,
    ),
    "QNG": (
        lambda: by_gradient(qstore.QNGOptimizer(0.1, lam=0.1)),
        lambda: by_gradient(qml.QNGOptimizer(0.1, lam=0.1)),
        50,
    ),
    "Momentum QNG": (
        lambda: by_gradient(qstore.MomentumQNGOptimizer(0.05, 0.7, lam=0.1)),
        lambda: by_gradient(qml.MomentumQNGOptimizer(0.05, 0.7, lam=0.1)),
        50,
    ),
    "Rotosolve": (
        lambda: rotosolve(qstore.RotosolveOptimizer()),
        lambda: rotosolve(qml.RotosolveOptimizer()),
        3,
    ),
}


class Trained(NamedTuple):
    """A training.

    Attributes:
        steps: it took
        jobs: it sent, each of which waited
        hours: with the server's time as slow as it is
        own: seconds of that outside of the server
        reached: (step, jobs, hours) at the goal; None where it wasn't reached
        loss: at the end, as a share of the ground state's energy
        error: that ended it at once, or nothing
    """

    steps: int = 0
    jobs: int = 0
    hours: float = 0.0
    own: float = 0.0
    reached: tuple[int, int, float] | None = None
    loss: float = 0.0
    error: str = ""


def device_of(who: str, url: str) -> Any:
    """The device that a row trains on."""
    if who == ON_THEIRS:
        from pennylane_ionq.api_client import APIClient  # noqa: PLC0415  only in its own process

        APIClient.BASE_URL = url
        return qml.device("ionq.qpu", backend="forte-1", wires=WIRES, api_key=KEY)
    return qml.device(
        "qstore.ionq",
        wires=WIRES,
        backend="qpu.forte-1",
        base_url=url,
        api_key=KEY,
        journal=None,
        error_mitigation={"debiasing": False},
    )


def train(name: str, who: str, url: str, steps: int, scale: float) -> Trained:
    """In a process of its own: one training."""
    warnings.simplefilter("ignore")
    np.random.seed(SEED)
    ours, theirs, most = OPTIMIZERS[name]
    step = (ours if who == OURS else theirs)()(energy_on(device_of(who, url)))
    exact = energy_on(qml.device("default.qubit"), None)
    ground = float(np.linalg.eigvalsh(qml.matrix(ising(), wire_order=range(WIRES)))[0])
    weights, reached, beside, begun, before = start(), None, 0.0, time.perf_counter(), seen(url)
    done, jobs, hours, own, loss = 0, 0, 0.0, 0.0, 0.0
    for done in range(1, min(steps, most) + 1):
        try:
            weights = step(weights)
        except Exception as error:  # noqa: BLE001  whatever it raises is its answer
            return Trained(error=f"{type(error).__name__}: {' '.join(str(error).split())[:70]}")
        paused = time.perf_counter()
        here = seen(url).since(before)
        busy, jobs = here.waited + here.ran, here.jobs
        own = paused - begun - beside - busy
        hours = (busy * scale + own) / 3600
        loss = float(exact(weights)) / ground
        if reached is None and loss >= GOAL:
            reached = done, jobs, hours
        beside += time.perf_counter() - paused
    return Trained(done, jobs, hours, own, reached, loss)


def trainings(names: Sequence[str], steps: int, scale: float) -> None:
    """Prints the table of trainings."""
    profile = replace(PROFILES[QPU], scale=scale)
    print(f"\n### Trainings: profile {QPU!r}, time scale {scale:g}, {SHOTS} shots\n")
    print(
        "| optimizer | | steps | jobs = waits | a step | time | outside of the server "
        f"| to {GOAL} of the ground energy | at the end |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with ExitStack() as stack:
        plan = [
            (name, who, stack.enter_context(Served(profile, seed=SEED)))
            for name in names
            for who in (OURS, ON_OURS, ON_THEIRS)
        ]
        pool = stack.enter_context(ProcessPoolExecutor(3, get_context("fork")))
        running = [
            pool.submit(train, name, who, each.url, steps, scale) for name, who, each in plan
        ]
        for (name, who, _), future in zip(plan, running, strict=True):
            print(f"| {name} | {who} | {_told(future.result())} |", flush=True)


def _told(found: Trained) -> str:
    if found.error:
        return f"{found.error} | | | | | |"
    goal = "not reached"
    if found.reached is not None:
        step, jobs, hours = found.reached
        goal = f"step {step}, {jobs} jobs, {hours:.1f} h"
    cells = (
        str(found.steps),
        str(found.jobs),
        f"{found.jobs / found.steps:g}",
        f"{found.hours:.1f} h",
        f"{found.own:.1f} s",
        goal,
        f"{found.loss:.2f}",
    )
    return " | ".join(cells)


def calls(most: int | None = None) -> None:
    """Prints how many jobs a step takes, the third of three: ours and PennyLane's optimizers.

    Args:
        most: rows; None prints all
    """
    steps = {(name, whose): made for name, whose, made in _stepping()}
    print("\n### Jobs a step: the Ising chain, 4 qubits, 16 weights\n")
    print("| step | PennyLane's optimizer | ours | circuits |")
    print("|---|---|---|---|")
    with Served(INSTANT) as server:
        url = server.url
        for name in list(dict.fromkeys(name for name, _ in steps))[:most]:
            theirs, ours = (_counted(steps[name, who](), url) for who in ("theirs", "ours"))
            print(f"| {name} | {theirs[0]} | {ours[0]} | {theirs[1]}, {ours[1]} |")


def _stepping() -> list[tuple[str, str, Callable[[], Any]]]:
    def with_cost(optimizer: Any) -> Callable[[Any], Step]:
        return lambda energy: lambda weights: optimizer.step_and_cost(energy, weights)[0]

    found = []
    for name, (ours, theirs, _) in OPTIMIZERS.items():
        found += [(name, "theirs", theirs), (name, "ours", ours)]
    found += [
        ("SPSA with the loss", "theirs", lambda: with_cost(qml.SPSAOptimizer(maxiter=9))),
        ("SPSA with the loss", "ours", lambda: with_cost(qstore.SPSAOptimizer(maxiter=9))),
    ]
    for name, theirs, ours in _over_samples():
        found += [(name, "theirs", theirs), (name, "ours", ours)]
    return found


def _over_samples() -> list[tuple[str, Callable[[], Any], Callable[[], Any]]]:
    """Losses that call the QNode once a sample."""
    shifts = np.linspace(0, 1, SAMPLES)

    def loss_of(energy: Any) -> Callable[[Any], Any]:
        return lambda weights: sum(energy(weights + shift) for shift in shifts) / SAMPLES

    def forward(energy: Any) -> Step:
        return lambda weights: (loss_of(energy)(weights), weights)[1]

    def mapped(energy: Any) -> Step:
        return lambda weights: (qstore.map(energy, [weights + x for x in shifts]), weights)[1]

    def adam(*, merged: bool) -> Callable[[Any], Step]:
        inner = by_gradient(qml.AdamOptimizer(0.1), merged=merged)
        return lambda energy: inner(loss_of(energy))

    def spsa(optimizer: Any) -> Callable[[Any], Step]:
        return lambda energy: lambda weights: optimizer.step(loss_of(energy), weights)

    over = f"a loss over {SAMPLES} samples"
    return [
        (f"{over}, value", lambda: forward, lambda: mapped),
        (f"{over}, Adam", lambda: adam(merged=False), lambda: adam(merged=True)),
        (
            f"{over}, SPSA",
            lambda: spsa(qml.SPSAOptimizer(maxiter=9)),
            lambda: spsa(qstore.SPSAOptimizer(maxiter=9, replay=True)),
        ),
    ]


def _counted(made: Callable[[Any], Step], url: str) -> tuple[str, str]:
    """Jobs and circuits of a third step."""
    device = device_of(OURS, url)
    weights = start()
    try:
        step = made(energy_on(device))
        for _ in range(2):
            weights = step(weights)
        before = seen(url)
        with qml.Tracker(device) as tracker:
            step(weights)
    except Exception as error:  # noqa: BLE001  whatever it raises is its answer
        return f"{type(error).__name__}", "-"
    return str(seen(url).since(before).jobs), f"{tracker.totals['circuits']}"


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("optimizers", nargs="*", help=f"of {', '.join(OPTIMIZERS)}; all without")
    parser.add_argument("--short", action="store_true", help="10 steps of Adam, SPSA and QNG")
    parser.add_argument("--tiny", action="store_true", help="2 steps of SPSA, to see that it works")
    parser.add_argument("--scale", type=float, default=SCALE, help="so many times faster")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    names, steps = tuple(asked.optimizers or OPTIMIZERS), 50
    if asked.short:
        names, steps = ("Adam", "SPSA", "QNG"), 10
    if asked.tiny:
        names, steps = ("SPSA",), 2
    trainings(names, steps, asked.scale)
    calls(2 if asked.tiny else None)


if __name__ == "__main__":
    main()
