"""The docs are true: their blocks run, their commands parse, and what they name exists."""

import asyncio
import doctest
import importlib.util
import inspect
import io
import re
import shlex
import subprocess
import sys
import tomllib
import warnings
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pennylane_qstore as qstore
from pennylane_qstore import emulator as qstore_emulator
from pennylane_qstore import errors
from pennylane_qstore import train as qstore_train
from pennylane_qstore.cli import commands
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.fleet.remote import embedded_emulator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(python|text|bash)\n(.*?)^```$", re.S | re.M)
EXTRAS = ("torch", "jax")
PORT = "8080"
MAIN = "import sys; from pennylane_qstore.cli.commands import main; sys.exit(main())"


def sections():
    """Each heading's blocks that belong together, with the page and the heading."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text()
        whole = page.stem != "recipes"
        parts = [text] if whole else re.split(r"(?m)^(?=## )", text)
        for part in parts:
            blocks = BLOCK.findall(part)
            if any(kind == "python" for kind, _ in blocks):
                heading = part.splitlines()[0].lstrip("# ")
                yield pytest.param(blocks, id=f"{page.stem}-{heading}")


@contextmanager
def emulator(commands):
    """The emulator that a section's command starts, on a free port: that port."""
    if not commands:
        yield PORT
        return
    words = shlex.split(commands[0].replace(f"--port {PORT}", "--port 0"))
    arguments = [sys.executable, "-c", MAIN, *words[1:]]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        yield re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline()).group(1)
    finally:
        process.terminate()
        process.communicate()


def run(code, names, *, in_notebook):
    """Runs a block as a script, or in a thread whose event loop runs, as a notebook's does."""
    compiled = compile(code, "docs", "exec", dont_inherit=True)

    async def within():
        exec(compiled, names)

    if in_notebook:
        asyncio.run(within())
    else:
        exec(compiled, names)


@pytest.mark.parametrize(
    ("blocks", "in_notebook"),
    [pytest.param(*each.values, where, id=f"{each.id}{'-notebook' * where}") for each in sections()
     for where in (False, *[True] * ("Jupyter" in each.id))],
)  # fmt: skip
def test_a_section_runs_and_prints_what_it_says(blocks, in_notebook, monkeypatch, tmp_path):
    """The blocks of a section run in their order, and a text block is what the last one printed."""
    code = "\n".join(text for kind, text in blocks if kind == "python")
    for extra in EXTRAS:
        if f"import {extra}" in code:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pytest.importorskip(extra)
                importlib.import_module(extra)
    monkeypatch.chdir(tmp_path)
    server = embedded_emulator(loop.current())
    monkeypatch.setenv("IONQ_API_KEY", server.key)
    monkeypatch.setenv("IONQ_API_URL", server.url)
    started = [
        text for kind, text in blocks if kind == "bash" and text.startswith("qstore emulator")
    ]
    names, printed = {"__name__": "docs"}, ""
    with emulator(started) as port:
        for kind, text in blocks:
            if kind == "python":
                heard = io.StringIO()
                with redirect_stdout(heard):
                    run(text.replace(f":{PORT}/", f":{port}/"), names, in_notebook=in_notebook)
                printed = heard.getvalue()
            elif kind == "text":
                assert printed == text
            elif not text.startswith("qstore emulator"):
                asked = text.replace(f":{PORT}/", f":{port}/")
                subprocess.run(["bash", "-euc", asked], check=True, capture_output=True)


def test_every_error_is_in_the_table():
    """The page of errors has all that are public, and no others."""
    rows = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "errors.md").read_text(), re.M))
    public = {
        name
        for name in qstore.__all__
        if inspect.isclass(getattr(qstore, name))
        and issubclass(getattr(qstore, name), (errors.QStoreError, errors.Interrupted))
    }
    assert rows == public - {"QStoreError"}


def test_every_option_is_in_the_table():
    """The table lists the device's options, all of them and no others, with their defaults."""
    page = (DOCS / "options.md").read_text()
    table = page.split("## Table of options")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", table, re.M))
    options = dict(inspect.signature(qstore.QStoreDevice).parameters)
    del options["unknown"]
    assert rows == {
        name: repr(option.default).replace("'", '"') for name, option in options.items()
    }


def test_the_pictures_are_what_their_script_draws(tmp_path):
    """Every figure is made by a script that is here."""
    script = tmp_path / "pictures.py"
    script.write_text((DOCS / "pictures.py").read_text())
    subprocess.run([sys.executable, script], check=True)
    drawn = {path.name: path.read_text() for path in tmp_path.glob("*.svg")}
    assert drawn.keys() >= {"path.svg", "rooms.svg", "states.svg", "failover.svg"}
    assert drawn == {name: (DOCS / name).read_text() for name in drawn}


def test_the_picture_of_the_rooms_has_the_layers_of_the_import_contract():
    """The figure of the folders is the contract that CI checks, layer by layer."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = next(
        each for each in config["tool"]["importlinter"]["contracts"] if each["type"] == "layers"
    )
    layers = [
        {name.removeprefix("pennylane_qstore.") for name in re.split(r" [|:] ", layer)}
        for layer in contract["layers"]
    ]
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    assert [{name for name, _ in layer} for layer in pictures.LAYERS] == layers


def test_the_citation_has_the_version():
    """Whoever cites the package cites the version that is here."""
    version = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M).group(1)
    assert version == qstore.__version__


def test_every_public_name_is_in_the_reference():
    """The API reference has each public name of the package, its trainer and its emulator."""
    listed = set(re.findall(r"::\s+([\w.]+)", (DOCS / "api.md").read_text()))
    public = {f"pennylane_qstore.{name}" for name in qstore.__all__} - {
        "pennylane_qstore.__version__"
    }
    public |= {f"pennylane_qstore.emulator.{name}" for name in qstore_emulator.__all__}
    public |= {f"pennylane_qstore.train.{name}" for name in qstore_train.__all__}
    commands = {"pennylane_qstore.train." + name for name in ("add_arguments", "main", "run")}
    missing = public - listed - commands - {"pennylane_qstore.emulator.REQUESTS"}
    assert not missing
    for name in listed:
        assert _exists(name), f"{name} in docs/api.md"


def _exists(dotted):
    """Whether a dotted name can be imported, or is an attribute of what can be."""
    with suppress(ModuleNotFoundError):
        if importlib.util.find_spec(dotted):  # without running it: it may need an extra
            return True
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for name in parts[end:]:
            if not hasattr(value, name):
                return False
            value = getattr(value, name)
        return True
    return False


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_exists(page):
    """Files, folders, modules and names of the package that a page mentions are there."""
    text = page.read_text()
    code = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    places = (ROOT, ROOT / "pennylane_qstore", page.parent)
    for each in code:
        if (
            re.fullmatch(r"[\w.-]+(/[\w.-]+)*(/|\.(py|md|toml|cfg|svg|json))", each)
            and ("/" in each or each.endswith(".py"))
            and not each.startswith("build/")
        ):
            assert any((place / each).exists() for place in places), f"{each} in {page.name}"
        if re.fullmatch(r"(qstore|pennylane_qstore|benchmarks)\.[\w.]+", each):
            name = re.sub(r"^qstore\.", "pennylane_qstore.", each)
            assert _exists(name), f"{each} in {page.name}"
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
        assert (page.parent / link).exists(), f"{link} in {page.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_parse(page):
    """Each ``qstore …`` that a page shows has subcommands and options that exist."""
    for shown in re.findall(
        r"[`\n](qstore (?:train|emulator|jobs|estimate)\b[^`\n]*)", page.read_text()
    ):
        words = shlex.split(re.sub(r"\b(ID|NAME)…?", "x", shown))[1:]
        words = [word for word in words if word not in {"|", "…"}]
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        heard = io.StringIO()
        with redirect_stdout(heard), pytest.raises(SystemExit):
            commands.main([words[0], *(words[1:2] if words[0] == "jobs" else []), "--help"])
        for option in options:
            assert option in heard.getvalue(), f"{shown} in {page.name}"


PUBLIC = [name for name in qstore.__all__ if not name.startswith("__")]


def _names_of_examples():
    """What examples in docstrings may use without an import: a device, a circuit, its arguments."""
    dev = qml.device("qstore.ionq", wires=2, seed=1)

    @qml.qnode(dev)
    def circuit(weights, features=0.0):
        qml.RY(features, wires=0)
        qml.RX(weights[0], wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RY(weights[1], wires=1)
        return qml.expval(qml.Z(1))

    features = np.linspace(0, 1, 4)
    return {
        **{name: getattr(qstore, name) for name in PUBLIC},
        **{"qml": qml, "np": np, "pnp": pnp, "qstore": qstore},
        **{"dev": dev, "circuit": circuit, "loss": circuit, "features": features},
        "labels": np.sign(features - 0.5),
        "weights": pnp.array([0.3, 0.5], requires_grad=True),
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_the_examples_of_a_public_name_run(name, monkeypatch, tmp_path):
    """What a public name's docstring shows as an example prints what it shows."""
    monkeypatch.chdir(tmp_path)
    finder = doctest.DocTestFinder(recurse=False)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    for example in finder.find(getattr(qstore, name), name, globs=_names_of_examples()):
        assert not doctest.DocTestRunner(optionflags=flags).run(example).failed
