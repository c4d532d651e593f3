import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { endWords } from "./end-words";
import {
  closeTerminal,
  forgetTerminals,
  keepTerminals,
  knowing,
  openTerminal,
  restoreTerminals,
  type Session,
  useTerminals,
} from "./sessions";

afterEach(() => {
  cleanup();
  forgetTerminals();
});

function session(pipe: string, org = "shop"): Session {
  const of = { probeId: "p", nodeId: "n", control: "c", arguments: {}, node: "web-1", label: "Exec shell" };
  return { pipe, org, ...of, rawTty: true, readOnly: false, received: 0, screen: "" };
}

const shown = () => {
  const { result } = renderHook(useTerminals);
  const { sessions, current } = result.current;
  return [sessions.map(({ pipe }) => pipe).join(""), current];
};

test("what is opened is looked at, and what is beside it once it is closed", () => {
  act(() => {
    for (const pipe of ["a", "b", "c"]) {
      openTerminal(session(pipe));
    }
  });
  expect(shown()).toEqual(["abc", "c"]);
  act(() => openTerminal(session("d"), "b"));
  expect(shown()).toEqual(["adc", "d"]);
  act(() => closeTerminal("d"));
  expect(shown()).toEqual(["ac", "c"]);
});

test("they are kept as they look, for the same person alone", () => {
  act(() => openTerminal(session("a")));
  const unknown = knowing("a", () => ({ received: 7, screen: "$ " }));
  keepTerminals("ann");
  const kept = sessionStorage.getItem("scope-terminals") ?? "";
  act(forgetTerminals);
  expect(sessionStorage.getItem("scope-terminals")).toBeNull();
  sessionStorage.setItem("scope-terminals", kept);
  act(() => restoreTerminals("bob", ""));
  expect(shown()).toEqual(["", ""]);
  expect(sessionStorage.getItem("scope-terminals")).toBeNull();
  sessionStorage.setItem("scope-terminals", kept);
  act(() => restoreTerminals("ann", ""));
  const { result } = renderHook(useTerminals);
  expect(result.current.sessions).toEqual([{ ...session("a"), received: 7, screen: "$ " }]);
  unknown();
});

test("a window of its own goes on with that one", () => {
  act(() => {
    openTerminal(session("a"));
    openTerminal(session("b"));
  });
  keepTerminals("ann");
  const kept = sessionStorage.getItem("scope-terminals") ?? "";
  act(forgetTerminals);
  sessionStorage.setItem("scope-terminals", kept);
  act(() => restoreTerminals("ann", "a"));
  expect(shown()).toEqual(["a", "a"]);
});

test("how it ended is told in words", () => {
  const words = (reason: string, message = "", exitStatus = 0) => endWords({ reason, message, exitStatus });
  expect([
    words("END_REASON_EXITED", "", 3),
    words("END_REASON_IDLE", "nothing for 4 h"),
    words("END_REASON_REPLACED"),
    words("END_REASON_OF_TOMORROW"),
  ]).toEqual([
    "Ended: exit status 3",
    "Ended: nothing for 4 h",
    "Ended: it goes on in another window",
    "Ended: nobody said why",
  ]);
});
