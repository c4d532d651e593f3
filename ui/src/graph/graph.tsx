import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useId, useRef, useState } from "react";
import { Buttons } from "./buttons";
import styles from "./graph.module.css";
import { press } from "./keys";
import { remembered } from "./memory";
import { type Pointed, Scene, type Source } from "./scene";
import { Tip } from "./tip";

interface Props {
  view: Source;
  /** What the map is of: places and camera of one map are kept while the page lives. */
  place: string;
  /** Ids of nodes that a search found; null: nobody searches. */
  marks: ReadonlySet<string> | null;
  /** The metric whose level nodes show; empty: none. */
  metric: string;
  /** The node whose details are open; empty: none. */
  chosen: string;
  onOpen: (id: string) => void;
  /** What to call the map. */
  label: string;
  /** What is shown where the browser cannot draw it: a way to the table. */
  children?: ReactNode;
}

/** The map of a topology, drawn by WebGL. */
export function Graph({ view, place, marks, metric, chosen, onOpen, label, children }: Props) {
  const canvas = useRef<HTMLDivElement>(null);
  const [scene, setScene] = useState<Scene | null>(null);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [failed, setFailed] = useState(false);
  const help = useId();
  const open = useRef(onOpen);
  open.current = onOpen;

  useEffect(() => {
    const element = canvas.current;
    if (!element) {
      return;
    }
    const made = tryScene(element, view, place, { open: (id) => open.current(id), point: setPointed });
    setScene(made);
    setFailed(made === null);
    return () => made?.end();
  }, [view, place]);
  useEffect(() => scene?.measure(metric), [scene, metric]);
  useEffect(() => scene?.mark(marks), [scene, marks]);
  useEffect(() => scene?.choose(chosen), [scene, chosen]);

  const onKey = useCallback(
    (event: KeyboardEvent) => {
      if (scene && !event.ctrlKey && !event.metaKey && !event.altKey && press(scene, event)) {
        event.preventDefault();
      }
    },
    [scene],
  );
  if (failed) {
    return (
      <div className={styles.without}>
        <p>This browser does not draw the map: WebGL is switched off or not there. The table shows the same.</p>
        {children}
      </div>
    );
  }
  const node = pointed && view.nodes.get(pointed.id);
  return (
    <div className={styles.map}>
      <div
        ref={canvas}
        className={styles.canvas}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move what is drawn in it
        tabIndex={0}
        aria-label={label}
        aria-describedby={help}
        data-pointed={pointed ? "" : undefined}
        onKeyDown={onKey}
      />
      <p id={help} hidden>
        Arrow keys move the map, plus and minus zoom, 0 shows everything. Shift with an arrow key goes from node to
        node, Enter opens its details. The table shows the same nodes as text.
      </p>
      <Buttons scene={scene} />
      {node && pointed && (
        <Tip node={node} pointed={pointed} metric={metric} width={canvas.current?.clientWidth ?? 0} />
      )}
      <p className="visually-hidden" aria-live="polite">
        {node && [node.label, node.labelMinor].filter(Boolean).join(", ")}
      </p>
    </div>
  );
}

function tryScene(...[element, view, place, events]: Parameters<typeof startScene>): Scene | null {
  try {
    return startScene(element, view, place, events);
  } catch {
    element.replaceChildren();
    return null;
  }
}

function startScene(
  element: HTMLElement,
  view: Source,
  place: string,
  events: ConstructorParameters<typeof Scene>[3],
): Scene {
  return new Scene(element, view, remembered(place), events);
}
