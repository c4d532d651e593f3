import { memo } from "react";
import { Button } from "../parts/button";
import styles from "./graph.module.css";
import type { Scene } from "./scene";

const CLOSER = 1.4;

/** What one can press on the map, and the keys that do the same. The map moves under them without them. */
export const Buttons = memo(function Buttons({ scene }: { scene: Scene | null }) {
  return (
    <div className={styles.buttons}>
      <Tool name="Zoom in (+)" path="M9 3v12M3 9h12" act={() => scene?.zoom(CLOSER)} />
      <Tool name="Zoom out (-)" path="M3 9h12" act={() => scene?.zoom(1 / CLOSER)} />
      <Tool name="Show everything (0)" path="M3 7V3h4M11 3h4v4M15 11v4h-4M7 15H3v-4" act={() => scene?.fit()} />
      <Tool
        name="Arrange anew"
        path="M9 6v3M9 9H4v3M9 9h5v3M9 2.500a1.750 1.750 0 1 0 .01 0M4 12.500a1.750 1.750 0 1 0 .01 0M14 12.500a1.750 1.750 0 1 0 .01 0"
        act={() => scene?.anew()}
      />
    </div>
  );
});

function Tool({ name, path, act }: { name: string; path: string; act: () => void }) {
  return (
    <Button className={styles.button} aria-label={name} title={name} onClick={act}>
      <svg viewBox="0 0 18 18" aria-hidden="true">
        <path d={path} />
      </svg>
    </Button>
  );
}
