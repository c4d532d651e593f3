import { Page } from "../parts/page";
import type { MapRoute } from "../routes";

export default function MapPage(_: { route: MapRoute }) {
  return (
    <Page name="map" title="MapPage">
      <h1>MapPage</h1>
    </Page>
  );
}
