import type { Link } from "../feed/connection";
import { formatDuration } from "../text/format";

/** How the page and the server stand, in words; alarming says that what is shown may be old. */
export function linkWords(link: Link, now: number, finished: boolean): { text: string; alarming: boolean } {
  const age = (since: number) => formatDuration(Math.max(0, Math.round((now - since) / 1000)));
  switch (link.kind) {
    case "connecting":
      return { text: "Connecting…", alarming: false };
    case "live":
      return { text: finished ? "Recorded" : "Live", alarming: false };
    case "stale":
      return { text: `Nothing heard for ${age(link.at)}`, alarming: true };
    case "away":
      return { text: `Server away for ${age(link.since)}, trying again`, alarming: true };
    case "refused":
      return { text: link.message === "" ? `Closed: ${link.reason}` : link.message, alarming: true };
  }
}
