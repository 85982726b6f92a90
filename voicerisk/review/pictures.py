"""Pictures of the reports as inline SVG. Time runs from left to right in every language, as on a clock's strip."""

from collections.abc import Callable, Sequence
from html import escape

from markupsafe import Markup

from voicerisk.review.contacts import HourCount
from voicerisk.review.incident import CallCurve

_WIDTH = 960
_LEFT = 44


def hours_picture(hours: Sequence[HourCount], legend: str) -> Markup:
    """Calls of each hour as columns, with what was given up and what turned red in them, and attempts while closed."""
    height, bottom, top = 230, 28, 12
    highest = max((max(one.calls, one.offhours) for one in hours), default=0)
    scale = _nice(highest)
    step = (_WIDTH - _LEFT) / max(1, len(hours))
    parts = [*_grid(scale, height, bottom, top)]

    def column(n: int, which: str, at: float, width: float) -> None:
        if n:
            tall = (height - bottom - top) * n / scale
            y = height - bottom - tall
            parts.append(f'<rect class="{which}" x="{at:.1f}" y="{y:.1f}" width="{width:.1f}" height="{tall:.1f}"/>')

    for n, one in enumerate(hours):
        x = _LEFT + n * step
        about = f"{one.hour}:00 · {one.calls} / {one.abandoned} / {one.red} / {one.offhours}"
        parts.append(f"<g><title>{escape(about)}</title>")
        column(one.calls, "p-calls", x + 0.12 * step, 0.76 * step)
        column(one.abandoned, "p-abandoned", x + 0.12 * step, 0.38 * step)
        column(one.red, "p-red", x + 0.5 * step, 0.38 * step)
        column(one.offhours, "p-off", x + 0.3 * step, 0.4 * step)
        parts.append("</g>")
        parts.append(_label(x + step / 2, height - 9, one.hour))
    return _svg(parts, height, legend)


def curve_picture(one: CallCurve, legend: str) -> Markup:
    """The tension of a call over its media time, with a line across at each alert; gaps are what was not heard."""
    height, bottom, top = 240, 28, 12
    length_s = max(one.step_s, len(one.levels) * one.step_s, *one.alerts_s)
    deep = height - bottom - top

    def x_of(at_s: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 8) * at_s / length_s

    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = height - bottom - deep * share
        parts.append(f'<line class="p-grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_label(_LEFT - 8, y + 4, f"{share:g}", "end"))
    for points in _pieces(one, x_of, lambda level: height - bottom - deep * level):
        if len(points) == 1:
            parts.append(f'<circle class="p-dot" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="1.5"/>')
            continue
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        base = height - bottom
        parts.append(f'<polygon class="p-area" points="{points[0][0]:.1f},{base} {line} {points[-1][0]:.1f},{base}"/>')
        parts.append(f'<polyline class="p-line" points="{line}"/>')
    for at_s in one.alerts_s:
        x = x_of(at_s)
        parts.append(f'<line class="p-alert" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{height - bottom}"/>')
        parts.append(f'<path class="p-flag" d="M{x:.1f} {top} l12 5 l-12 5 z"/>')
        parts.append(_label(x + 15, top + 9, media_time(at_s), "start"))
    parts += [_label(x_of(at_s), height - 9, media_time(at_s)) for at_s in _ticks(length_s)]
    return _svg(parts, height, legend)


def bar(share: float) -> Markup:
    """A thin bar of that share (0 to 1) of its place."""
    wide = 100.0 * min(1.0, max(0.0, share))
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="p-track" width="100" height="8"/><rect class="p-bar" width="{wide:.1f}" height="8"/></svg>'
    )


def spark(values: Sequence[float]) -> Markup:
    """Small columns, one for each value, the tallest filling the height."""
    highest = max(values, default=0.0) or 1.0
    parts = [
        f'<rect class="p-calls" x="{n * 10 + 1}" width="8" y="{24 - 24 * value / highest:.1f}" '
        f'height="{24 * value / highest:.1f}"/>'
        for n, value in enumerate(values)
    ]
    inside = "".join(parts)
    return Markup(f'<svg class="spark" viewBox="0 0 {10 * len(values)} 24" aria-hidden="true">{inside}</svg>')


def media_time(at_s: float) -> str:
    """Minutes and seconds of a call, "3:07"."""
    return f"{int(at_s // 60)}:{int(at_s % 60):02d}"


def _svg(parts: Sequence[str], height: int, legend: str) -> Markup:
    about = escape(legend, quote=True)
    inside = "".join(parts)
    return Markup(
        f'<svg class="picture" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{about}">{inside}</svg>'
    )


def _label(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _grid(scale: int, height: int, bottom: int, top: int) -> list[str]:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = height - bottom - (height - bottom - top) * share
        parts.append(f'<line class="p-grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_label(_LEFT - 8, y + 4, f"{scale * share:,.0f}", "end"))
    return parts


def _nice(highest: int) -> int:
    """The top of a scale: 2, 4, 10, 20, 40, 100 and so on, whose half is a whole number too."""
    top = 2
    while top < highest:
        top = top * 5 // 2 if str(top)[0] == "4" else top * 2
    return top


def _ticks(length_s: float) -> list[float]:
    step = next((s for s in (10, 30, 60, 120, 300, 600, 1800) if length_s / s <= 10), 3600)
    return [float(at) for at in range(0, int(length_s) + 1, step)]


def _pieces(
    one: CallCurve, x_of: Callable[[float], float], y_of: Callable[[float], float]
) -> list[list[tuple[float, float]]]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for n, level in enumerate(one.levels, start=1):
        if level is None:
            pieces.append([])
        else:
            pieces[-1].append((x_of(n * one.step_s), y_of(level)))
    return [piece for piece in pieces if piece]
