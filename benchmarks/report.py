"""All benchmarks to one page: Markdown, figures, versions and the machine.

Run with ``python -m benchmarks.report``, from the repository; ``--short`` takes less than ten
minutes. Needs ``pip install -e .[rivals,interop,report]``. Each benchmark is a process of its own,
one after the other; what it prints is on the page, unchanged, and the figures are drawn from that.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

# Names in SVG files follow from what is drawn, and not from chance.
matplotlib.rcParams["svg.hashsalt"] = "benchmarks"
ROOT = Path(__file__).parents[1]
PACKAGES = (
    "pennylane-qstore",
    "pennylane",
    "pennylane-lightning",
    "pennylane-ionq",
    "cirq-ionq",
    "qiskit-ionq",
    "ionq-core",
    "pytket",
    "numpy",
    "aiohttp",
)
PATIENCE = 3 * 3600  # seconds


class Script(NamedTuple):
    """A benchmark.

    Attributes:
        title: on the page
        command: after ``python``
        short: what makes it short
        markdown: whether it prints Markdown
    """

    title: str
    command: tuple[str, ...]
    short: tuple[str, ...] = ("--short",)
    markdown: bool = True


SCRIPTS = (
    Script("Q-Store's own table", ("-m", "benchmarks.qstore_table")),
    Script("Four clients", ("-m", "benchmarks.clients")),
    Script("Training", ("-m", "benchmarks.training")),
    Script("Compiling", ("-m", "benchmarks.compile")),
    Script("Scale", ("-m", "benchmarks.scale")),
    Script("Templates and gradients", ("benchmarks/gradient.py",), markdown=False),
    Script("Binding", ("benchmarks/binding.py",), (), markdown=False),
    Script("Batches", ("benchmarks/batching.py",), (), markdown=False),
    Script("The least there can be", ("benchmarks/latency.py",), (), markdown=False),
    Script("Faults", ("benchmarks/faults.py",), markdown=False),
    Script("The emulator", ("benchmarks/emulator.py",), markdown=False),
)


def machine() -> list[str]:
    """What it ran on, and with what."""
    lines = [
        f"- {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores"
    ]
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        lines.append(f"- load when it began: {load:.1f} of {os.cpu_count()}")
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} is not installed")
    return [*lines, f"- {', '.join(versions)}"]


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown processor"
    found = re.search(r"model name\s*: (.*)", told)
    return found.group(1) if found else "unknown processor"


def run(script: Script, *, short: bool) -> tuple[str, float]:
    """What a script prints, and how many seconds it took; an error is on the page as well."""
    command = [sys.executable, "-W", "ignore", *script.command, *(script.short if short else ())]
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    printed = done.stdout.strip()
    if done.returncode:
        printed += f"\n\nIt failed:\n\n```text\n{done.stderr.strip()[-2000:]}\n```"
    return printed, time.perf_counter() - start


def tables(text: str) -> dict[str, list[list[str]]]:
    """The Markdown tables in a text, as rows of cells, by the heading above them."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|") and not line.startswith("|---"):
            found.setdefault(heading, []).append([each.strip() for each in line.split("|")[1:-1]])
    return found


def _number(cell: str) -> float:
    found = re.search(r"[\d,.]*\d", cell)
    return float(found.group().replace(",", "")) if found else 0.0


def draw_qstore(text: str, path: Path) -> None:
    """Each way's time for a batch, by lanes."""
    found = {key: rows for key, rows in tables(text).items() if "lane" in key}
    column = next(
        (place for place, name in enumerate(next(iter(found.values()))[0]) if name[:3] == "20 "), 1
    )
    figure, axes = plt.subplots(figsize=(8, 3.6))
    width = 0.8 / len(found)
    for place, (lanes, rows) in enumerate(found.items()):
        bars = [row for row in rows[1:] if " s (" in row[column]]
        at = [each + place * width for each in range(len(bars))]
        axes.bar(at, [_number(row[column]) for row in bars], width, label=lanes)
        axes.set_xticks([each + 0.4 - width / 2 for each in range(len(bars))])
        axes.set_xticklabels([row[0].replace(", ", ",\n") for row in bars], fontsize=7)
    axes.set_ylabel("seconds a batch of 20")
    axes.legend()
    _saved(figure, path)


def draw_clients(text: str, path: Path) -> None:
    """Wall time, work and requests of each client."""
    rows = next(iter(tables(text).values()))
    clients = [row for row in rows[1:] if row[0] != "the floor"]
    figure, several = plt.subplots(1, 3, figsize=(8, 2.6))
    for axes, (column, what) in zip(
        several, ((1, "wall, s"), (3, "client's work, ms"), (5, "requests")), strict=True
    ):
        axes.barh([row[0] for row in clients], [_number(row[column]) for row in clients])
        axes.set_xlabel(what)
        axes.invert_yaxis()
        axes.tick_params(labelsize=7)
    for axes in several[1:]:
        axes.set_yticklabels([])
    _saved(figure, path)


def draw_training(text: str, path: Path) -> None:
    """Jobs a step."""
    rows = next(rows for key, rows in tables(text).items() if key.startswith("Jobs a step"))[1:]
    figure, axes = plt.subplots(figsize=(8, 3.4))
    places = range(len(rows))
    theirs = [_number(row[1]) for row in rows]
    axes.barh([place - 0.2 for place in places], theirs, 0.4, label="PennyLane's optimizer")
    ours = [_number(row[2]) for row in rows]
    axes.barh([place + 0.2 for place in places], ours, 0.4, label="ours")
    axes.set_yticks(list(places), [row[0] for row in rows], fontsize=7)
    axes.set_xlabel("jobs a step, each with a wait of its own (none: it refuses shots)")
    axes.set_xscale("symlog")
    axes.invert_yaxis()
    axes.legend()
    _saved(figure, path)


def draw_scale(text: str, path: Path) -> None:
    """Time against circuits, and the rate against threads."""
    found = tables(text)
    circuits = next(rows for key, rows in found.items() if key.startswith("Circuits"))[1:]
    threads = next(rows for key, rows in found.items() if key.startswith("Threads"))[1:]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    left.loglog([_number(row[0]) for row in circuits], [_number(row[1]) for row in circuits], "o-")
    left.set_xlabel("circuits")
    left.set_ylabel("ms, tape to texts")
    right.loglog([_number(row[0]) for row in threads], [_number(row[2]) for row in threads], "o-")
    right.set_xlabel("threads")
    right.set_ylabel("circuits a second")
    _saved(figure, path)


FIGURES: dict[str, tuple[str, Callable[[str, Path], None]]] = {
    "Q-Store's own table": ("qstore_table.svg", draw_qstore),
    "Four clients": ("clients.svg", draw_clients),
    "Training": ("training.svg", draw_training),
    "Scale": ("scale.svg", draw_scale),
}


def _saved(figure: Any, path: Path) -> None:
    figure.tight_layout()
    # No date in it: the same numbers are the same file.
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def page(scripts: Sequence[Script], folder: Path, *, short: bool) -> str:
    """Runs scripts, draws their figures, and gives the page."""
    form = "the short form" if short else "the long form"
    lines = ["# What the benchmarks found", "", *machine(), f"- {form} of each", ""]
    for script in scripts:
        print(f"{script.title} …", end=" ", flush=True)
        printed, seconds = run(script, short=short)
        print(f"{seconds:.0f} s", flush=True)
        command = " ".join(("python", *script.command, *(script.short if short else ())))
        lines += [f"## {script.title}", "", f"`{command}`, {seconds:.0f} s:", ""]
        body = printed if script.markdown else f"```text\n{printed}\n```"
        # A script's own headings go below this one.
        lines += [re.sub(r"(?m)^##? (?=\S)", "### ", body), ""]
        if script.title in FIGURES and "It failed:" not in printed:
            name, draw = FIGURES[script.title]
            draw(printed, folder / name)
            lines += [f"![{script.title}]({name})", ""]
    return "\n".join(lines)


def redraw(path: Path, folder: Path) -> None:
    """Draws the figures of a page that is there."""
    for part in re.split(r"(?m)^## ", path.read_text())[1:]:
        title, _, text = part.partition("\n")
        if title in FIGURES:
            name, draw = FIGURES[title]
            draw(text, folder / name)


def main() -> None:
    """Writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="less than ten minutes")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "benchmarks")
    parser.add_argument("--only", nargs="+", help="words of the titles that are run")
    parser.add_argument("--redraw", type=Path, help="a page whose figures are drawn anew instead")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.redraw is not None:
        redraw(asked.redraw, asked.out)
        return
    scripts = [
        script
        for script in SCRIPTS
        if not asked.only or any(word.lower() in script.title.lower() for word in asked.only)
    ]
    start = time.perf_counter()
    text = page(scripts, asked.out, short=asked.short)
    path = asked.out / "report.md"
    path.write_text(text)
    print(f"{path}: {time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
