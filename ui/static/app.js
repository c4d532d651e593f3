// Live tables of hosts and what runs there. Everything from the service goes into the page as text, never as markup.
const METRICS = [ // by id, and the column that each is shown in
  ["host_cpu_usage_percent", "cpu"], ["host_mem_usage_bytes", "memory"],
  ["process_cpu_usage_percent", "cpu"], ["process_memory_usage_bytes", "memory"],
  ["docker_cpu_total_usage", "cpu"], ["docker_memory_usage", "memory"],
];
const VIEWS = { // why one may be empty; what its box is called, and the option that it sets
  hosts: ["No host is reported: scope launch reports the one where it runs."],
  containers: ["No containers: scope status names the engines that are asked.", "Stopped ones too", "stopped=both"],
  processes: ["No process has connections.", "Those without connections too", "unconnected=show"],
};
const ROWS = 500;
const $ = (selector) => document.querySelector(selector);
const nodes = new Map();
let topology = "hosts", sort = { by: "cpu", way: -1 }, source = null, drawing = 0, heard = false;

function say(state, words = state) {
  document.body.dataset.state = state;
  $("#status").textContent = words;
}

function later(what) {
  say("disconnected");
  return new Promise((done) => setTimeout(done, 2000)).then(what);
}

/** Answers {status, body}; while nobody can answer it says so and asks again, but never does too often what changes. */
async function call(method, path, body) {
  const answer = await fetch(path, { method, body: body && JSON.stringify(body) }).catch(() => null);
  const told = answer?.status < 429 || (answer?.status === 429 && method === "POST");
  if (told) return { status: answer.status, body: await answer.json() };
  return later(() => call(method, path, body));
}

function forget() {
  source?.close();
  nodes.clear();
  heard = false;
  draw();
}

function signedOut(words, known = false) {
  forget();
  say("signed-out", "");
  $("#words").textContent = words;
  $("#ask").hidden = known;
  $("#offers").replaceChildren();
}

/** Somebody who belongs nowhere yet joins where they are invited, or makes an organization. */
async function nowhere(person) {
  const { body } = await call("GET", "/api/users/invitations");
  signedOut(`${person.email} belongs to no organization yet.`, true);
  offer("Make an organization", "/api/users/orgs");
  for (const { id, organizationName, role } of body.invitations ?? []) {
    offer(`Join ${organizationName} as ${role}`, `/api/users/invitations/${id}/accept`);
  }
  offer("Sign out", "/api/users/logout");
}

function offer(words, path, request = {}) {
  const button = Object.assign(document.createElement("button"), { textContent: words });
  button.onclick = async () => {
    const { status, body } = await call("POST", path, request);
    return status === 200 ? enter() : signedOut(body.message);
  };
  $("#offers").append(button, " ");
}

async function ask(event) {
  event.preventDefault();
  const { status, body } = await call("POST", "/api/users/signup", { email: $("#email").value });
  $("#words").textContent = status === 200 ? `A mail to ${body.email} is on its way.` : body.message;
}

async function enter() {
  const { status, body } = await call("GET", "/api/users/lookup");
  if (status !== 200) return signedOut("You are not signed in.");
  if (!body.organizations.length) return nowhere(body);
  const chosen = $("#org").value;
  $("#org").replaceChildren(...body.organizations.map((one) => new Option(one.name, one.id, false, one.id === chosen)));
  $("#who").textContent = body.email;
  source?.close();
  const options = $("#more").checked ? `&${VIEWS[topology][2]}` : "";
  const place = `/api/watch/topology/${topology}?org=${encodeURIComponent($("#org").value)}${options}`;
  const events = source = new EventSource(place);
  const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("reset", (change) => { nodes.clear(); heard = true; apply(change); });
  on("update", apply);
  on("failure", ({ message }) => say("waiting", `waiting: ${message}`));
  on("end", ({ reason, message }) => (reason === "CREDENTIAL_REVOKED" ? signedOut(message) : enter()));
  events.onopen = () => say("live");
  events.onerror = () => (events.readyState === EventSource.CLOSED ? later(enter) : say("reconnecting"));
}

function apply({ add, update, remove, metrics }) {
  for (const node of [...add, ...update]) {
    for (const [id, column] of METRICS) node[column] ??= node.metrics.find((metric) => metric.id === id);
    nodes.set(node.id, node);
  }
  for (const id of remove) nodes.delete(id);
  for (const block of metrics) block.nodes.forEach((id, place) => measure(nodes.get(id), block, place));
  say("live");
  drawing ||= setTimeout(draw, 250);
}

/** Takes a node's newest samples; they come node by node, null where there is none. */
function measure(node, { times, values }, place) {
  for (const [id, column] of METRICS) {
    const value = values[id]?.slice(place * times.length, (place + 1) * times.length).findLast((one) => one !== null);
    if (node && value !== undefined) node[column] = { ...node[column], value };
  }
}

const state = (node) => node.metadata.find(({ id }) => id === "docker_container_state_human")?.value;
const small = (node) => [node.labelMinor, state(node), node.quiet && "not heard of lately"].filter(Boolean).join(", ");
const title = (node) => `${node.label} ${small(node)}`;
const rank = (node) => node[sort.by]?.value ?? node[sort.by] ?? -1;
const compare = (one, other) => (one > other) - (one < other);

function draw() {
  drawing = 0;
  const all = [...nodes.values()], wanted = $("#filter").value.trim().toLowerCase(), body = $("tbody");
  for (const node of all) node.connections = node.adjacency.length;
  const ends = all.flatMap((node) => node.adjacency.filter((id) => id !== node.id && nodes.has(id)));
  for (const id of ends) nodes.get(id).connections += 1;
  const found = all.filter((node) => title(node).toLowerCase().includes(wanted));
  found.sort((one, other) => sort.way * compare(rank(one), rank(other)) || compare(one.id, other.id));
  const shown = found.slice(0, ROWS);
  while (body.rows.length > shown.length) body.lastChild.remove();
  while (body.rows.length < shown.length) body.append($("template").content.firstChild.cloneNode(true));
  shown.forEach((node, at) => fill(body.rows[at], node));
  const more = found.length > ROWS ? ": filter to see others" : "";
  const none = heard && !all.length ? VIEWS[topology][0] : "";
  $("#note").textContent = shown.length < all.length ? `Showing ${shown.length} of ${all.length}${more}.` : none;
}

function fill(row, node) {
  row.className = node.quiet ? "quiet" : "";
  row.title = title(node);
  row.querySelector("b").textContent = node.label;
  row.querySelector("small").textContent = small(node);
  gauge(row.cells[1], node.cpu, 1, "%");
  gauge(row.cells[2], node.memory, 2 ** 20, "MiB");
  row.cells[3].textContent = node.connections || "";
}

function gauge(cell, metric, size, unit) {
  cell.textContent = metric ? `${(metric.value / size).toFixed(1)} ${unit}` : "";
  cell.style.setProperty("--part", metric?.max ? `${Math.floor(100 * metric.value / metric.max)}%` : "0");
}

function sortBy({ parentNode, dataset: { sort: by } }) {
  sort = { by, way: sort.by === by ? -sort.way : by === "label" ? 1 : -1 };
  for (const cell of parentNode.parentNode.cells) cell.ariaSort = null;
  parentNode.ariaSort = sort.way < 0 ? "descending" : "ascending";
  draw();
}

async function go() {
  const [, place, token] = location.hash.split("/");
  topology = Object.hasOwn(VIEWS, place) ? place : "hosts";
  $("#more").checked = false;
  $("#more").parentNode.hidden = !VIEWS[topology][2];
  $("#more").nextSibling.textContent = ` ${VIEWS[topology][1]}`;
  for (const link of $("nav").children) link.ariaCurrent = link.hash === `#/${topology}` ? "page" : null;
  forget();
  if (place === "login") {
    history.replaceState(null, "", "#/hosts"); // so that no history keeps the secret
    signedOut("This link signs you in, if it was you who asked for it.", true);
    return offer("Sign in", "/api/users/login", { token }); // not unasked: any page may lead here with its own
  }
  return enter();
}

$("thead").onclick = ({ target }) => target.dataset.sort && sortBy(target);
$("#filter").oninput = draw;
$("#org").onchange = go;
$("#more").onchange = enter;
$("#ask").onsubmit = ask;
$("#sign-out").onclick = () => call("POST", "/api/users/logout", {}).then(enter);
onkeydown = (event) => {
  if (event.key === "/" && event.target !== $("#filter")) { event.preventDefault(); $("#filter").focus(); }
};
onhashchange = go;
go();
