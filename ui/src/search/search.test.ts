// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { ViewNode } from "../api/types";
import { nodeOf } from "../live/testing";
import { match, matches } from "./match";
import { searchableNames } from "./names";
import { parseSearch } from "./parse";

function row(label: string, value: string, dataType = ""): ViewNode["metadata"][number] {
  return { id: label.toLowerCase().replace(/ /g, "_"), label, value, priority: 1, dataType, truncate: 0 };
}

function metric(label: string, value: number): ViewNode["metrics"][number] {
  const id = `docker_${label.toLowerCase()}_usage`;
  return { id, label, format: "", group: "", value, priority: 1, samples: [], min: 0, max: 100 };
}

const LABELS = {
  id: "labels",
  label: "Docker labels",
  type: "property-list",
  columns: [
    { id: "label", label: "Label", dataType: "", defaultSort: false },
    { id: "value", label: "Value", dataType: "", defaultSort: false },
  ],
  rows: [{ id: "tier", entries: { label: "com.shop.tier", value: "Front" } }],
};

const PORTS = {
  id: "ports",
  label: "Ports",
  type: "multicolumn-table",
  columns: [
    { id: "inside", label: "Inside", dataType: "", defaultSort: false },
    { id: "outside", label: "Outside", dataType: "", defaultSort: false },
  ],
  rows: [{ id: "1", entries: { inside: "80", outside: "8080" } }],
};

const NODE = nodeOf("one", {
  label: "Web-1",
  labelMinor: "machine-7",
  metadata: [
    row("Image name", "library/nginx:1.27"),
    row("Restart count", "3", "number"),
    row("State", "Up 3 minutes"),
  ],
  parents: [{ id: "h", label: "box.example.org", topologyId: "hosts" }],
  metrics: [metric("CPU", 80), metric("Memory", 1.5 * 1024 ** 3)],
  tables: [LABELS, PORTS],
});

function found(text: string): boolean {
  return matches(parseSearch(text), NODE);
}

function names(text: string): string[] | undefined {
  return match(parseSearch(text), NODE)?.fields.map(({ name }) => name);
}

describe("words", () => {
  it.each([
    "web-1",
    "WEB",
    "machine",
    "nginx",
    "box.example",
    "front",
    "com.shop",
    "8080",
    '"up 3 min"',
    "web nginx",
    "",
  ])("are found: %s", (text) => {
    expect(found(text)).toBe(true);
  });

  it.each(["apache", "web apache", '"web nginx"'])("are not: %s", (text) => {
    expect(found(text)).toBe(false);
  });

  it("are not found across two fields", () => {
    expect(found('"web-1 machine"')).toBe(false);
  });

  it("have to be absent after a minus", () => {
    expect(found("web -apache")).toBe(true);
    expect(found("web -nginx")).toBe(false);
    expect(found('-"up 3"')).toBe(false);
    expect(found("web -")).toBe(true);
  });
});

describe("fields", () => {
  it.each(["image:nginx", "imagename:nginx", "image-name:LIBRARY", 'state:"up 3', "host:box", "com.shop.tier:front"])(
    "are found: %s",
    (text) => {
      expect(found(text)).toBe(true);
    },
  );

  it.each(["image:web", "state:nginx", "outside:80x", "inside:8080", "name:nginx", "tier:front", "-image:nginx"])(
    "are not: %s",
    (text) => {
      expect(found(text)).toBe(false);
    },
  );

  it("may be a text with a colon in it", () => {
    expect(found("nginx:1.27")).toBe(true);
    expect(names("nginx:1.27")).toEqual(["Image name"]);
    expect(found("-nginx:1.27")).toBe(false);
  });
});

describe("measurements", () => {
  it.each([
    "cpu > 79",
    "cpu>79%",
    "cpu >= 80",
    "cpu < 80.1",
    "mem > 1g",
    "memory<1.6GiB",
    "memory = 2g",
    "docker_cpu > 1",
    "restart > 2",
    "cpu > 10 web",
    "-cpu < 80",
  ])("are found: %s", (text) => {
    expect(parseSearch(text).problem).toBe("");
    expect(found(text)).toBe(true);
  });

  it.each([
    "cpu > 80",
    "cpu < 80",
    "cpu = 79",
    "memory > 1536m",
    "memory = 1.0g",
    "load > 0",
    "state > 1",
    "-cpu > 79",
  ])("are not: %s", (text) => {
    expect(parseSearch(text).problem).toBe("");
    expect(found(text)).toBe(false);
  });

  it("are compared as they are now", () => {
    const node = nodeOf("two", { metrics: [metric("CPU", 1)] });
    const search = parseSearch("cpu > 50");
    expect(matches(search, node)).toBe(false);
    for (const one of node.metrics) {
      one.value = 60;
    }
    expect(matches(search, node)).toBe(true);
  });
});

describe("what is not understood", () => {
  it.each([
    ["cpu > x", "“x” in “cpu > x” is not a number, as 80%, 1.5 or 512m."],
    ["cpu >", "“cpu >” needs a number, as 80%, 1.5 or 512m."],
    ["cpu > 5q", "“5q” in “cpu > 5q” is not a number, as 80%, 1.5 or 512m."],
  ])("is said of %s, and left out", (text, problem) => {
    const search = parseSearch(`web ${text}`);
    expect(search.problem).toBe(problem);
    expect(search.terms.map((term) => term.text)).toEqual(["web"]);
  });

  it.each(["image:", "web image:", '"', '-"', "", "  ", "-"])("may not be typed yet: [%s]", (text) => {
    expect(parseSearch(text).problem).toBe("");
    expect(found(text)).toBe(true);
  });

  it("never throws, whatever is typed", () => {
    const signs = ["a", '"', ":", "-", ">", "<", "=", " ", "1", "%", "\\", "é", "👍", "("];
    const typed = Array.from({ length: signs.length ** 4 / 7 }, (_, number) =>
      [0, 1, 2, 3].map((at) => signs[Math.floor((number * 7) / signs.length ** at) % signs.length]).join(""),
    );
    expect(() => typed.map((text) => match(parseSearch(text), NODE))).not.toThrow();
  });
});

describe("a match", () => {
  it("names what is searched for, each once", () => {
    expect(names("nginx image:lib cpu > 1")).toEqual(["Image name", "CPU"]);
    expect(names("front")).toEqual(["com.shop.tier"]);
    expect(names("8080")).toEqual(["Outside"]);
    expect(names("-apache")).toEqual([]);
    expect(names("apache")).toBeUndefined();
  });

  it("has its row, parent or measurement", () => {
    expect(match(parseSearch("box"), NODE)?.fields).toEqual([
      { kind: "parent", id: "hosts", name: "hosts", value: "box.example.org" },
    ]);
  });
});

describe("names", () => {
  it("are those of what is there", () => {
    expect(searchableNames([NODE])).toEqual({
      fields: [
        "Description",
        "hosts",
        "Image name",
        "Inside",
        "Label",
        "Name",
        "Outside",
        "Restart count",
        "State",
        "Value",
      ],
      metrics: ["CPU", "Memory"],
    });
  });
});

describe("what a stranger may have written", () => {
  it("is no more than words where it is called as what objects know of themselves", () => {
    const columns = ["constructor", "__proto__"].map((id) => ({ id, label: id, dataType: "", defaultSort: false }));
    const entries: Record<string, string> = JSON.parse('{"__proto__": "found"}');
    const rows = [
      { id: "1", entries },
      { id: "2", entries: {} },
    ];
    const hostile = nodeOf("x", {
      tables: ["property-list", "multicolumn-table"].map((type) => ({ ...PORTS, type, columns, rows })),
    });
    expect(matches(parseSearch("found"), hostile)).toBe(true);
    expect(matches(parseSearch("native"), hostile)).toBe(false);
    expect(matches(parseSearch("function"), hostile)).toBe(false);
    expect(match(parseSearch("proto:found"), hostile)?.fields).toHaveLength(1);
  });

  it.each(["1", "1.", "-", "a ", '"', 'a:"', "a>", ">", "a\u0130"])(
    "takes no time however much of %o there is",
    (part) => {
      const { terms } = parseSearch(`cpu>${part.repeat(200_000)}x`);
      expect(terms.length).toBeLessThan(500);
      expect(parseSearch(`cpu>${"1".repeat(490)}x`).problem).not.toBe("");
    },
  );
});
