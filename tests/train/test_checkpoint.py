"""A state comes back as it was, or not at all."""

import io
import json
import os
import re
import stat
import zipfile

import numpy as np
import pennylane as qml
import pytest

import pennylane_qstore as qstore
from pennylane_qstore.train import CheckpointError
from pennylane_qstore.train.checkpoint import attributes, load, restore_attributes, save


@pytest.fixture
def path(tmp_path):
    """Where a checkpoint goes."""
    return tmp_path / "run.checkpoint.npz"


def test_all_that_optimizers_hold(path):
    """Numbers, texts, arrays, and what holds them come back with their kinds."""
    state = {
        "plain": [1, -0.1, 1e300, True, None, "text", float("inf")],
        "pair": (1, (2.5, "x")),
        "set": {1, 2},
        1: {"number as key": {}},
        "array": np.arange(6, dtype=np.uint32).reshape(2, 3),
        "empty": np.zeros((0, 3)),
        "complex": np.array([1 + 2j]),
        "scalar": np.float64(0.1),
        "angles": qml.numpy.array([0.1, 0.2], requires_grad=True),
        "data": qml.numpy.array([0.1], requires_grad=False),
    }
    save(path, state)
    back = load(path)
    for name in ("plain", "pair", "set", 1):
        assert back[name] == state[name]
    for name in ("array", "empty", "complex", "scalar", "angles", "data"):
        assert type(back[name]) is type(state[name])
        assert back[name].dtype == state[name].dtype
        assert np.array_equal(back[name], state[name])
    assert back["angles"].requires_grad
    assert not back["data"].requires_grad


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_generators_go_on(path, bits):
    """What is drawn next is the same, whichever the generator; and so for the older class."""
    generator = np.random.Generator(getattr(np.random, bits)(3))
    older = np.random.RandomState(4)
    generator.normal(size=5)
    older.normal(size=3)  # leaves one number for the next call
    save(path, {"new": generator, "old": older})
    back = load(path)
    assert np.array_equal(back["new"].normal(size=9), generator.normal(size=9))
    assert np.array_equal(back["old"].normal(size=9), older.normal(size=9))


@pytest.mark.parametrize(
    "make",
    [
        lambda: qml.SPSAOptimizer(maxiter=20),
        lambda: qstore.SPSAOptimizer(maxiter=20, num_directions=2),
        lambda: qml.AdamOptimizer(0.1),
        lambda: qml.MomentumOptimizer(0.1),
        lambda: qml.AdagradOptimizer(0.1),
        lambda: qml.RMSPropOptimizer(0.1),
        lambda: qml.NesterovMomentumOptimizer(0.1),
    ],
)
def test_optimizers_go_on(path, make):
    """An optimizer that was kept takes the steps that the one that ran on takes."""

    def cost(x):
        return qml.math.sum(qml.math.sin(x) ** 2)

    def walk(optimizer, x, steps):
        for _ in range(steps):
            x = optimizer.step(cost, x)
        return x

    np.random.seed(1)
    first, x = make(), qml.numpy.array([0.4, -0.7], requires_grad=True)
    x = walk(first, x, 3)
    save(path, {"optimizer": attributes(first), "x": x, "numpy": np.random.get_state(legacy=False)})
    expected = walk(first, x, 4)
    state, second = load(path), make()
    restore_attributes(second, state["optimizer"])
    np.random.set_state(state["numpy"])
    assert np.array_equal(walk(second, state["x"], 4), expected)


def test_what_was_sent_ahead_is_kept(path):
    """QN-SPSA's next step has its answers in the checkpoint: it is one job, as without a stop."""
    device = qml.device("qstore.ionq", wires=2, seed=1)

    @qml.qnode(device)
    def circuit(x):
        qml.RX(x[0], 0)
        qml.RY(x[1], 1)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(1))

    def walk(optimizer, x, steps):
        with qml.Tracker(device) as tracker:
            for _ in range(steps):
                x, _ = optimizer.step_and_cost(circuit, x)
        return x, tracker.totals["jobs"]

    first = qstore.QNSPSAOptimizer(0.1, seed=1)
    x, jobs = walk(first, qml.numpy.array([0.4, -0.7], requires_grad=True), 3)
    assert jobs == 4
    save(path, {"optimizer": attributes(first), "x": x})
    expected, jobs = walk(first, x, 3)
    assert jobs == 3
    state, second = load(path), qstore.QNSPSAOptimizer(0.1)
    restore_attributes(second, state["optimizer"])
    found, jobs = walk(second, state["x"], 3)
    assert jobs == 3
    assert np.array_equal(found, expected)


def test_what_cannot_be_kept_is_named(path):
    """Neither objects nor arrays of them; and the file that was there stays."""
    save(path, {"step": 1})
    with pytest.raises(CheckpointError, match=r"state\['optimizer'\]\['tape'\] is of type Tape"):
        save(path, {"optimizer": {"tape": type("Tape", (), {})()}})
    with pytest.raises(CheckpointError, match=r"\['x'\] is an array of objects"):
        save(path, {"x": np.array([object()])})
    assert load(path) == {"step": 1}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_no_pickle_is_read(path):
    """A file that would run code when it is read is refused."""
    np.savez(path, tree=np.array([object()], dtype=object))
    with pytest.raises(CheckpointError, match="no checkpoint, or a damaged one"):
        load(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_half_a_file(path, share):
    """A file that was cut is refused, and so is one with a bit turned."""
    save(path, {"x": np.random.default_rng(1).normal(size=500)})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match="no checkpoint, or a damaged one"):
        load(path)
    turned = bytearray(whole)
    turned[300 + int(share * 3000)] ^= 1
    path.write_bytes(bytes(turned))
    with pytest.raises(CheckpointError, match="no checkpoint, or a damaged one"):
        load(path)


def test_no_file(path):
    """The error names the file."""
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*run\.checkpoint\.npz"):
        load(path)
    with pytest.raises(CheckpointError, match="can't be written"):
        save(path.parent / "nowhere" / "x.npz", {})


def test_another_format(path):
    """A file of a version to come is refused as such."""
    tree = json.dumps({"format": 2, "state": {"dict": []}})
    np.savez(path, tree=np.frombuffer(tree.encode(), np.uint8))
    with pytest.raises(CheckpointError, match="is of format 2, this version reads 1"):
        load(path)


def tree_file(path, state, **arrays):
    """Writes a file by hand: the JSON of a state, and arrays beside it."""
    text = f'{{"format": 1, "state": {state}}}'
    np.savez(path, tree=np.frombuffer(text.encode(), np.uint8), **arrays)


def huge_array(path):
    """A file whose array says that it has 2**60 numbers."""
    tree_file(path, '{"dict": [["x", {"array": 0, "trained": null, "scalar": false}]]}')
    with zipfile.ZipFile(path, "a") as archive:
        header = io.BytesIO()
        shape = {"descr": "<f8", "fortran_order": False, "shape": (1 << 60,)}
        np.lib.format.write_array_header_1_0(header, shape)
        archive.writestr("array0.npy", header.getvalue())


def bomb(path):
    """A file of a few kB that unpacks to 20 MB."""
    tree_file(path, '{"dict": []}')
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("array0.npy", bytes(20_000_000))


def encrypted(path):
    """A file with a member that needs a password."""
    tree_file(path, '{"dict": []}')
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: tree_file(path, '{"list": [' * 5_000 + "]}" * 5_000), id="deep"),
        pytest.param(
            lambda path: tree_file(path, '{"dict": [["x", ' + "[" * 90_000 + "]" * 90_000 + "]]}"),
            id="deeper",
        ),
        pytest.param(huge_array, id="huge array"),
        pytest.param(bomb, id="bomb"),
        pytest.param(encrypted, id="encrypted"),
        pytest.param(lambda path: tree_file(path, "9" * 5_000), id="long number"),
        pytest.param(lambda path: tree_file(path, "[]"), id="no kind"),
        pytest.param(lambda path: tree_file(path, '{"generator": {"dict": []}}'), id="generator"),
        pytest.param(
            lambda path: tree_file(
                path,
                '{"dict": [["x", {"generator": {"dict": [["bit_generator", "PCG64"], '
                '["state", {"dict": [["state", -1], ["inc", 1e400]]}], '
                '["has_uint32", 0], ["uinteger", 0]]}}]]}',
            ),
            id="overflow",
        ),
        pytest.param(lambda path: path.mkdir(), id="folder"),
    ],
)
def test_what_no_training_wrote_is_refused_by_name(path, write):
    """Whatever reading it would raise, there is one kind of error, and it names the file."""
    write(path)
    with pytest.raises(CheckpointError, match=re.escape(str(path))):
        load(path)


def test_a_state_that_cannot_be_written_is_refused(path):
    """A list inside itself, and a number longer than Python writes; the old file stays."""
    save(path, {"step": 1})
    endless = []
    endless.append(endless)
    for value in (endless, 10**5_000):
        with pytest.raises(CheckpointError, match="can't keep the state"):
            save(path, {"x": value})
    assert load(path) == {"step": 1}


@pytest.mark.skipif(os.name != "posix", reason="no file modes on this system")
def test_only_its_owner_can_read_it(path):
    """Whatever the umask, and whatever mode an older file has."""
    before = os.umask(0)
    try:
        save(path, {"step": 1})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        save(path, {"step": 2})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert load(path) == {"step": 2}
