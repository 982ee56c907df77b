"""Charts as SVG in the page, drawn by leather. Their colours and fonts are the page's style sheet's, light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from leather import Chart, theme  # type: ignore[import-untyped]
from markupsafe import Markup

_WIDTH = 720
_BAR_HEIGHT = 30
_COLUMNS_HEIGHT = 260
_LONGEST_NAME = 34

Bars = Sequence[tuple[str, int]]


def bars(data: Bars) -> Markup:
    """Bars that lie, for things with names: the first on top."""
    named = [(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…", count) for name, count in data]
    chart = Chart()
    chart.add_x_scale(0, _highest(data))
    chart.add_x_axis(ticks=_ticks(data), tick_formatter=_tick)
    chart.add_bars([(count, name) for name, count in named])
    return _svg(chart, data[::-1], 70 + _BAR_HEIGHT * len(data))


def columns(data: Bars) -> Markup:
    """Columns that stand, for intervals in their order."""
    chart = Chart()
    chart.add_y_scale(0, _highest(data))
    chart.add_y_axis(ticks=_ticks(data), tick_formatter=_tick)
    chart.add_columns(list(data))
    return _svg(chart, data, _COLUMNS_HEIGHT)


def _step(data: Bars) -> int:
    """A round step that gives up to five ticks."""
    most = max((count for _, count in data), default=0)
    step = 1
    while step * 5 < most:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def _highest(data: Bars) -> int:
    step = _step(data)
    most = max((count for _, count in data), default=0)
    return max(step, -(-most // step) * step)


def _ticks(data: Bars) -> list[int]:
    return list(range(0, _highest(data) + 1, _step(data)))


def _tick(value: float, _index: int, _count: int) -> str:
    return f"{value:,.0f}"


def _svg(chart: Chart, drawn: Bars, height: int) -> Markup:
    """The chart as an element of the page: it scales, takes its colours from the page, and tells its numbers on hover."""
    theme.margin = 0.02
    root = ElementTree.fromstring(chart.to_svg(width=_WIDTH, height=height))  # noqa: S314  (leather's own output)
    for element in root.iter():
        element.tag = re.sub(r"^\{[^}]*\}", "", element.tag)
        for attribute in ("fill", "stroke", "font-family"):
            element.attrib.pop(attribute, None)
    root.attrib = {"viewBox": f"0 0 {_WIDTH} {height}", "aria-hidden": "true", "class": "chart"}
    series = next(element for element in root.iter("g") if element.get("class", "").startswith("series"))
    for shape, (name, count) in zip(series, drawn, strict=True):
        ElementTree.SubElement(shape, "title").text = f"{name}: {count:,}"
    root[0].remove(root[0][0])  # its background
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704  (ElementTree escapes)
