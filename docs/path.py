"""The picture of the path, as an SVG: ``python docs/path.py`` writes ``docs/path.svg``."""

from pathlib import Path

WIDTH, HEIGHT, BOX, STEP, TOP = 906, 150, 150, 184, 34
BLUE, INK, GREY = "#3b7dd8", "#12304f", "#5b6b7b"
STATIONS = (
    ("tape", "PennyLane", "your QNode"),
    ("programs", "compiler/", "native gates, as arrays"),
    ("job", "cloud/", "one POST a batch"),
    ("outcomes", "cloud/", "joined by child ids"),
    ("results", "readout.py", "PennyLane's types"),
)
STEPS = ("compile", "pack", "submit, wait, fetch", "read out")
ABOUT = "A tape becomes native programs, a job, outcomes and results"
BELOW = (
    "device.py is the door to all of it; with no key, emulator/ answers in place of IonQ, "
    "over the same HTTP"
)


def _text(x: float, y: int, size: int, colour: str, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" font-size="{size}"{weight} '
        f'fill="{colour}">{words}</text>'
    )


def _station(place: int) -> list[str]:
    name, where, what = STATIONS[place]
    left = 10 + STEP * place
    middle = left + BOX / 2
    return [
        f'<rect x="{left}" y="{TOP}" width="{BOX}" height="74" rx="8" fill="#eef4fb" '
        f'stroke="{BLUE}"/>',
        _text(middle, 60, 17, INK, name, bold=True),
        _text(middle, 79, 12, BLUE, where),
        _text(middle, 97, 12, "#33475b", what),
    ]


def _step(place: int) -> list[str]:
    left = 10 + STEP * place + BOX + 4
    return [
        f'<line x1="{left}" y1="71" x2="{left + 26}" y2="71" stroke="{GREY}" stroke-width="2" '
        'marker-end="url(#a)"/>',
        _text(left + 13.0, 24, 12, GREY, STEPS[place]),
    ]


def drawn() -> str:
    """The whole picture."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" role="img" '
        f'aria-label="{ABOUT}">',
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{GREY}"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#ffffff"/>',
    ]
    for place in range(len(STATIONS)):
        lines += _station(place)
        lines += _step(place) if place < len(STEPS) else []
    return "\n".join([*lines, _text(WIDTH / 2, 136, 12, GREY, BELOW), "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(drawn())
