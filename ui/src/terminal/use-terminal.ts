import { type RefObject, useEffect, useRef, useState } from "react";
import { announce } from "../parts/announce";
import { Connection, type State } from "./connection";
import { endWords } from "./end-words";
import { readerWanted } from "./looks";
import { Screen } from "./screen";
import { knowing, type Session } from "./sessions";

/** A terminal that is shown. */
export interface Shown {
  state: State;
  readOnly: boolean;
  /** How it goes, in words; empty while all is well. */
  words: string;
  connection: RefObject<Connection | null>;
  screen: RefObject<Screen | null>;
}

interface Place {
  element: RefObject<HTMLElement | null>;
  /** What identifies the words about its keys. */
  describedBy: string;
  /** Whether it has a window of its own. */
  alone: boolean;
  /** The key was pressed by which one leaves it. */
  onLeave: () => void;
}

/** Shows a pipe in an element, connected for as long as that is there. */
export function useTerminal(session: Session, { element, describedBy, alone, onLeave }: Place): Shown {
  const [state, setState] = useState<State>("connecting");
  const [readOnly, setReadOnly] = useState(session.readOnly);
  const [words, setWords] = useState("");
  const connection = useRef<Connection | null>(null);
  const screen = useRef<Screen | null>(null);
  const place = useRef({ describedBy, alone, onLeave });
  useEffect(() => {
    if (!element.current) {
      return;
    }
    const made = new Screen(
      element.current,
      { ...session, screenReader: readerWanted(), describedBy: place.current.describedBy },
      {
        typed: (data) => {
          if (connection.current && !connection.current.pipe.write(data)) {
            announce("That was too much to paste");
            setWords("That was too much to paste");
          }
        },
        resized: (size) => connection.current?.pipe.resize(size),
        leave: () => place.current.onLeave(),
      },
    );
    made.write(session.screen);
    const way = new Connection(session.org, session.pipe, session.received, {
      bytes: (data, took) => made.write(data, took),
      changed: () => {
        made.readOnly = session.readOnly || way.pipe.readOnly || way.state === "ended";
        setReadOnly(session.readOnly || way.pipe.readOnly);
        setState(way.state);
        setWords(wordsOf(way));
      },
    });
    connection.current = way;
    screen.current = made;
    way.pipe.resize(made.size);
    // Whoever opened it is about to type; who loads a page again may be anywhere on it.
    if (session.received === 0 || place.current.alone) {
      made.focus();
    }
    const unknown = knowing(session.pipe, () => ({ received: way.pipe.consumed, screen: made.content }));
    return () => {
      unknown();
      way.leave();
      made.dispose();
    };
  }, [session, element]);
  return { state, readOnly, words, connection, screen };
}

function wordsOf({ state, pipe }: Connection): string {
  if (pipe.end) {
    return endWords(pipe.end);
  }
  return state === "connecting" ? "Connecting …" : state === "reconnecting" ? "Reconnecting …" : "";
}
