import { Loading } from "../parts/notice";
import styles from "./map-page.module.css";

/** The map before anything of it is known, of the same shape. */
export function Skeleton() {
  return (
    <>
      <div className={styles.header} aria-hidden="true" />
      <div className={styles.tools} aria-hidden="true" />
      <div className={styles.stage}>
        <div className={styles.shown}>
          <Waiting />
        </div>
      </div>
    </>
  );
}

/** What stands where nodes will be. */
export function Waiting() {
  return (
    <div className={styles.waiting}>
      <Loading what="Reading the map" />
    </div>
  );
}
