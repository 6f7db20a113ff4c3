"""The page around a report's parts: style, plotly's JavaScript, nothing from the network."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

from plotly.offline import get_plotlyjs

from interestclock.evaluation.plots import Figure

__all__ = ["page", "plot"]

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1d2430;
  --soft: #5d6675; --line: #dfe3e8;
  --up: #0b7a55; --down: #b3361b; --up-back: #dff3ea; --down-back: #fae3dc; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b2028; --ink: #e6e9ee;
  --soft: #9aa4b2; --line: #2f3742;
  --up: #5bd3a4; --down: #f2937b; --up-back: #16352b; --down-back: #40221b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 0 0 4px; }
h3 { font-size: 15px; margin: 16px 0 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px;
  margin-top: 18px; }
.soft, small { color: var(--soft); }
p { margin: 4px 0 10px; max-width: 80ch; }
section:first-of-type { font-size: 16px; border-left: 4px solid #5b6ee1; }
section:first-of-type > p:first-child { font-size: 20px; font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 8px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
th:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
td small { display: block; font-size: 11.5px; }
td.up { color: var(--up); font-weight: 600; } td.down { color: var(--down); font-weight: 600; }
td.up small, td.down small { font-weight: 400; }
.matrix { font-size: 13px; } .matrix th, .matrix td { padding: 7px 8px; }
.matrix td small { font-size: 10.5px; }
.matrix td.up { background: var(--up-back); } .matrix td.down { background: var(--down-back); }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 8px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 8px 20px; }
@media (max-width: 520px) { .pair { grid-template-columns: 1fr; } }
details { margin-top: 10px; } summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; font-size: 12.5px; background: var(--page); border-radius: 8px; padding: 12px; }
"""

DRAW = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function themed(layout) {
  const style = getComputedStyle(document.documentElement), ink = style.getPropertyValue("--ink").trim();
  const line = style.getPropertyValue("--line").trim(), card = style.getPropertyValue("--card").trim();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
  const out = { margin: { l: 64, r: 24, t: 16, b: 56 }, hovermode: "x unified", barmode: "overlay",
    legend: { orientation: "h", y: -0.22, x: 0 }, ...layout,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: getComputedStyle(document.body).fontFamily, size: 12.5 },
    hoverlabel: { bgcolor: card, bordercolor: line, font: { color: ink } } };
  for (const name of ["xaxis", "yaxis", "yaxis2"]) if (layout[name]) out[name] = { ...axis, ...layout[name] };
  if (layout.yaxis2) out.margin = { ...out.margin, r: 64 };
  if (layout.polar) {
    out.hovermode = "closest";
    out.margin = { l: 48, r: 48, t: 32, b: 32 };
    out.polar = { ...layout.polar, bgcolor: "rgba(0,0,0,0)",
      angularaxis: { ...axis, ...layout.polar.angularaxis },
      radialaxis: { ...axis, ...layout.polar.radialaxis } };
  }
  return out;
}
function draw() {
  const config = { responsive: true, displaylogo: false, displayModeBar: false };
  for (const [id, figure] of Object.entries(figures))
    Plotly.react(id, figure.data, themed(figure.layout), config);
}
draw();
dark.addEventListener("change", draw);
"""


def plot(name: str) -> str:
    """The place where the figure of that name will be drawn; names are letters, digits and dashes.

    Example:
        >>> plot("by-hour")
        '<div id="by-hour"></div>'
    """
    return f'<div id="{html.escape(name)}"></div>'


def page(*, title: str, sections: Sequence[str], figures: dict[str, Figure]) -> str:
    """A whole HTML page that needs nothing but itself.

    Args:
        title: plain text.
        sections: HTML, text already escaped.
        figures: name → figure, drawn where :func:`plot` left its place.

    Example:
        >>> page(title="a < b", sections=[], figures={}).startswith("<!doctype html>")
        True
    """
    # "<" never appears inside the script element, so no text of a log can close it.
    data = json.dumps(figures, allow_nan=False).replace("<", "\\u003c")
    body = "\n".join(f"<section>{section}</section>" for section in sections)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title><style>{STYLE}</style></head>
<body><main><h1>{html.escape(title)}</h1>
{body}
</main><script>{get_plotlyjs()}</script>
<script type="application/json" id="figures">{data}</script>
<script>{DRAW}</script></body></html>
"""
