// Follows feeds for all pages of a browser; or for one page, where the browser has no shared workers.
import { Hub, type Port } from "./hub";

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const hub = new Hub();
const scope: unknown = self;

if (isShared(scope)) {
  scope.onconnect = ({ ports: [port] }) => port && hub.join(port);
} else {
  hub.join(scope as Port);
}
setInterval(() => hub.review(), 1000);
addEventListener("online", () => hub.hurry());

function isShared(value: unknown): value is SharedScope {
  return typeof value === "object" && value !== null && "onconnect" in value;
}
