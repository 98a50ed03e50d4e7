"""How time grows with the number of plants: ``python -m benchmarks.growth`` draws ``docs/growth.svg``.

Ordinary and distinct fleets from 10 to 100 000 plants, several of each size. A dot is one fleet (the median of its
repeats), a line joins the medians of the sizes, and the dashed line grows as n log n through the middle of them all.

The SVG is written without a plotting library: it needs only two axes, dots and lines, is small, and two versions can be
compared as text.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from math import ceil, floor, log2, log10
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.families import FAMILIES
from benchmarks.outside import TIME_OUT
from benchmarks.worker import OURS, Worker

SIZES = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
COLOURS = {"ordinary": "#0072b2", "distinct": "#d55e00"}
CAPTIONS = {"ordinary": "ordinary fleets", "distinct": "every efficiency distinct"}
TIME_LIMIT = 60.0


class Point(NamedTuple):
    """One fleet: how many plants, how many seconds."""

    n: int
    seconds: float


def measure(families: Sequence[str], sizes: Sequence[int], seeds: int) -> dict[str, list[Point]]:
    """Time every fleet, the families in turn at each size, and print the medians."""
    points: dict[str, list[Point]] = {family: [] for family in families}
    print("n".rjust(8), *(family.rjust(16) for family in families), " ns per plant and log2 n")
    with Worker(OURS) as ours:
        for n in sizes:
            for seed in range(seeds):
                for family in families:
                    timing = ours.ask(FAMILIES[family](n, seed), TIME_LIMIT, spend=0.05)
                    if timing.status == TIME_OUT:
                        raise SystemExit(f"{family}, n = {n}, seed {seed}: no answer within {TIME_LIMIT:g} s")
                    points[family].append(Point(n, median(timing.seconds)))
            medians = [dict(_medians(points[family]))[n] for family in families]
            print(
                str(n).rjust(8),
                *(f"{seconds * 1e3:13.4f} ms" for seconds in medians),
                *(f"{seconds * 1e9 / (n * log2(n)):8.1f}" for seconds in medians),
                flush=True,
            )
    return points


def _medians(points: Sequence[Point]) -> Iterator[Point]:
    for n in sorted({point.n for point in points}):
        yield Point(n, median(point.seconds for point in points if point.n == n))


class Frame:
    """The axes, both logarithmic: from a number of plants and a time to coordinates."""

    width, height = 760, 520
    left, right, top, bottom = 84, 44, 64, 62

    def __init__(self, points: Sequence[Point]) -> None:
        self.decades_x = (
            floor(log10(min(point.n for point in points))),
            ceil(log10(max(point.n for point in points))),
        )
        self.decades_y = (
            floor(log10(min(point.seconds for point in points))),
            ceil(log10(max(point.seconds for point in points))),
        )

    def x(self, n: float) -> float:
        """Return the x coordinate of a number of plants."""
        first, last = self.decades_x
        return self.left + (self.width - self.left - self.right) * (log10(n) - first) / (last - first)

    def y(self, seconds: float) -> float:
        """Return the y coordinate of a time."""
        first, last = self.decades_y
        inner = self.height - self.top - self.bottom
        return self.height - self.bottom - inner * (log10(seconds) - first) / (last - first)


def picture(points: dict[str, list[Point]]) -> str:
    """Draw the points as an SVG."""
    every_point = [point for family in points.values() for point in family]
    frame = Frame(every_point)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width} {frame.height}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#333">'
    )
    lines = [
        opening,
        "<title>Time to a proven plan against the number of plants</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{frame.left}" y="28" font-size="17" font-weight="600">Time to a proven plan</text>',
        *_legend(frame, list(points)),
        *_grid(frame),
        *_reference(frame, every_point),
    ]
    for family, its_points in points.items():
        colour = COLOURS[family]
        lines += [_dot(frame, point, colour) for point in its_points]
        lines.append(_path(frame, list(_medians(its_points)), f'stroke="{colour}" stroke-width="2"'))
    return "\n".join([*lines, "</svg>", ""])


def _legend(frame: Frame, families: Sequence[str]) -> Iterator[str]:
    x = frame.left
    for family in families:
        yield f'<path d="M{x} 46h22" stroke="{COLOURS[family]}" stroke-width="2"/>'
        yield f'<text x="{x + 29}" y="50">{CAPTIONS[family]}</text>'
        x += 50 + 7 * len(CAPTIONS[family])
    yield f'<path d="M{x} 46h22" stroke="#777" stroke-width="1.5" stroke-dasharray="5 4"/>'
    yield f'<text x="{x + 29}" y="50">grows as n log n</text>'


def _grid(frame: Frame) -> Iterator[str]:
    floor_y, left_x = frame.height - frame.bottom, frame.left
    for decade in range(frame.decades_x[0], frame.decades_x[1] + 1):
        x = frame.x(10**decade)
        yield f'<path d="M{x:.1f} {frame.top}V{floor_y}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{floor_y + 21}" text-anchor="middle">{10**decade:,}</text>'.replace(",", "\u202f")
    for decade in range(frame.decades_y[0], frame.decades_y[1] + 1):
        y = frame.y(10**decade)
        yield f'<path d="M{left_x} {y:.1f}H{frame.width - frame.right}" stroke="#ddd"/>'
        yield f'<text x="{left_x - 9}" y="{y + 4.5:.1f}" text-anchor="end">{_time(decade)}</text>'
    middle = (frame.left + frame.width - frame.right) / 2
    caption = "plants (a dot is one fleet, a line joins the medians)"
    yield f'<text x="{middle:.1f}" y="{frame.height - 16}" text-anchor="middle">{caption}</text>'


def _time(decade: int) -> str:
    unit, shift = ("s", 0) if decade >= 0 else ("ms", 3) if decade >= -3 else ("µs", 6)
    return f"{10 ** (decade + shift)} {unit}"


def _reference(frame: Frame, points: Sequence[Point]) -> Iterator[str]:
    """The curve n log n, scaled so that half of the points lie above it."""
    scale = median(point.seconds / (point.n * log2(point.n)) for point in points)
    first, last = log10(min(point.n for point in points)), log10(max(point.n for point in points))
    sizes = [10 ** (first + (last - first) * i / 40) for i in range(41)]
    curve = [(n, scale * n * log2(n)) for n in sizes]
    inside = [
        (n, seconds) for n, seconds in curve if 10.0 ** frame.decades_y[0] <= seconds <= 10.0 ** frame.decades_y[1]
    ]
    yield _path(frame, inside, 'stroke="#777" stroke-width="1.5" stroke-dasharray="5 4"')


def _path(frame: Frame, points: Sequence[tuple[float, float]], style: str) -> str:
    places = "L".join(f"{frame.x(n):.1f} {frame.y(seconds):.1f}" for n, seconds in points)
    return f'<path d="M{places}" fill="none" {style}/>'


def _dot(frame: Frame, point: Point, colour: str) -> str:
    return (
        f'<circle cx="{frame.x(point.n):.1f}" cy="{frame.y(point.seconds):.1f}" r="2.5" fill="{colour}" opacity=".45"/>'
    )


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="N")
    parser.add_argument("--seeds", type=int, default=7, help="fleets of each size")
    parser.add_argument("--output", type=Path, default=Path("docs/growth.svg"))
    chosen = parser.parse_args()
    points = measure(list(COLOURS), chosen.sizes, chosen.seeds)
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(picture(points), encoding="utf-8")
    print(f"drawn: {chosen.output}")


if __name__ == "__main__":
    main()
