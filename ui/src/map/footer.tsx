import { useQuery } from "@tanstack/react-query";
import { call } from "../api/call";
import type { Topology } from "../api/types";
import { counted } from "../parts/format";
import styles from "./map-page.module.css";
import { titled } from "./shortcuts";

/** How much is shown, and by which version. */
export function Footer({ topology: { stats }, onHelp }: { topology: Topology; onHelp: () => void }) {
  const { data } = useQuery({
    queryKey: ["info"],
    queryFn: () => call("GET /api", {}),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const others = stats.node_count - stats.nonpseudo_node_count;
  return (
    <footer className={styles.footer}>
      <span>
        {counted(stats.nonpseudo_node_count, "node")}
        {others > 0 && ` and ${counted(others, "other")} they talk to`}, {counted(stats.edge_count, "connection")}
      </span>
      <span>{data?.version && `Scope ${data.version}`}</span>
      <button type="button" title={titled("help")} onClick={onHelp}>
        Help
      </button>
    </footer>
  );
}
