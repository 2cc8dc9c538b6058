/*
 * Charts: every [data-chart] becomes one. Its value is JSON: { times: [seconds], time: label, series: [{ label, tone, values, stack? }] }.
 *
 * The numbers stand in a table beside it too, so a chart is drawn for those who see it and have scripts.
 */
// By its address: the file comes from a package and lies nowhere beside this one.
const { default: uPlot } = await import(new URL("uplot.js", import.meta.url).href);

const tones = { ok: "--ok", warn: "--warn", bad: "--bad", accent: "--accent", muted: "--line-strong" };
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = new Map();

/** Each series of a stack begins where the one below it ends. */
function stacked(series) {
  const sums = [];
  return series.map(({ values, stack }) =>
    stack ? values.map((value, at) => sums[at] = (sums[at] ?? 0) + (value ?? 0)) : values
  );
}

function draw(box) {
  drawn.get(box)?.destroy();
  box.replaceChildren();
  const { times, series, time } = JSON.parse(box.dataset.chart);
  const language = document.documentElement.lang;
  const number = new Intl.NumberFormat(language);
  const style = getComputedStyle(document.body);
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line") },
    font: `12px ${style.fontFamily}`,
  };
  const values = stacked(series);
  // What lies on top is drawn first, so that each shows its own part.
  const order = series.map((_, index) => index).sort((a, b) => (series[b].stack ? b : -1) - (series[a].stack ? a : -1));
  const options = {
    width: Math.max(200, box.clientWidth),
    height: 220,
    // Half of the last time stands beside the last point.
    padding: [null, 28, null, null],
    cursor: { points: { size: 6 } },
    legend: { live: true },
    series: [
      {
        label: time,
        value: (_, at) =>
          at === null ? "–" : new Date(at * 1000).toLocaleString(language, { dateStyle: "short", timeStyle: "short" }),
      },
      ...order.map((index) => {
        const { label, tone, stack } = series[index];
        const stroke = colour(tones[tone] ?? tones.accent);
        const own = series[index].values;
        return {
          label,
          stroke,
          width: 1.5,
          fill: stack ? `${stroke}55` : undefined,
          points: { show: times.length < 3 },
          value: (_, __, ___, at) => at === null ? "–" : number.format(own[at] ?? 0),
        };
      }),
    ],
    axes: [
      {
        ...axis,
        values: (_, at) =>
          at.map((each) => new Date(each * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" })),
      },
      { ...axis, size: 56, values: (_, at) => at.map((each) => Number.isInteger(each) ? number.format(each) : "") },
    ],
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
  };
  drawn.set(box, new uPlot(options, [times, ...order.map((index) => values[index])], box));
}

function drawAll() {
  for (const box of document.querySelectorAll("[data-chart]")) draw(box);
  for (const box of drawn.keys()) if (!box.isConnected) drawn.delete(box);
}

let waiting;
addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(drawAll, 150);
});
addEventListener("postern:fresh", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
drawAll();
