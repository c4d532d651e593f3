// @vitest-environment node
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { NO_TOKEN, type Target, targetOf, WAYS } from "./commands";

const https = targetOf(new URL("https://scope.example.org/#/acme/probes/add"));
const clear = targetOf(new URL("http://scope.internal/"));
const near = targetOf(new URL("http://127.0.0.1:8080/"));

test("probes reach what the page came from", () => {
  expect(https).toEqual({ url: "https://scope.example.org", tls: true, loopback: false });
  expect(targetOf(new URL("https://scope.example.org:8443/")).url).toBe("https://scope.example.org:8443");
  expect(clear).toEqual({ url: "scope.internal:80", tls: false, loopback: false });
  expect(near).toEqual({ url: "127.0.0.1:8080", tls: false, loopback: true });
  expect(targetOf(new URL("http://localhost:8080/")).loopback).toBe(true);
  expect(targetOf(new URL("http://[::1]:8080/"))).toEqual({ url: "[::1]:8080", tls: false, loopback: true });
  expect(targetOf(new URL("http://127.example.org/")).loopback).toBe(false);
});

test("an address is one word of a command, whatever shells would make of it", () => {
  const hostname = "$(id>&2).'`id`.example";
  const python = (target: Target) =>
    WAYS.find(({ id }) => id === "python")
      ?.steps(target, "TOKEN")
      .at(-1)?.code ?? "";
  const odd = targetOf({ protocol: "http:", hostname, host: hostname, port: "" });
  const said = execFileSync("sh", ["-c", python(odd).replace(/~\S+/, "printf '%s\\n'")], { encoding: "utf8" });
  expect(said).toBe(`launch\n--plaintext\n${hostname}:80\n`);
  expect(python(targetOf(new URL("http://[::1]:8080/")))).toContain(" '[::1]:8080'");
  expect(python(near)).toContain(" 127.0.0.1:8080");
});

describe.each(WAYS)("$name", ({ steps }) => {
  const codes = (target = https, token = "scope_probe_secret") => steps(target, token).map((step) => step.code);

  test("has the token once, and where the service is", () => {
    expect(codes().join("\n").split("scope_probe_secret")).toHaveLength(2);
    expect(codes().join("\n")).toContain("https://scope.example.org");
    expect(codes(https, NO_TOKEN).join("\n")).not.toContain("scope_probe_");
  });

  test("no command has the token among its arguments, where everybody on the machine sees it", () => {
    const line = codes()
      .join("\n")
      .split("\n")
      .find((one) => one.includes("scope_probe_secret"));
    expect(line).toMatch(/^(SCOPE_SERVICE_TOKEN=|printf %s )/); // a shell prints without starting a program
  });

  test("lets the token go in clear only where there is no TLS and the way is not within this machine", () => {
    // In a cluster to private addresses alone, which needs no permission.
    expect(codes(clear).join("\n")).toMatch(/ --plaintext|SCOPE_URL=http:/);
    expect(codes(near).join("\n")).not.toContain("--plaintext");
    expect(codes(https).join("\n")).not.toContain("--plaintext");
  });
});
