import type { Link } from "../feed/connection";
import type { FeedState } from "../state/run";
import { formatDuration } from "../text/format";
import { FeedVersion, type Session } from "../wire";

/** Something that the reader must know to read the page right. */
export interface Notice {
  /** Names the state, for tests and styles. */
  kind:
    | "disconnected"
    | "stale"
    | "refused"
    | "controlPlane"
    | "metrics"
    | "rules"
    | "gap"
    | "invalid"
    | "kept"
    | "outdated";
  severity: "info" | "warning" | "critical";
  title: string;
  /** What it means and what to do. */
  detail: string;
  /** Offers to load the page again. */
  reload?: true;
}

const seconds = (ms: number) => formatDuration(Math.max(0, ms) / 1000);

function refusal(link: Extract<Link, { kind: "refused" }>, session: Session | null): Notice {
  const base = { kind: "refused", severity: "critical" } as const;
  switch (link.reason) {
    case "unauthorized":
      return {
        ...base,
        title: "Your session has ended",
        detail: "Open the dashboard again by the link that was printed when it started.",
      };
    case "forbidden": {
      const where = session === null ? "" : ` in namespace ${session.namespace}`;
      const who = session === null ? "You are" : `${session.user} is`;
      return {
        ...base,
        title: "You may not watch this run",
        detail:
          link.message || `${who} missing the verb get on simulations${where}. Ask whoever grants roles.`,
      };
    }
    case "gone":
      return {
        ...base,
        title: "This run is not there",
        detail: "It was deleted, or its name is misspelt. The list of runs shows what there is.",
      };
    case "closed":
      return { ...base, title: "The server ended the feed", detail: link.message, reload: true };
  }
}

function linkNotice(link: Link, session: Session | null, now: number): Notice[] {
  switch (link.kind) {
    case "connecting":
    case "live":
      return [];
    case "stale":
      return [
        {
          kind: "stale",
          severity: "warning",
          title: `Nothing heard for ${seconds(now - link.at)}`,
          detail: "The connection stands, but no measurement came. What you see is that old.",
        },
      ];
    case "away":
      return [
        {
          kind: "disconnected",
          severity: "critical",
          title: `Disconnected for ${seconds(now - link.since)}`,
          detail: `The run goes on; what you see is that old. Trying again in ${seconds(link.retryAt - now)}.`,
        },
      ];
    case "refused":
      return [refusal(link, session)];
  }
}

function phaseNotices(feed: FeedState): Notice[] {
  if (feed.run === null) return [];
  const { controlPlane, metrics, rules, invalid } = feed.run.phase;
  const notices: Notice[] = [];
  if (!controlPlane.ok) {
    notices.push({
      kind: "controlPlane",
      severity: "critical",
      title: "Control plane unreachable",
      detail:
        `What runs keeps running, but nothing can be changed or decided. ${controlPlane.message ?? ""}`.trim(),
    });
  }
  if (!metrics.ok) {
    notices.push({
      kind: "metrics",
      severity: "warning",
      title: "Prometheus unreachable",
      detail: `Measurements show as "–" and rules wait. ${metrics.message ?? ""}`.trim(),
    });
  }
  if (!rules.ok) {
    notices.push({
      kind: "rules",
      severity: "warning",
      title: "Some rules cannot judge",
      detail: rules.message ?? "Look at the run's conditions.",
    });
  }
  if (invalid) {
    notices.push({
      kind: "invalid",
      severity: "warning",
      title: "These numbers cannot be believed",
      detail: invalid,
    });
  }
  return notices;
}

function keptNotice(feed: FeedState): Notice[] {
  if (feed.run?.summary.kept !== true) return [];
  const { startedBy } = feed.run.summary;
  return [
    {
      kind: "kept",
      severity: "info",
      title: "Kept in the history",
      detail: `The run's object is gone; what is shown is what was recorded${startedBy === "" ? "" : `, started by ${startedBy}`}.`,
    },
  ];
}

function gapNotice(feed: FeedState): Notice[] {
  const gap = feed.gaps.at(-1);
  if (gap === undefined) return [];
  const count = gap.to > 0 ? `${gap.to - gap.from + 1} events` : "an unknown number of events";
  const why = gap.reason === "epoch" ? "the server was restarted" : "you were away too long";
  return [
    {
      kind: "gap",
      severity: "info",
      title: "The picture was loaded anew",
      detail: `Because ${why}, ${count} were not told one by one. What is shown is whole again.`,
    },
  ];
}

/** What the reader must know now, the most pressing first. Now is milliseconds since 1970. */
export function noticesOf(feed: FeedState, link: Link, session: Session | null, now: number): Notice[] {
  const notices = [
    ...linkNotice(link, session, now),
    ...phaseNotices(feed),
    ...keptNotice(feed),
    ...gapNotice(feed),
  ];
  if (feed.version > FeedVersion) {
    notices.push({
      kind: "outdated",
      severity: "warning",
      title: "The server is newer than this page",
      detail: "Load the page again to see everything it tells.",
      reload: true,
    });
  }
  const rank = { critical: 0, warning: 1, info: 2 };
  return notices.sort((a, b) => rank[a.severity] - rank[b.severity]);
}
