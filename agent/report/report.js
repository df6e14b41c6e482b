// The page's behaviour: incidents that open, and a stack of linked charts a host. No network, no storage.
(function () {
"use strict";
const root = document.documentElement;
root.classList.add("scripted");
let printing = false;
const charts = JSON.parse(document.getElementById("data").textContent);
const PALETTE = 8, PARTS = ["lstm_ae", "gan", "linear"], DAY_S = 86400;
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
const AXIS_PX = 52, SCORE_PX = 150, SENSOR_PX = 120, PRINT_PX = 640;
const EDGE_PX = 1; // half a line: the steep one that leads out of a gap is hidden whole

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  node.append(...children);
  return node;
}
const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
const pad = (n) => String(n).padStart(2, "0");
function sayTime(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ") + " UTC";
}
// As many decimals as the step between two ticks has.
function axisLabels(splits, step) {
  let digits = 0;
  while (digits < 9 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits++;
  return splits.map((v) => (v || 0).toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits}));
}
function sayNumber(v) {
  if (v == null) return "–";
  const size = Math.abs(v), digits = size >= 1000 || Number.isInteger(v) ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  return v.toLocaleString("en-US", {maximumFractionDigits: digits});
}
// 10:20, and beneath the first one of a day its date.
function tickLabels(splits, step, dated) {
  let day = "";
  return splits.map((seconds) => {
    const time = new Date(seconds * 1000);
    const today = time.getUTCDate() + " " + time.toLocaleString("en-GB", {month: "short", timeZone: "UTC"});
    if (step >= DAY_S) return today;
    const clock = pad(time.getUTCHours()) + ":" + pad(time.getUTCMinutes()) + (step < 60 ? ":" + pad(time.getUTCSeconds()) : "");
    const label = today === day || !dated ? clock : clock + "\n" + today;
    day = today;
    return label;
  });
}

/* ---- one host: views, tools, and charts that share their time axis and cursor ---- */
class Host {
  constructor(body, data) {
    this.body = body;
    this.data = data;
    this.time = [];
    let now = data.start_s;
    for (const step of data.step_s) this.time.push(now = Math.round((now + step) * 1000) / 1000);
    for (const part of Object.values(data.scores)) {
      if (!Array.isArray(part.v)) part.v = this.time.map(() => part.v);  // a number where it never changes
    }
    this.on = new Set(data.shown);
    this.parts = new Set();
    this.colours = new Map();
    this.plots = [];
    this.lay();
    this.show(data.views[0]);
  }

  seconds(offset) { return this.data.start_s + offset; }

  lay() {
    const views = make("div", {class: "views", role: "group", "aria-label": "Time shown"});
    this.viewButtons = this.data.views.map((view) => {
      const button = make("button", {type: "button", "aria-pressed": "false"});
      if (view.severity) button.append(make("span", {class: "badge " + view.severity}, view.severity));
      button.append(view.label);
      button.addEventListener("click", () => this.show(view));
      views.append(button);
      return button;
    });
    this.readout = make("output", {"aria-live": "polite"});
    const tools = make("div", {class: "tools", role: "group", "aria-label": "Zoom"}, this.readout);
    for (const [label, sign, act] of [
      ["Earlier", "‹", () => this.pan(-0.5)], ["Later", "›", () => this.pan(0.5)], ["Zoom in", "+", () => this.zoom(0.5)],
      ["Zoom out", "−", () => this.zoom(2)], ["Reset zoom", "Reset", () => this.reset()],
    ]) {
      const button = make("button", {type: "button", "aria-label": label, title: label}, sign);
      button.addEventListener("click", act);
      tools.append(button);
    }
    this.body.replaceChildren(views, tools);
    this.panels = [this.layScore(), ...this.data.groups.map((group) => this.layGroup(group))];
  }

  panel(title, unit) {
    const heading = make("h3", {}, title);
    if (unit) heading.append(make("span", {}, " · " + unit));
    const chips = make("div", {class: "chips", role: "group", "aria-label": title + " shown"});
    const plot = make("div", {class: "plot"});
    this.body.append(make("div", {class: "chart"}, heading, chips, plot));
    return {title, unit, chips, plot, uplot: null, buttons: new Map()};
  }

  chip(panel, key, label, toggle) {
    const value = make("span", {class: "value"});
    const button = make("button", {type: "button", "aria-pressed": "false", "data-sensor": label}, label, value);
    button.addEventListener("click", toggle);
    panel.chips.append(button);
    panel.buttons.set(key, {button, value});
  }

  layScore() {
    const panel = this.panel("Anomaly score", "dashed: threshold, shaded: alert, ▼ raised");
    for (const part of PARTS) {
      if (this.data.scores[part].v.some((v) => v != null)) {
        this.chip(panel, part, part, () => this.flip(this.parts, part, panel));
      }
    }
    panel.list = () => [
      {key: "score", label: "score", series: this.data.scores.score, stroke: "score", width: 1.6},
      {key: "threshold", label: "threshold", series: this.data.scores.threshold, stroke: "threshold", dash: [5, 4], width: 1},
      ...PARTS.filter((p) => this.parts.has(p)).map((p, i) => ({key: p, label: p, series: this.data.scores[p], stroke: "s" + i, width: 1.1})),
    ];
    panel.score = true;
    return panel;
  }

  layGroup(group) {
    const blamed = new Set(this.data.alerts.flatMap((alert) => alert.evidence));
    const expected = group.sensors.some((n) => this.data.alerts.some((alert) => n in alert.expected));
    const panel = this.panel(group.label, [group.unit, expected && "dashed: expected"].filter(Boolean).join(", "));
    const ordered = [...group.sensors].sort((a, b) => blamed.has(b) - blamed.has(a));
    for (const number of ordered) {
      this.chip(panel, number, this.data.sensors[number].name, () => this.flip(this.on, number, panel));
    }
    panel.list = () => ordered.filter((n) => this.on.has(n)).map((n) => ({
      key: n, label: this.data.sensors[n].name, series: this.data.sensors[n], stroke: this.strokeOf(n, ordered), width: 1.4,
    }));
    return panel;
  }

  // The lowest colour that no shown neighbour has; kept while the sensor stays on.
  strokeOf(number, neighbours) {
    if (!this.colours.has(number)) {
      const taken = new Set(neighbours.filter((n) => this.on.has(n)).map((n) => this.colours.get(n)));
      let free = 0;
      while (taken.has("s" + free) && free < PALETTE - 1) free++;
      this.colours.set(number, "s" + free);
    }
    return this.colours.get(number);
  }

  flip(set, key, panel) {
    if (!set.delete(key)) set.add(key);
    else this.colours.delete(key);
    this.draw(panel);
  }

  show(view) {
    this.view = view;
    this.viewButtons.forEach((button, i) => button.setAttribute("aria-pressed", this.data.views[i] === view));
    if (view.alert >= 0) { this.on = new Set(this.data.alerts[view.alert].shown); this.colours.clear(); }
    this.setRange(this.seconds(view.from_s), this.seconds(view.to_s));
    this.panels.forEach((panel) => this.draw(panel));
  }

  draw(panel) {
    const list = panel.list(), shown = new Map(list.map((line) => [line.key, line]));
    const alert = this.data.alerts[this.view.alert];
    for (const [key, {button, value}] of panel.buttons) {
      button.classList.toggle("blamed", Boolean(alert && alert.evidence.includes(key)));
      button.setAttribute("aria-pressed", shown.has(key));
      if (shown.has(key)) button.style.setProperty("--stroke", "var(--" + shown.get(key).stroke + ")");
      else value.textContent = "";
    }
    if (panel.uplot) panel.uplot.destroy();
    panel.uplot = null;
    panel.lines = list;
    const width = printing ? PRINT_PX : this.width();
    if (list.length && width > 0) panel.uplot = this.plot(panel, list, width);
    this.plots = this.panels.filter((p) => p.uplot);
  }

  plot(panel, list, width) {
    const data = [this.time, ...list.map((line) => line.series.v)];
    const axis = {stroke: colour("soft"), font: "12px system-ui, sans-serif", grid: {stroke: colour("line"), width: 1}, ticks: {show: false}};
    const uplot = new uPlot({
      width, height: panel.score ? SCORE_PX : SENSOR_PX, legend: {show: false}, padding: [8, 22, 0, 0], ms: 1,
      scales: {
        x: {time: false, min: this.range[0], max: this.range[1]},
        y: {range: panel.score ? [0, 1] : (u, low, high) => spread(...this.withExpected(list, low, high))},
      },
      series: [{}, ...list.map((line) => ({
        label: line.label, stroke: colour(line.stroke), width: line.width, dash: line.dash, points: {show: false},
        spanGaps: false, gaps: (u, i, from, to) => this.gapsIn(u, line.series.gaps, from, to),
      }))],
      axes: [
        {...axis, values: (u, splits, a, s, step) => tickLabels(splits, step, panel.score), incrs: TIME_STEPS_S, space: 70, size: panel.score ? 38 : 22, gap: 6},
        {...axis, size: AXIS_PX, gap: 6, space: 26, values: (u, splits, a, s, step) => panel.score ? splits.map(sayNumber) : axisLabels(splits, step)},
      ],
      cursor: {
        y: false, points: {size: 6, width: 1.5}, drag: {x: true, y: false, setScale: false}, sync: {key: "host-" + this.body.dataset.host, setSeries: false},
        bind: {dblclick: () => () => { this.reset(); return null; }},
      },
      hooks: {
        drawClear: [(u) => this.shade(u)],
        draw: [(u) => this.mark(u, panel)],
        setSelect: [(u) => this.select(u)],
        setCursor: [(u) => this.read(u)],
      },
    }, data, panel.plot);
    const canvas = uplot.over;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "group");
    canvas.setAttribute("aria-roledescription", "chart");
    canvas.setAttribute("aria-label", panel.title + " of " + this.data.host + (panel.unit ? ", " + panel.unit : "") + ": " + list.map((l) => l.label).join(", "));
    canvas.addEventListener("keydown", (event) => this.key(event, uplot));
    canvas.addEventListener("mouseleave", () => this.clear());
    return uplot;
  }

  gapsIn(u, gaps, from, to) {
    const low = this.time[from], high = this.time[to];
    return gaps.map(([a, b]) => [this.seconds(a), this.seconds(b)]).filter(([a, b]) => b > low && a < high)
      .map(([a, b]) => [u.valToPos(Math.max(a, low), "x", true) + EDGE_PX, u.valToPos(Math.min(b, high), "x", true) + EDGE_PX]);
  }

  // What was expected during an alert in sight belongs into the chart as much as what was seen.
  withExpected(list, low, high) {
    const [from, to] = this.range.map((time) => time - this.data.start_s);
    const expected = this.data.alerts.filter((alert) => alert.onset_s <= to && alert.ended_s >= from)
      .flatMap((alert) => list.filter((line) => line.key in alert.expected).map((line) => alert.expected[line.key]));
    if (low == null || !expected.length) return [low, high];
    return [Math.min(low, ...expected), Math.max(high, ...expected)];
  }

  // Behind the lines: the time of each alert.
  shade(u) {
    const {left, top, width, height} = u.bbox, ctx = u.ctx;
    ctx.save();
    ctx.beginPath(); ctx.rect(left, top, width, height); ctx.clip();
    for (const alert of this.data.alerts) {
      const from = u.valToPos(this.seconds(alert.onset_s), "x", true), to = u.valToPos(this.seconds(alert.ended_s), "x", true);
      ctx.fillStyle = colour("span");
      ctx.fillRect(from, top, Math.max(to - from, 2), height);
      ctx.fillStyle = colour("span-edge");
      ctx.fillRect(Math.round(from), top, Math.max(1, devicePixelRatio), height);
      if (!alert.open) ctx.fillRect(Math.round(to), top, Math.max(1, devicePixelRatio), height);
    }
    ctx.restore();
  }

  // Before the lines: when each alert was raised (score), what was expected (evidence sensors).
  mark(u, panel) {
    const {left, top, width, height} = u.bbox, ctx = u.ctx, px = devicePixelRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(left, top - 8 * px, width, height + 8 * px); ctx.clip();
    for (const alert of this.data.alerts) {
      if (panel.score) {
        const x = u.valToPos(this.seconds(alert.raised_s), "x", true);
        ctx.fillStyle = colour("threshold");
        ctx.beginPath(); ctx.moveTo(x - 5 * px, top - 7 * px); ctx.lineTo(x + 5 * px, top - 7 * px); ctx.lineTo(x, top + 1 * px); ctx.fill();
      }
      for (const line of panel.lines) {
        if (!(line.key in alert.expected)) continue;
        const y = u.valToPos(alert.expected[line.key], "y", true);
        const from = u.valToPos(this.seconds(alert.onset_s), "x", true), to = u.valToPos(this.seconds(alert.ended_s), "x", true);
        ctx.strokeStyle = colour(line.stroke); ctx.lineWidth = px; ctx.setLineDash([3 * px, 3 * px]);
        ctx.beginPath(); ctx.moveTo(from, y); ctx.lineTo(to, y); ctx.stroke();
      }
    }
    ctx.restore();
  }

  select(u) {
    const {left, width} = u.select;
    if (width < 4) return;
    this.setRange(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
    u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
  }

  setRange(from, to) {
    const least = Math.max(5, (this.time[1] - this.time[0]) * 4 || 5);
    if (to - from < least) { const middle = (from + to) / 2; from = middle - least / 2; to = middle + least / 2; }
    this.range = [from, to];
    for (const {uplot} of this.plots) uplot.setScale("x", {min: from, max: to});
    this.body.dataset.from = from;
    this.body.dataset.to = to;
    this.clear();
  }

  reset() { this.setRange(this.seconds(this.view.from_s), this.seconds(this.view.to_s)); }
  zoom(factor) {
    const [from, to] = this.range, half = (to - from) * factor / 2, middle = (from + to) / 2;
    this.setRange(middle - half, middle + half);
  }
  pan(share) {
    const [from, to] = this.range, shift = (to - from) * share;
    this.setRange(from + shift, to + shift);
  }

  read(u) {
    const index = u.cursor.idx;
    if (index == null || u.cursor.left < 0) return;
    this.cursor = index;
    const at = (key) => { const v = this.data.scores[key].v[index]; return v == null ? "–" : v.toFixed(3); };
    this.readout.textContent = sayTime(this.time[index]) + " · score " + at("score") + " · threshold " + at("threshold");
    for (const panel of this.plots) {
      for (const line of panel.lines) {
        const chip = panel.buttons.get(line.key);
        if (chip) chip.value.textContent = sayNumber(this.nearest(line.series, index));
      }
    }
  }

  // A slower sensor has no value at most ticks: the latest one that is still carried.
  nearest(series, index) {
    const values = series.v, offset = this.time[index] - this.data.start_s;
    if (series.gaps.some(([a, b]) => offset > a && offset < b)) return null;
    while (index >= 0 && values[index] == null) index--;
    return values[index];
  }

  clear() {
    const [from, to] = this.range;
    this.readout.textContent = sayTime(from).slice(0, 19) + " – " + sayTime(to);
    for (const panel of this.panels) for (const {value} of panel.buttons.values()) value.textContent = "";
  }

  key(event, u) {
    const act = {"+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), "0": () => this.reset(), Escape: () => this.reset(), PageUp: () => this.pan(-0.5), PageDown: () => this.pan(0.5)}[event.key];
    if (act) { act(); event.preventDefault(); return; }
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key] * (event.shiftKey ? 10 : 1);
    if (!step) return;
    event.preventDefault();
    const first = this.time.findIndex((t) => t >= this.range[0]);
    const seen = this.cursor != null && this.time[this.cursor] >= this.range[0] && this.time[this.cursor] <= this.range[1];
    const index = Math.min(this.time.length - 1, Math.max(0, seen ? this.cursor + step : first));
    u.setCursor({left: u.valToPos(this.time[index], "x"), top: 10}, true);
  }

  // Of its body, which is there even where a chart is hidden; 0 or less while the host is closed.
  width() {
    const style = getComputedStyle(this.body);
    return this.body.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  }

  resize() {
    if (printing) return;
    const width = this.width();
    if (width <= 0) return;
    for (const panel of this.panels) {
      if (panel.uplot) panel.uplot.setSize({width, height: panel.uplot.height});
      else if (panel.list().length) this.draw(panel);
    }
  }
  redraw() { this.panels.forEach((panel) => this.draw(panel)); }
}

// Some room above and below; a flat line sits in the middle of a tenth of its value, one of zeros at the foot of 0 … 1.
function spread(low, high) {
  if (low == null || (low === 0 && high === 0)) return [0, 1];
  const least = Math.max(Math.abs(low), Math.abs(high)) * 0.1, room = Math.max((high - low) * 0.1, (least - (high - low)) / 2);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/* ---- the page ---- */
const hosts = new Map();
const widths = new ResizeObserver((entries) => entries.forEach((e) => hosts.get(e.target)?.resize()));
function build(body) {
  if (hosts.has(body)) return hosts.get(body);
  const host = new Host(body, charts[body.dataset.host]);
  hosts.set(body, host);
  widths.observe(body);
  return host;
}
const bodies = [...document.querySelectorAll(".host-body")];
const near = new IntersectionObserver((entries) => entries.forEach((entry) => {
  if (!entry.isIntersecting) return;
  near.unobserve(entry.target);
  build(entry.target);
}), {rootMargin: "600px"});
bodies.forEach((body) => near.observe(body));

function expand(button, open) {
  button.setAttribute("aria-expanded", open);
  document.getElementById(button.getAttribute("aria-controls")).classList.toggle("open", open);
}
const expanders = [...document.querySelectorAll(".expand")];
for (const row of document.querySelectorAll(".summary")) {
  row.addEventListener("click", () => {
    if (String(getSelection())) return;
    const button = row.querySelector(".expand");
    expand(button, button.getAttribute("aria-expanded") !== "true");
  });
}
if (expanders.length === 1) expand(expanders[0], true);
const all = document.getElementById("expand-all");
if (all) all.addEventListener("click", () => {
  const open = expanders.some((b) => b.getAttribute("aria-expanded") !== "true");
  expanders.forEach((b) => expand(b, open));
  all.textContent = open ? "Collapse all" : "Expand all";
});
for (const link of document.querySelectorAll("a.timeline")) {
  link.addEventListener("click", () => {
    const section = document.querySelector(link.getAttribute("href"));
    section.open = true;
    const host = build(section.querySelector(".host-body"));
    const view = host.data.views.find((v) => v.alert === Number(link.dataset.alert));
    if (view) host.show(view);
  });
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const redraw = () => hosts.forEach((host) => host.redraw());
dark.addEventListener("change", redraw);
addEventListener("beforeprint", () => {
  printing = true;
  root.dataset.theme = "light";
  bodies.filter((body) => body.parentElement.open).forEach(build);
  redraw();
});
addEventListener("afterprint", () => { printing = false; delete root.dataset.theme; redraw(); });
})();
