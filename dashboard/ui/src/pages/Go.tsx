import type { MouseEvent, ReactNode } from "react";
import { go } from "../hooks/useRoute";

/** A link within the page. A click with a modifier opens it as browsers do. */
export function Go({ to, className, children }: { to: string; className?: string; children: ReactNode }) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={to} className={className} onClick={follow}>
      {children}
    </a>
  );
}
