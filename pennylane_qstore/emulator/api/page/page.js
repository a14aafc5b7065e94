"use strict";

// Everything is written as text: a job's name comes from whoever submitted it.

const byId = (id) => document.getElementById(id);

function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 90) return `${value.toFixed(1)} s`;
  if (value < 5400) return `${(value / 60).toFixed(1)} min`;
  return `${(value / 3600).toFixed(1)} h`;
}

const dollars = (value) => (value ? `$${value.toFixed(2)}` : "free");
const whole = (value) => (value === null ? "exact" : value.toLocaleString("en"));

function cell(text, name) {
  const td = document.createElement("td");
  td.textContent = text;
  if (name) td.className = name;
  return td;
}

function row(cells, title) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  if (title) tr.title = title;
  return tr;
}

function totals(state) {
  const figures = [
    ["Profile", state.profile + (state.time_scale === 1 ? "" : ` ×${state.time_scale}`)],
    ["Jobs live", state.backends.reduce((sum, each) => sum + each.waiting + each.running, 0)],
    ["Requests", state.requests.toLocaleString("en")],
    ["Requests a second", state.requests_per_second],
    ["Faults struck", state.faults.reduce((sum, each) => sum + each.struck, 0)],
    ["Charged", `$${state.spent.toFixed(2)}`],
  ];
  const parts = figures.map(([name, value]) => {
    const div = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    div.append(dt, dd);
    return div;
  });
  byId("totals").replaceChildren(...parts);
}

function status(word, reason) {
  const td = document.createElement("td");
  const span = document.createElement("span");
  span.textContent = word;
  span.className = `status ${word}`;
  td.append(span);
  if (reason) {
    const small = document.createElement("small");
    small.textContent = ` ${reason}`;
    td.append(small);
  }
  return td;
}

function job(each) {
  const cells = [
    cell(each.id.slice(0, 8), "id"),
    cell(each.name ?? "–", "name"),
    cell(each.noise ? `${each.backend} (${each.noise})` : each.backend),
    status(each.status, each.status === "failed" && each.failure.split(":")[0]),
    cell(whole(each.circuits), "number"),
    cell(each.qubits, "number"),
    cell(whole(each.gates), "number"),
    cell(whole(each.shots), "number"),
    cell(seconds(each.waited), "number"),
    cell(seconds(each.ran), "number"),
    cell(dollars(each.cost), "number"),
  ];
  return row(cells, [each.id, each.failure, ...each.faults].filter(Boolean).join("\n"));
}

function backend(each) {
  return row([
    cell(each.name),
    status(each.status),
    cell(each.waiting, "number"),
    cell(each.running, "number"),
    cell(each.status === "available" ? seconds(each.wait_ms / 1000) : "–", "number"),
  ]);
}

function fault(each) {
  const when = each.at.length ? `number ${each.at.join(", ")}` : each.rate === 1 ? "always" : `${each.rate * 100} %`;
  return row([cell(each.kind), cell(each.on ?? "all"), cell(when), cell(each.struck, "number")]);
}

function requestRow(each) {
  const answered = each.status || "cut off";
  return row([
    cell(`${each.method} ${each.path}`, "path"),
    cell(answered, each.status >= 400 || !each.status ? "number bad" : "number"),
    cell(seconds(each.milliseconds / 1000), "number"),
  ]);
}

function show(state) {
  totals(state);
  byId("backends").replaceChildren(...state.backends.map(backend));
  byId("jobs").replaceChildren(...state.jobs.map(job));
  byId("faults").replaceChildren(...state.faults.map(fault));
  byId("requests-table").replaceChildren(...state.last_requests.map(requestRow));
  byId("no-jobs").hidden = state.jobs.length > 0;
  byId("no-faults").hidden = state.faults.length > 0;
}

function connection(word) {
  byId("connection").textContent = word;
  byId("connection").className = word;
}

// An EventSource can't send the key that an emulator with --key asks for.
async function watch() {
  const key = sessionStorage.getItem("key");
  const headers = key ? { Authorization: `apiKey ${key}` } : {};
  const answer = await fetch("/emulator/events", { headers });
  byId("key").hidden = answer.status !== 401;
  if (answer.status === 401) return connection("key needed");
  connection("live");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const event of events) show(JSON.parse(event.slice("data: ".length)));
  }
  throw new Error("the server has closed the stream");
}

const start = () =>
  watch().catch(() => {
    connection("disconnected");
    setTimeout(start, 2000);
  });

byId("key").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", event.target.elements.key.value);
  start();
});
start();
