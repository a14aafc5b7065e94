"""Record `qstore train`, as it prints, into a picture: ``python docs/recording.py``.

The command runs with its defaults in an empty folder. What it printed becomes
``docs/qstore-train.svg``, by rich's export.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
MAIN = "import sys; from pennylane_qstore.cli import main; sys.exit(main(sys.argv[1:]))"
WIDTH = 108  # characters of a line
FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)  # rich names fonts on a web server


def printed() -> str:
    """Return what `qstore train` prints."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        words = [sys.executable, "-W", "ignore", "-c", MAIN, "train"]
        process = subprocess.run(
            words, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    return process.stdout


def picture(text: str) -> str:
    """Return the SVG of a terminal with the command and its output."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), ("qstore train", "bold")))
    for line in text.splitlines():
        style = "bold" if line.startswith("test accuracy") else "none"
        console.print(Text(line, style))
    svg = console.export_svg(title="qstore train", theme=MONOKAI, unique_id="qstore-train")
    return FONTS.sub("", svg)


if __name__ == "__main__":
    Path(__file__).with_name("qstore-train.svg").write_text(picture(printed()))
