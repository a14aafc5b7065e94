"""The cache as its users see it: hits, bounds, what it saved, warming, files."""

import copy
import json
import threading
import time

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.compiler import Target, TemplateCache, preprocessing
from pennylane_qstore.compiler.templates.cache import CacheEntry
from pennylane_qstore.compiler.templates.saved import _hash


def node(device, qubits=3):
    @qml.qnode(device, diff_method="parameter-shift")
    def circuit(x):
        for wire in range(qubits):
            qml.RY(x[wire], wire)
        for wire in range(qubits - 1):
            qml.CRX(x[wire], [wire, wire + 1])
        return qml.expval(qml.X(0) + qml.Z(1))

    return circuit


X = qml.numpy.array([0.3, 0.4, 0.5], requires_grad=True)


def test_what_was_warmed_is_a_hit():
    """A warm cache has all that a call needs, and nothing was sent for it."""
    device = qml.device("qstore.ionq")
    circuit = node(device)
    with qml.Tracker(device) as tracker:
        device.cache.warm(circuit, X)
    assert not tracker.totals
    assert device.cache.stats().misses == 1
    before = [t.searched for kept in device.cache._kept.values() for t in kept.entry.templates]
    assert min(before) > 0
    circuit(X)
    stats = device.cache.stats()
    assert (stats.misses, stats.hits) == (1, 1)
    after = [t.searched for kept in device.cache._kept.values() for t in kept.entry.templates]
    assert after == before


def test_what_carries_values_is_warmed_at_once():
    """A state's preparation is compiled by its warming, not at the second call after it."""
    device = qml.device("qstore.ionq")

    @qml.qnode(device)
    def circuit(x):
        qml.StatePrep([0.6, 0.8], 0)
        qml.RX(x, 0)
        return qml.probs(wires=[0])

    device.cache.warm(circuit, 0.3)
    bypasses = device.cache.stats().bypasses
    assert np.allclose(circuit(0.4), qml.QNode(circuit.func, qml.device("default.qubit"))(0.4))
    stats = device.cache.stats()
    assert (stats.misses, stats.hits, stats.bypasses) == (1, 1, bypasses)


def test_only_the_devices_own_circuits_can_be_warmed():
    """Another device's QNode, and a cache that is off, are errors that say what to do."""
    device, other = qml.device("qstore.ionq"), qml.device("qstore.ionq", cache=False)
    with pytest.raises(qstore.OptionError, match="on the device whose cache this is"):
        device.cache.warm(node(other), X)
    with pytest.raises(qstore.OptionError, match="keeps nothing"):
        other.cache.warm(node(other), X)


def test_a_device_without_a_cache_compiles_every_tape_by_itself():
    """The results are the same, and nothing is kept."""
    device = qml.device("qstore.ionq", cache=False, verify=True)
    expected = node(qml.device("default.qubit"))
    assert np.isclose(node(device)(X), expected(X))
    assert np.allclose(qml.grad(node(device))(X), qml.grad(expected)(X))
    stats = device.cache.stats()
    assert (stats.hits, stats.misses, stats.structures, stats.bytes) == (0, 0, 0, 0)
    assert repr(device.cache) == "<TemplateCache off>"


def steps(cache):
    return preprocessing("d", None, None, cache, lambda: Target("zz"))


def tape(wires, gate=qml.RX):
    return qml.tape.QuantumScript([gate(0.1, w) for w in range(wires)], [qml.probs(wires=[0])])


def test_the_structure_used_the_longest_time_ago_makes_room():
    """Entries are bounded; using one again keeps it."""
    cache = TemplateCache(most=2)
    run = steps(cache)
    for wires in (1, 2, 1, 3, 1, 2):
        run((tape(wires),))
    stats = cache.stats()
    assert (stats.misses, stats.hits, stats.evictions, stats.structures) == (4, 2, 2, 2)


def test_bytes_are_bounded():
    """The cache holds no more bytes than it may, but the last structure in any case."""
    free = TemplateCache()
    for wires in range(1, 9):
        steps(free)((tape(wires),))
    all_of_them = free.stats().bytes
    assert all_of_them > 8_000
    bound = TemplateCache(most_bytes=all_of_them // 2)
    for wires in range(1, 9):
        steps(bound)((tape(wires),))
    assert bound.stats().bytes <= all_of_them // 2
    assert bound.stats().evictions > 0
    tight = TemplateCache(most_bytes=1)
    for wires in (2, 2, 3):
        steps(tight)((tape(wires),))
    assert (tight.stats().structures, tight.stats().hits) == (1, 1)


def test_bytes_grow_with_what_is_compiled():
    """A structure holds more once its angles were bound."""
    device = qml.device("qstore.ionq")
    circuit = node(device, 5)
    x = np.linspace(0.1, 0.5, 5)
    qml.workflow.construct_batch(circuit, level="device")(x)
    before = device.cache.stats().bytes
    circuit(x)
    assert device.cache.stats().bytes > before


def test_the_time_saved_is_measured():
    """Hits times the measured compilation, minus the hits' own time, also when forgotten."""
    device = qml.device("qstore.ionq")
    circuit = node(device)
    started = time.perf_counter()
    device.cache.warm(circuit, X)
    took = time.perf_counter() - started
    assert device.cache.stats().seconds_saved == 0
    for _ in range(20):
        qml.workflow.construct_batch(circuit, level="device")(X)
    stats = device.cache.stats()
    assert stats.hits == 20
    assert 0 < stats.seconds_saved < 20 * took
    device.cache.clear()
    assert device.cache.stats().seconds_saved == pytest.approx(stats.seconds_saved)


def test_what_is_being_compiled_holds_up_nobody_else():
    """Another structure goes on; who asks for the same one waits, and it is compiled once."""
    cache = TemplateCache()
    started, go_on, found = threading.Event(), threading.Event(), []
    made = [CacheEntry((), lambda ops: ops, None, lambda results: results) for _ in range(2)]

    def slow():
        started.set()
        assert go_on.wait(10)
        return made[0]

    def ask():
        found.append(cache.find("slow", slow, at_once=True).entry)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    assert cache.find("quick", lambda: made[1], at_once=True).entry is made[1]
    assert not found
    go_on.set()
    for thread in threads:
        thread.join()
    assert found == [made[0]] * 2
    stats = cache.stats()
    assert (stats.misses, stats.hits) == (2, 1)


def test_clearing_forgets_and_keeps_counting():
    """A structure that was forgotten is a miss again."""
    device = qml.device("qstore.ionq")
    circuit = node(device)
    circuit(X)
    device.cache.clear()
    assert device.cache.stats().structures == device.cache.stats().bytes == 0
    circuit(X)
    assert device.cache.stats().misses == 2


def test_a_copy_of_a_device_has_a_cache_of_its_own():
    """What one compiles is not counted by the other, and an off cache stays off."""
    device = qml.device("qstore.ionq")
    other = copy.deepcopy(device)
    node(other)(X)
    assert (device.cache.stats().misses, other.cache.stats().misses) == (0, 1)
    assert not copy.deepcopy(qml.device("qstore.ionq", cache=False)).cache.is_on


def circuits(device):
    """What is sent for several structures, modes and values."""

    @qml.qnode(device)
    def gadgets(x):
        qml.BasisState([1, 1, 0, 0], range(4))
        qml.DoubleExcitation(x[0], range(4))
        qml.SingleExcitation(x[1], [0, 2])
        return qml.expval(qml.Z(0) @ qml.Z(2)), qml.expval(qml.X(0) @ qml.Y(2))

    @qml.qnode(device)
    def values(x):
        qml.QubitUnitary(qml.Rot.compute_matrix(0.1, 0.2, 0.3), 1)
        qml.CRX(x[0], [0, 1])
        qml.CNOT([1, 0])
        return qml.probs(wires=[0, 1])

    @qml.qnode(device)
    def twice(x):
        for wire in (0, 1, 0):
            for kind, angle in zip(
                (qml.IsingXX, qml.IsingYY, qml.IsingZZ), x.ravel(), strict=False
            ):
                kind(angle, [wire, wire + 1])
                qml.RZ(angle, wire)
                kind(angle, [wire, wire + 1])
        return qml.expval(qml.Z(0) @ qml.Z(2)), qml.expval(qml.X(0) @ qml.Y(1))

    device.cache.warm(gadgets, X)
    device.cache.warm(values, X)
    qnodes = (gadgets, values, twice, node(device))
    shown = [qstore.compile(qnode)(X) for qnode in qnodes]
    found = [each for own in shown for each in (own if isinstance(own, tuple) else (own,))]
    return [(each.circuit, each.programs.bits) for each in found]


@pytest.mark.parametrize("options", [{}, {"measurement_aware": False}])
def test_what_was_saved_is_what_is_sent(options, tmp_path):
    """A device that loads the file sends the very same, without having searched."""
    first, second = (qml.device("qstore.ionq", verify=True, **options) for _ in range(2))
    sent = circuits(first)
    count = first.cache.save(tmp_path / "templates.json")
    assert count >= 4
    assert [path.name for path in tmp_path.iterdir()] == ["templates.json"]
    assert second.cache.load(tmp_path / "templates.json") == count
    assert circuits(second) == sent
    assert second.cache.stats().misses == first.cache.stats().misses
    assert second.cache.save(tmp_path / "again.json") == count


def saved(tmp_path):
    device = qml.device("qstore.ionq")
    node(device)(X)
    device.cache.save(tmp_path / "templates.json")
    return tmp_path / "templates.json"


def damaged(change):
    """A file whose content was changed and whose checksum fits."""

    def to(text):
        content = json.loads(text)
        change(content)
        content["checksum"] = _hash(content["templates"])
        return json.dumps(content)

    return to


def parts(content):
    return next(iter(content["templates"].values()))["parts"]


def block(elements):
    return ["block", [0, 1], elements, 1, False, "INSIDE"]


def derived(content, plain):
    next(iter(content["templates"].values()))["derived"] = plain


def rotations(content):
    inner = [e for part in parts(content) for e in (part[2] if part[0] == "block" else [part])]
    return [element for element in inner if element[0] == "rotation"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[: len(text) // 2], "can't be loaded"),
        (lambda _: "", "can't be loaded"),
        (lambda _: "[]", "can't be loaded"),
        (lambda _: "[" * 100_000, "can't be loaded"),
        (lambda text: text.replace("templates", "pictures", 1), "another kind of file"),
        (lambda text: text.replace('"version": 2', '"version": 1'), "version 1"),
        (lambda text: text.replace('"rotation"', '"reflection"', 1), "checksum"),
        (damaged(lambda content: rotations(content)[0].__setitem__(2, None)), "finite number"),
        (damaged(lambda content: rotations(content)[0].__setitem__(2, 1e999)), "finite number"),
        (damaged(lambda content: rotations(content)[0].__setitem__(1, [[9, "X"]])), "below"),
        (damaged(lambda content: rotations(content)[0].__setitem__(1, [[0, "Q"]])), "rotation"),
        (damaged(lambda content: rotations(content)[0].__setitem__(3, [[-1, 1.0]])), "below"),
        (damaged(lambda content: parts(content).append(["clifford", "CX", [0, 0]])), "qubits"),
        (damaged(lambda content: parts(content).append(["clifford", "KX", [0]])), "KX"),
        (
            damaged(
                lambda content: parts(content).append(["constant", [0], [1, 0, 0, 2], [0, 0, 0, 0]])
            ),
            "not unitary",
        ),
        (damaged(lambda content: derived(content, [0, [[3, [[1, 0.0, []]]]]])), "words"),
        (damaged(lambda content: derived(content, [0, [[15, [[99, 0.0, []]]]]])), "below"),
        (damaged(lambda content: content["templates"].update(x={})), "parities"),
        (damaged(lambda content: content["templates"].update(x=3)), "can't be loaded"),
        (damaged(lambda content: parts(content).append(["block", [0, 1], [[]], 1])), "loaded"),
        (damaged(lambda content: parts(content).append(block([[]]))), "out of range"),
    ],
)
def test_a_damaged_file_is_refused_as_a_whole(change, told, tmp_path):
    """The error names the file and what is wrong, and nothing of it is taken."""
    path = saved(tmp_path)
    path.write_text(change(path.read_text()))
    cache = TemplateCache()
    with pytest.raises(qstore.TemplateFileError, match=told) as caught:
        cache.load(path)
    assert str(path) in str(caught.value)
    assert len(cache._searches) == 0


def test_a_file_that_is_not_there_is_no_damaged_one(tmp_path):
    """The system's own error says so."""
    with pytest.raises(FileNotFoundError):
        TemplateCache().load(tmp_path / "nowhere.json")


def test_a_circuit_of_more_parameters_than_its_structure_has_is_not_taken(tmp_path):
    """It can't have been found for that structure: it is searched for again."""
    path = saved(tmp_path)
    change = damaged(lambda content: rotations(content)[0].__setitem__(3, [[99, 1.0]]))
    path.write_text(change(path.read_text()))
    device = qml.device("qstore.ionq", verify=True)
    device.cache.load(path)
    assert np.allclose(node(device)(X), node(qml.device("default.qubit"))(X))


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("place", "value"), [(2, 0.01), (1, None), (3, None)])
def test_a_file_that_says_something_else_is_caught(place, value, batch, verify, tmp_path):
    """A changed angle, letter or slope fits all checks of the file, but not the tape."""

    def change(content):
        rotation = rotations(content)[0]
        if place == 1:
            ((qubit, letter), *others) = rotation[1]
            rotation[1] = [[qubit, "XYZX"["XYZ".index(letter) + 1]], *others]
        elif place == 3:
            rotation[3] = [[index, -slope] for index, slope in rotation[3]] or [[0, 0.5]]
        else:
            rotation[place] = value

    path = saved(tmp_path)
    path.write_text(damaged(change)(path.read_text()))
    device = qml.device("qstore.ionq", verify=verify)
    device.cache.load(path)
    x = np.stack([X, X + 1], axis=1) if batch else X
    for _ in range(2):  # it is remembered to be wrong
        with (
            qml.Tracker(device) as tracker,
            pytest.raises(qstore.TemplateFileError, match="another circuit for this tape"),
        ):
            node(device)(x)
        assert "jobs" not in tracker.totals
    device.cache.clear()
    assert np.allclose(node(device)(X), node(qml.device("default.qubit"))(X))


def test_a_file_is_its_owners_alone(tmp_path):
    """Whoever could write to it would decide what is sent."""
    assert saved(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", "9" * 5000, "\udcff", "[" * 5000])
def test_what_is_no_such_file_is_refused_by_name(content, tmp_path):
    """In one error that names the file."""
    path = tmp_path / "broken.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(qstore.TemplateFileError, match=r"broken\.json can't be loaded"):
        qml.device("qstore.ionq").cache.load(path)
