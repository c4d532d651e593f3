// Which page is shown is said by the fragment of the address alone, so that every view is a link to share, and nothing
// of it reaches a server's log.

/** A node whose details are open. */
export interface OpenNode {
  topology: string;
  id: string;
}

/** What of an organization's map is looked at. */
interface MapPlace {
  topology: string;
  /** What was chosen, by option group; what was not has its default. */
  options: Readonly<Record<string, string>>;
  search: string;
  /** The moment that is shown, RFC 3339; empty: now. */
  at: string;
  /** Empty: chosen by the size of what there is to show. */
  display: "" | "graph" | "table";
  /** The id of the metric that nodes show; empty: none. */
  metric: string;
  /** The details that are open, the last on top. */
  open: readonly OpenNode[];
}

export type Route =
  | { page: "front" }
  | { page: "login"; token: string }
  | { page: "waiting" }
  | { page: "dashboard" }
  | { page: "account" }
  | { page: "add-probe"; org: string }
  | ({ page: "map"; org: string } & MapPlace)
  | { page: "terminal"; org: string; pipe: string }
  | { page: "settings"; org: string; section: string }
  | { page: "admin"; section: string }
  | { page: "unknown" };

export type MapRoute = Extract<Route, { page: "map" }>;

/** Parameters of a map's address that are no options of its topology. */
const OWN = new Set(["q", "at", "display", "metric", "open"]);

/** A map as it is first shown. */
export function mapOf(org: string, topology = "", place: Partial<MapPlace> = {}): MapRoute {
  return { page: "map", org, topology, options: {}, search: "", at: "", display: "", metric: "", open: [], ...place };
}

/** No address of ours is longer: one that is would have every link on its page be as long. */
const LONGEST = 100_000;

/** What a fragment asks for. */
export function parse(fragment: string): Route {
  if (fragment.length > LONGEST) {
    return { page: "unknown" };
  }
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const parts = path.split("/").map(decoded);
  const [first = "", second = "", third = ""] = parts;
  if (parts.length > 3) {
    return { page: "unknown" };
  }
  if (parts.length === 1) {
    return alone(first);
  }
  if (first === "login" && parts.length === 2) {
    return { page: "login", token: second };
  }
  if (first === "admin" && parts.length === 2) {
    return { page: "admin", section: second };
  }
  return ofOrganization(first, second, third, new URLSearchParams(query));
}

function alone(name: string): Route {
  switch (name) {
    case "":
      return { page: "front" };
    case "organizations":
      return { page: "dashboard" };
    case "waiting":
      return { page: "waiting" };
    case "account":
      return { page: "account" };
    case "admin":
      return { page: "admin", section: "people" };
    default:
      return { page: "unknown" };
  }
}

function ofOrganization(org: string, what: string, which: string, query: URLSearchParams): Route {
  if (what === "map") {
    return mapOf(org, which, placeOf(query));
  }
  if (what === "settings") {
    return { page: "settings", org, section: which || "general" };
  }
  if (what === "terminal" && which) {
    return { page: "terminal", org, pipe: which };
  }
  return what === "probes" && which === "add" ? { page: "add-probe", org } : { page: "unknown" };
}

function placeOf(query: URLSearchParams): Partial<MapPlace> {
  const display = query.get("display") ?? "";
  return {
    options: Object.fromEntries([...query].filter(([name]) => !OWN.has(name))),
    search: query.get("q") ?? "",
    at: query.get("at") ?? "",
    display: display === "graph" || display === "table" ? display : "",
    metric: query.get("metric") ?? "",
    open: query.getAll("open").map(openNode),
  };
}

/** `containers:ID`; topologies' ids have no colon, nodes' may. */
function openNode(text: string): OpenNode {
  const [topology = "", id = ""] = text.split(/:(.*)/s);
  return { topology, id };
}

/** The fragment that asks for a route. */
export function href(route: Route): string {
  switch (route.page) {
    case "login":
      return path("login", route.token);
    case "waiting":
      return path("waiting");
    case "dashboard":
      return path("organizations");
    case "account":
      return path("account");
    case "add-probe":
      return path(route.org, "probes", "add");
    case "map":
      return path(route.org, "map", ...(route.topology ? [route.topology] : [])) + queryOf(route);
    case "terminal":
      return path(route.org, "terminal", route.pipe);
    case "settings":
      return path(route.org, "settings", route.section);
    case "admin":
      return path("admin", route.section);
    default:
      return path();
  }
}

function queryOf(place: MapPlace): string {
  const { search: q, at, display, metric } = place;
  const query = new URLSearchParams(
    [...Object.entries(place.options).sort(), ...Object.entries({ q, at, display, metric })].filter(
      ([, value]) => value,
    ),
  );
  for (const { topology, id } of place.open) {
    query.append("open", `${topology}:${id}`);
  }
  const said = query.toString();
  return said ? `?${said}` : "";
}

function path(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
