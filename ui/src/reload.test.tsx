import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Component, lazy, type ReactNode, Suspense } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Reload } from "./reload";
import { FilesError, files } from "./version";

const loaded = vi.fn();

beforeEach(() => {
  sessionStorage.clear();
  loaded.mockClear();
  vi.spyOn(location, "reload").mockImplementation(loaded);
  document.head.innerHTML = '<script type="inert" src="./assets/index-1.js"></script>';
});

afterEach(() => {
  cleanup();
  document.head.innerHTML = "";
  vi.unstubAllGlobals();
});

/** Lets the service answer with the page that begins with a script, or not answer. */
function serve(script: string | null) {
  vi.stubGlobal("fetch", async () => {
    if (script === null) {
      throw new TypeError("Failed to fetch");
    }
    return new Response(`<html><head><script type="inert" src="./assets/${script}"></script></head></html>`);
  });
}

class Caught extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    return this.state.error instanceof FilesError ? <Reload /> : this.props.children;
  }
}

function open() {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const Page = lazy(() => files(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module"))));
  render(
    <Caught>
      <Suspense>
        <Page />
      </Suspense>
    </Caught>,
  );
}

test("where a newer version took the place of a page's files, the pages are loaded anew by themselves", async () => {
  serve("index-2.js");
  open();
  await vi.waitFor(() => expect(loaded).toHaveBeenCalledTimes(1));
});

test("where that did not help they are not loaded anew again and again, but when somebody wishes so", async () => {
  serve("index-2.js");
  sessionStorage.setItem("scope-loaded-anew", String(Date.now() - 2_000));
  open();
  expect(await screen.findByText("There is a newer version of these pages")).toBeDefined();
  expect(loaded).not.toHaveBeenCalled();
  fireEvent.click(screen.getByRole("button", { name: "Load again" }));
  expect(loaded).toHaveBeenCalledTimes(1);
});

test("a browser that keeps nothing for pages loads them anew only when somebody wishes so", async () => {
  serve("index-2.js");
  vi.stubGlobal("sessionStorage", undefined);
  open();
  fireEvent.click(await screen.findByRole("button", { name: "Load again" }));
  expect(loaded).toHaveBeenCalledTimes(1);
});

test("while nobody answers that is said, and the page is loaded once somebody does", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  serve(null);
  open();
  expect(await screen.findByText("The service does not answer")).toBeDefined();
  expect(loaded).not.toHaveBeenCalled();
  serve("index-1.js");
  await vi.advanceTimersByTimeAsync(5_000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(loaded).toHaveBeenCalledTimes(1));
});

test("a page that is there and cannot be loaded is said to be so", async () => {
  serve("index-1.js");
  sessionStorage.setItem("scope-loaded-anew", String(Date.now()));
  open();
  expect(await screen.findByText("This page could not be loaded")).toBeDefined();
});

test("the secret of a sign-in link is still there after it", async () => {
  serve("index-2.js");
  location.hash = "#/login/scope_login_secret";
  const { currentRoute } = await import("./use-route");
  currentRoute();
  expect(location.hash).toBe("#/login/");
  open();
  await vi.waitFor(() => expect(loaded).toHaveBeenCalledTimes(1));
  expect(location.hash).toBe("#/login/scope_login_secret");
});
