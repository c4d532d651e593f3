import type { Pages } from "../api/pages";
import { Button } from "./button";

/** The way to a list's next page, where there is one. */
export function More({ pages, label = "Show more" }: { pages: Pages<unknown>; label?: string }) {
  return (
    pages.more && (
      <div>
        <Button busy={pages.busy} onClick={pages.more}>
          {label}
        </Button>
      </div>
    )
  );
}
