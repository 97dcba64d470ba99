import { useNow } from "../hooks/useNow";
import { usePage } from "../hooks/useSimulation";
import { noticesOf } from "./notice";

/** What the reader must know to read the page right. */
export function Notices() {
  const feed = usePage((state) => state.feed);
  const link = usePage((state) => state.link);
  const session = usePage((state) => state.session);
  const now = useNow(link.kind === "away" || link.kind === "stale");
  return (
    <>
      {noticesOf(feed, link, session, now).map(({ kind, severity, title, detail, reload }) => (
        <aside
          key={kind}
          className={`fc-notice fc-notice-${severity}`}
          data-notice={kind}
          aria-label={title.replace(/ for .*/, "")}
        >
          <b>{title}</b> <span>{detail}</span>
          {reload && (
            <button type="button" className="fc-button" onClick={() => location.reload()}>
              Load again
            </button>
          )}
        </aside>
      ))}
    </>
  );
}

/** Shown until the first snapshot: the shape of what comes. */
export function Loading() {
  return (
    <div className="fc-loading" role="status">
      <h1 className="unseen">Loading</h1>
      <i />
      <i />
      <i />
    </div>
  );
}
