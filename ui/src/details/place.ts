import { createContext, useContext } from "react";
import type { Topology } from "../api/types";
import { href, type MapRoute, mapOf, type OpenNode } from "../routes";
import { opened } from "./stack";

/** Where the details are shown that something is part of. */
interface Place {
  route: MapRoute;
  topologies: readonly Topology[];
}

const Context = createContext<Place>({ route: mapOf(""), topologies: [] });
export const PlaceProvider = Context.Provider;

export function usePlace(): Place {
  return useContext(Context);
}

/** The link that opens a node's details on top of those that are open. */
export function hrefTo(route: MapRoute, node: OpenNode): string {
  return href({ ...route, open: opened(route.open, node) });
}
