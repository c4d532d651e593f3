// A link from a mail opens in a tab of its own. The tab that asked for it says where it was going, and hears that this
// browser is signed in.

import { parse } from "../routes";
import { isWorthIt } from "./wanted";

const NAME = "scope-sign-in";

type Said = { kind: "where" } | { kind: "there"; fragment: string } | { kind: "signed-in" };

/** What waits in this tab for being signed in answers where it is going; `signedIn` is called when another tab is. */
export function waitElsewhere(signedIn: () => void): () => void {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data }: MessageEvent<Said>) => {
    if (data.kind === "signed-in") {
      signedIn();
    } else if (data.kind === "where" && isWorthIt(parse(location.hash))) {
      channel.postMessage({ kind: "there", fragment: location.hash } satisfies Said);
    }
  };
  return () => channel.close();
}

/** Asks the other tabs where they are going, and tells `heard` what each says. */
export function askTabs(heard: (fragment: string) => void): () => void {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data }: MessageEvent<Said>) => {
    if (data.kind === "there") {
      heard(data.fragment);
    }
  };
  channel.postMessage({ kind: "where" } satisfies Said);
  return () => channel.close();
}

/** Tells the other tabs that this browser is signed in. */
export function tellTabs(): void {
  const channel = new BroadcastChannel(NAME);
  channel.postMessage({ kind: "signed-in" } satisfies Said);
  channel.close();
}
