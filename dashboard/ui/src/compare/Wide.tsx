import type { ReactNode } from "react";

/** A table that may be wider than the page: it scrolls by itself, by keys too. */
export function Wide({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section className="fc-scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
