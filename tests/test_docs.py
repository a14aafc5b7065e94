"""Every block of Python in the docs runs and prints what stands below it; commands run too."""

import ast
import asyncio
import importlib
import inspect
import io
import re
import shlex
import subprocess
import sys
import warnings
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

import pennylane_qstore as qstore
from pennylane_qstore import errors
from pennylane_qstore.cloud.http import loop
from pennylane_qstore.fleet import embedded

DOCS = Path(__file__).parents[1] / "docs"
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


def run(code, names):
    """Runs a block, which may await."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compiled = compile(code, "docs", "exec", flags=flags, dont_inherit=True)

    async def within():
        found = eval(compiled, names)
        if inspect.isawaitable(found):
            await found

    if "await " in code or "get_running_loop" in code:
        asyncio.run(within())
    else:
        exec(compiled, names)


@pytest.mark.parametrize("blocks", list(sections()))
def test_a_section_runs_and_prints_what_it_says(blocks, monkeypatch, tmp_path):
    """The blocks of a section run in their order, and a text block is what the last one printed."""
    code = "\n".join(text for kind, text in blocks if kind == "python")
    for extra in EXTRAS:
        if f"import {extra}" in code:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pytest.importorskip(extra)
                importlib.import_module(extra)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IONQ_API_KEY", "any")
    monkeypatch.setenv("IONQ_API_URL", embedded.server(loop.current()).url)
    commands = [
        text for kind, text in blocks if kind == "bash" and text.startswith("qstore emulator")
    ]
    names, printed = {"__name__": "docs"}, ""
    with emulator(commands) as port:
        for kind, text in blocks:
            if kind == "python":
                heard = io.StringIO()
                with redirect_stdout(heard):
                    run(text.replace(f":{PORT}/", f":{port}/"), names)
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


def test_the_picture_is_what_its_script_draws(tmp_path):
    """Every figure is made by a script that is here."""
    script = tmp_path / "path.py"
    script.write_text((DOCS / "path.py").read_text())
    subprocess.run([sys.executable, script], check=True)
    assert (tmp_path / "path.svg").read_text() == (DOCS / "path.svg").read_text()
