import { useEffect, useState } from "react";
import { Button } from "./parts/button";
import { Notice } from "./parts/notice";
import { loadAnew, mayLoadAnew, type Reason, reason } from "./version";

/** How long until it is looked again whether the pages can be loaded, in milliseconds. */
const AGAIN = 5_000;

const WORDS: Record<Reason, readonly [title: string, what: string]> = {
  newer: ["There is a newer version of these pages", "Load them again to go on."],
  away: ["The service does not answer", "This page is loaded as soon as it does. Is this machine online?"],
  unknown: ["This page could not be loaded", "Load it again. If that does not help, tell whoever runs the service."],
};

/**
 * Instead of a page whose files could not be loaded: says why, and loads the pages anew once they are there. Nothing that
 * somebody typed is lost by it, for nothing is shown.
 */
export function Reload() {
  const why = useReason();
  if (!why) {
    return null;
  }
  const [title, what] = WORDS[why];
  return (
    <Notice kind="warn" title={title}>
      <p>{what}</p>
      <Button look="main" onClick={loadAnew}>
        Load again
      </Button>
    </Notice>
  );
}

/** Why they could not be loaded, undefined until that is known. */
function useReason(): Reason | undefined {
  const [why, setWhy] = useState<Reason>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const look = async () => {
      const found = await reason();
      if (left) {
        return;
      }
      if (found !== "away" && mayLoadAnew()) {
        loadAnew();
        return;
      }
      setWhy(found);
      timer = setTimeout(look, AGAIN);
    };
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  return why;
}
