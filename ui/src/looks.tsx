import { Popover } from "./parts/popover";
import styles from "./shell.module.css";
import { choose, type Theme, useLooks } from "./style/theme";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** The button behind which one chooses how the pages look. */
export function Looks() {
  return (
    <Popover look="plain" label="Looks" title="Light or dark, and contrast">
      <Choices />
    </Popover>
  );
}

/** How the pages look: light or dark, and how strong their contrast is. */
export function Choices() {
  const { theme, contrast } = useLooks();
  return (
    <fieldset className={styles.looks}>
      <legend>Looks</legend>
      {THEMES.map(([value, words]) => (
        <label key={value}>
          <input type="radio" name="theme" checked={theme === value} onChange={() => choose({ theme: value })} />
          {words}
        </label>
      ))}
      <label>
        <input type="checkbox" checked={contrast} onChange={(event) => choose({ contrast: event.target.checked })} />
        High contrast
      </label>
    </fieldset>
  );
}
