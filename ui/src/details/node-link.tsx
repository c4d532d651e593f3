import type { ReactNode } from "react";
import { hrefTo, usePlace } from "./place";

interface Props {
  /** The topology that shows the node; empty where none does. */
  topology: string;
  id: string;
  children: ReactNode;
}

/** A way to the details of another node; its name alone where no topology shows it. */
export function NodeLink({ topology, id, children }: Props) {
  const { route } = usePlace();
  return topology ? <a href={hrefTo(route, { topology, id })}>{children}</a> : children;
}
