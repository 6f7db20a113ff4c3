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
  if (layout.updatemenus) {
    out.updatemenus = layout.updatemenus.map((menu) => ({ ...menu, bgcolor: card, bordercolor: line, font: { color: ink } }));
  }
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
