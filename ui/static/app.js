// A live table of hosts and processes. Everything from the service goes into the page as text, never as markup.
"use strict";

const TOPOLOGIES = {
  hosts: { cpu: "host_cpu_usage_percent", memory: "host_mem_usage_bytes" },
  processes: { cpu: "process_cpu_usage_percent", memory: "process_memory_usage_bytes" },
};
const ROWS = 500;
const AGAIN_MS = 2000;
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => document.querySelectorAll(selector);
const nodes = new Map();
const rows = new Map();
let topology = "hosts", sort = { by: "cpu", down: true }, source = null, timer = 0, drawing = 0;

/** Answers {status, body}; status 0 when nobody answered. */
async function call(method, path, body) {
  try {
    const answer = await fetch(path, { method, body: body && JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  } catch { return { status: 0, body: {} }; }
}

function say(words) {
  $("#status").textContent = words;
  document.body.classList.toggle("live", words === "live");
}

function leave() {
  clearTimeout(timer);
  source?.close();
}

function forget() {
  leave();
  nodes.clear();
  rows.clear();
  draw();
}

function signedOut(words) {
  forget();
  say("");
  document.body.classList.add("out");
  $("#words").textContent = words;
  $("#signed-out").hidden = false;
  $("#signed-in").hidden = true;
}

function later(what) {
  say("disconnected");
  timer = setTimeout(what, AGAIN_MS);
}

async function login(token) {
  const { status, body } = await call("POST", "/api/users/login", { token });
  if (status === 200) return enter();
  if (status === 0 || status >= 500) return later(() => login(token));
  signedOut(body.message || "This link was used, or it has expired.");
}

async function enter() {
  const { status, body } = await call("GET", "/api/users/lookup");
  if (status === 401 || status === 403) return signedOut("You are not signed in.");
  if (status !== 200) return later(enter);
  if (!body.organizations.length) return signedOut("You belong to no organization yet.");
  const chosen = $("#org").value;
  $("#org").replaceChildren(...body.organizations.map((one) => new Option(one.name, one.id, false, one.id === chosen)));
  $("#org").hidden = body.organizations.length < 2;
  $("#who").textContent = body.email;
  document.body.classList.remove("out");
  $("#signed-out").hidden = true;
  $("#signed-in").hidden = false;
  follow();
}

function follow() {
  leave();
  say("connecting");
  const events = source = new EventSource(`/api/watch/topology/${topology}?org=${encodeURIComponent($("#org").value)}`);
  const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("reset", (change) => { nodes.clear(); apply(change); });
  on("update", apply);
  on("failure", (failure) => say(`waiting: ${failure.message}`));
  on("end", ({ reason, message }) => (reason === "CREDENTIAL_REVOKED" ? signedOut(message) : follow()));
  events.onopen = () => say("live");
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) later(enter);
    else say("reconnecting");
  };
}

function apply({ add, update, remove, metrics }) {
  for (const node of [...add, ...update]) {
    nodes.set(node.id, { ...node, measured: new Map(node.metrics.map((metric) => [metric.id, metric])) });
  }
  for (const id of remove) nodes.delete(id);
  for (const block of metrics) block.nodes.forEach((id, place) => measure(nodes.get(id)?.measured, block, place));
  say("live");
  drawing ||= setTimeout(draw, 250);
}

/** Takes the newest sample of each metric of a node; values come node by node, null where there is no sample. */
function measure(measured, { times, values }, place) {
  for (const [id, column] of Object.entries(measured ? values : {})) {
    const newest = column.slice(place * times.length, (place + 1) * times.length).findLast((value) => value !== null);
    if (newest !== undefined) measured.set(id, { ...measured.get(id), value: newest });
  }
}

function facts() {
  const incoming = new Map();
  for (const { adjacency } of nodes.values()) for (const id of adjacency) incoming.set(id, (incoming.get(id) ?? 0) + 1);
  return [...nodes.values()].map((node) => ({
    id: node.id, name: node.label, minor: node.labelMinor, quiet: node.quiet,
    cpu: node.measured.get(TOPOLOGIES[topology].cpu), memory: node.measured.get(TOPOLOGIES[topology].memory),
    connections: node.adjacency.length + (incoming.get(node.id) ?? 0),
  }));
}

const rank = (fact) => (sort.by === "name" ? fact.name.toLowerCase() : fact[sort.by]?.value ?? fact[sort.by] ?? -1);
const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

function draw() {
  drawing = 0;
  const wanted = $("#filter").value.trim().toLowerCase();
  const found = facts().filter((fact) => `${fact.name} ${fact.minor} ${fact.id}`.toLowerCase().includes(wanted));
  found.sort((one, other) => compare(rank(one), rank(other)) * (sort.down ? -1 : 1) || compare(one.id, other.id));
  const shown = found.slice(0, ROWS);
  const body = $("tbody"), drawn = shown.map(fill);
  const moved = drawn.length !== body.rows.length || drawn.some((row, at) => row !== body.rows[at]);
  if (moved) body.replaceChildren(...drawn);
  for (const id of rows.keys()) if (!nodes.has(id)) rows.delete(id);
  $("#note").textContent = found.length > ROWS ? `${ROWS} of ${found.length}: filter to see the others.`
    : nodes.size && !found.length ? "Nothing matches the filter." : "";
}

function fill(fact) {
  const row = rows.get(fact.id) ?? $("template").content.firstElementChild.cloneNode(true);
  rows.set(fact.id, row);
  const [name, cpu, memory, connections] = row.cells;
  name.firstChild.textContent = fact.name;
  name.lastChild.textContent = fact.minor;
  name.title = fact.quiet ? `${fact.id}: not heard of lately` : fact.id;
  row.className = fact.quiet ? "quiet" : "";
  gauge(cpu, fact.cpu, (value) => `${value.toFixed(1)} %`);
  gauge(memory, fact.memory, bytes);
  connections.textContent = fact.connections || "";
  return row;
}

function gauge(cell, metric, words) {
  cell.firstChild.hidden = !metric;
  cell.firstChild.style.setProperty("--part", `${metric?.max ? Math.min(100, 100 * metric.value / metric.max) : 0}%`);
  cell.lastChild.textContent = metric ? words(metric.value) : "";
}

function bytes(value) {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(value, 1)) / 10)), amount = value / 1024 ** power;
  return `${amount.toFixed(power && amount < 100 ? 1 : 0)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

function sortBy(by) {
  sort = { by, down: sort.by === by ? !sort.down : by !== "name" };
  mark();
  draw();
}

function mark() {
  for (const link of $$("nav a")) link.ariaCurrent = link.hash === `#/${topology}` ? "page" : null;
  for (const { dataset, parentNode } of $$("th button")) {
    parentNode.ariaSort = dataset.sort !== sort.by ? null : sort.down ? "descending" : "ascending";
  }
}

function go() {
  const [, place, secret] = location.hash.split("/");
  const signingIn = place === "login" && secret;
  if (signingIn) history.replaceState(null, "", "#/hosts"); // so that no history keeps the secret
  topology = place in TOPOLOGIES ? place : "hosts";
  forget();
  mark();
  return signingIn ? login(secret) : enter();
}

for (const button of $$("th button")) button.onclick = () => sortBy(button.dataset.sort);
$("#filter").oninput = draw;
$("#org").onchange = () => { forget(); follow(); };
$("#sign-out").onclick = async () => { await call("POST", "/api/users/logout", {}); enter(); };
addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== $("#filter")) { event.preventDefault(); $("#filter").focus(); }
});
addEventListener("hashchange", go);
go();
