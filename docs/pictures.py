"""Draw the figures of these pages as SVG files: ``python docs/pictures.py``."""

from collections.abc import Sequence
from pathlib import Path

BLUE, INK, GREY, LIGHT, GREEN, RED = (
    "#3b7dd8", "#12304f", "#5b6b7b", "#eef4fb", "#2c8a57", "#c0453a",
)  # fmt: skip
Point = tuple[float, float]


def text(at: Point, words: str, size: int = 12, colour: str = GREY, anchor: str = "middle") -> str:
    """Return one line of text whose baseline is at a point."""
    return (
        f'<text x="{at[0]:g}" y="{at[1]:g}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour}">{words}</text>'
    )


def box(
    corner: Point, size: Point, title: str, lines: Sequence[str] = (), colour: str = BLUE
) -> list[str]:
    """Return a rectangle with a bold title and lines of text below it."""
    (left, top), (width, height) = corner, size
    middle = left + width / 2
    first = top + height / 2 + 5 - 8 * len(lines)
    bold = f'<tspan font-weight="bold">{title}</tspan>'
    return [
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="8" '
        f'fill="{LIGHT}" stroke="{colour}"/>',
        text((middle, first), bold, 15 if len(title) < width / 11 else 13, INK),
        *(text((middle, first + 18 + 16 * row), line) for row, line in enumerate(lines)),
    ]


def diamond(middle: Point, size: Point, lines: Sequence[str]) -> list[str]:
    """Return a decision of a flow chart, with its question."""
    (x, y), (width, height) = middle, size
    corners = ((x, y - height / 2), (x + width / 2, y), (x, y + height / 2), (x - width / 2, y))
    points = " ".join(f"{a:g},{b:g}" for a, b in corners)
    first = y + 4 - 7.5 * (len(lines) - 1)
    return [
        f'<polygon points="{points}" fill="#ffffff" stroke="{BLUE}"/>',
        *(text((x, first + 15 * row), line, colour=INK) for row, line in enumerate(lines)),
    ]


def arrow(points: Sequence[Point], label: str = "", at: Point | None = None) -> list[str]:
    """Return a line with an arrow head at its last point, and a label beside it."""
    path = " ".join(f"{a:g},{b:g}" for a, b in points)
    drawn = [
        f'<polyline points="{path}" fill="none" stroke="{GREY}" stroke-width="1.6" '
        'marker-end="url(#a)"/>'
    ]
    if label:
        (a, b), (c, d) = points[0], points[-1]
        drawn += [text(at or ((a + c) / 2, (b + d) / 2 - 6), label, 12, INK)]
    return drawn


def svg(size: Point, about: str, parts: Sequence[list[str]]) -> str:
    """Return a whole file: a white sheet, the marker of arrow heads, and the parts."""
    width, height = size
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" font-family="Helvetica, Arial, sans-serif" '
            f'role="img" aria-label="{about}">',
            '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{GREY}"/></marker>'
            "</defs>",
            f'<rect width="{width:g}" height="{height:g}" rx="10" fill="#ffffff"/>',
            *(line for part in parts for line in part),
            "</svg>\n",
        ]
    )


def path() -> str:
    """Return the figure of the path from a tape to results."""
    stations = (
        ("tape", "PennyLane", "your QNode"),
        ("programs", "compiler/", "native gates, as arrays"),
        ("job", "cloud/submitting/", "one POST per batch"),
        ("outcomes", "cloud/results/", "counts or probabilities"),
        ("results", "device/", "PennyLane's types"),
    )
    steps = ("compile", "pack", "submit, wait, fetch", "read out")
    parts = [
        box((10 + 184 * i, 34), (150, 74), name, (where, what))
        for i, (name, where, what) in enumerate(stations)
    ]
    parts += [
        arrow([(163 + 184 * i, 71), (191 + 184 * i, 71)], step, (177 + 184 * i, 24))
        for i, step in enumerate(steps)
    ]
    below = "device/ calls all of it; without a key, emulator/ answers in place of IonQ, over HTTP"
    parts.append([text((453, 136), below)])
    return svg((906, 150), "A tape becomes native programs, a job, outcomes and results", parts)


# The layers of the first import contract in pyproject.toml, top first.
LAYERS = (
    (("cli", "commands of the shell: qstore train, emulator, jobs, estimate"),),
    (("train", "trainer, checkpoints, shot schedules, and the example of qstore train"),),
    (("optimize", "optimizers and gradients whose step is one job"),),
    (("gathering", "many callers, one batch: gather, map, replay"),),
    (("device", "PennyLane's device interface: execute, read out results"),),
    (("mitigation", "error mitigation: folding, extrapolation, readout"),),
    (("fleet", "choice of the backend, failover"),),
    (
        ("compiler", "tapes to native gates"),
        ("cloud", "jobs over HTTP"),
        ("emulator", "IonQ's API on this machine"),
    ),
    (
        ("options", "checked options"),
        ("programs", "gates, outcomes"),
        ("reporting", "events, log, progress"),
        ("runs", "named runs"),
    ),
    (
        ("ops", "native gates"),
        ("pennylane_private", "private names"),
        ("processes", "which process this is"),
        ("tensors", "tensors to arrays"),
        ("errors", "tree of errors"),
    ),
)


def rooms() -> str:
    """Return the figure of the package's folders and modules, in layers."""
    parts, top = [], 20.0
    for layer in LAYERS:
        width = (840 - 14 * (len(layer) - 1)) / len(layer)
        if parts:
            parts.append(arrow([(440, top - 16), (440, top - 2)]))
        for column, (name, what) in enumerate(layer):
            parts.append(box((20 + column * (width + 14), top), (width, 48), name, (what,)))
        top += 66
    note = "A layer imports only from the layers below it. An import contract in CI checks this."
    parts.append([text((440, top + 6), note)])
    return svg((880, top + 24), "The folders of the package in layers", parts)


def states() -> str:
    """Return the state diagram of a job, as the journal records it."""
    size = (138, 56)
    parts = [
        box((20, 120), size, "intent", ("in the journal",)),
        box((300, 120), size, "submitted", ("IonQ has an id",)),
        box((580, 120), size, "completed", ("results at IonQ",)),
        box((800, 120), size, "delivered", ("results in Python",), GREEN),
        box((20, 262), size, "refused", ("nothing is at IonQ",), RED),
        box((300, 262), size, "canceled", (), RED),
        box((470, 262), size, "failed", ("IonQ gives a code",), RED),
        box((640, 262), size, "lost", ("IonQ has no such job",), RED),
        arrow([(158, 148), (297, 148)], "POST accepted", (228, 140)),
        arrow([(438, 148), (577, 148)], "ready, started", (508, 140)),
        arrow([(718, 148), (797, 148)], "fetched", (758, 140)),
        arrow([(89, 88), (89, 117)], "recorded before the POST", (95, 80)),
        arrow([(200, 148), (200, 226), (130, 226), (130, 179)]),
        [text((206, 196), "reply lost: look up", anchor="start")],
        [text((206, 211), "the token, then adopt", anchor="start")],
        [text((206, 226), "or resubmit", anchor="start")],
        arrow([(50, 177), (50, 259)], "4xx, budget", (90, 250)),
        arrow([(345, 177), (345, 259)], "Ctrl-C, queue_timeout", (270, 250)),
        arrow([(400, 177), (400, 225), (539, 225), (539, 259)], "error at IonQ", (470, 218)),
        arrow([(425, 177), (425, 198), (709, 198), (709, 259)], "404 for 10 s", (610, 192)),
        arrow([(369, 120), (369, 60), (330, 60), (330, 117)]),
        [text((350, 36), "deadline or killed process: the state stays, and")],
        [text((350, 52), "the same program resumes the job")],
        arrow([(649, 120), (649, 60), (610, 60), (610, 117)]),
        [text((668, 52), "killed: fetched by the next run", anchor="middle")],
    ]  # fmt: skip
    return svg((960, 338), "The states of a job and the events between them", parts)


def failover() -> str:
    """Return the flow chart of when a job moves to another backend."""
    yes, no, again = "yes", "no", "yes: compile for it and start again"
    choice = ("Can another", "listed backend run it?", "(never a QPU after", "a simulator)")
    parts = [
        box((20, 20), (200, 50), "job for a backend", ("which finishes first",)),
        arrow([(120, 70), (120, 100)]),
        diamond((120, 150), (210, 100), ("Is the backend away,", "too small, or", "uncoupled?")),
        arrow([(120, 200), (120, 240)], no, (134, 224)),
        box((20, 242), (200, 50), "POST /jobs"),
        arrow([(120, 292), (120, 322)]),
        diamond((120, 372), (210, 100), ("No connection,", "or only 429s,", "for 30 s?")),
        arrow([(120, 422), (120, 462)], no, (134, 446)),
        diamond((120, 512), (210, 100), ("Is the reply lost?", "(5xx, reset,", "time-out)")),
        arrow([(225, 512), (318, 512)], yes, (262, 506)),
        box((320, 482), (220, 60), "never moves", ("look up, adopt or resubmit",), GREEN),
        arrow([(120, 562), (120, 602)], no, (134, 586)),
        diamond((120, 652), (210, 100), ("Still queued after", "queue_timeout?")),
        arrow([(225, 652), (318, 652)], no, (262, 646)),
        box((320, 622), (220, 60), "never moves", ("wait until max_wait",), GREEN),
        arrow([(120, 702), (120, 742)], yes, (136, 726)),
        box((20, 744), (200, 50), "cancel", ("wait for the confirmation",)),
        arrow([(220, 769), (318, 769)], "it had started", (268, 763)),
        box((320, 739), (220, 60), "never moves", ("use its results",), GREEN),
        arrow([(120, 794), (120, 820), (690, 820), (690, 434)], "cancelled", (600, 814)),
        arrow([(225, 150), (690, 150), (690, 285)], yes, (262, 144)),
        arrow([(225, 372), (588, 372)], yes, (262, 366)),
        diamond((690, 360), (236, 144), choice),
        arrow([(808, 360), (818, 360), (818, 45), (223, 45)], again, (520, 38)),
        arrow([(630, 398), (630, 440), (590, 440), (590, 462)], no, (612, 434)),
        box((560, 464), (118, 50), "error", ("NoBackendError",), RED),
    ]  # fmt: skip
    return svg((840, 834), "When a job moves to another backend", parts)


FIGURES = {"path": path, "rooms": rooms, "states": states, "failover": failover}

if __name__ == "__main__":
    for name, draw in FIGURES.items():
        Path(__file__).with_name(f"{name}.svg").write_text(draw())
