import type { ReactNode } from "react";

const shapes: Readonly<Record<string, ReactNode>> = {
  LoadBalancer: <path d="M3 12h6m0 0 8-7m-8 7h9m-9 0 8 7M17 5h3v3m-3 11h3v-3m-2-7 3 3-3 3" />,
  APIServer: <path d="M4 4h16v6H4zm0 10h16v6H4zM8 7h.01M8 17h.01M12 7h5m-5 10h5" />,
  Database: <path d="M4 6c0-4 16-4 16 0s-16 4-16 0v12c0 4 16 4 16 0V6M4 12c0 4 16 4 16 0" />,
  Cache: <path d="M13 2 5 13h6l-1 9 9-12h-6z" />,
  MessageQueue: <path d="M3 7h4v10H3zm7 0h4v10h-4zm7 0h4v10h-4z" />,
  Worker: (
    <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8m0-6v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10 2 2m0-14-2 2M7 17l-2 2" />
  ),
  CDN: <path d="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m-9 9h18M12 3c-6 6-6 12 0 18 6-6 6-12 0-18" />,
};

/** The sign of a component's type. It says nothing that words beside it do not. */
export function KindIcon({ kind }: { kind: string }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      {shapes[kind] ?? <path d="M4 4h16v16H4z" />}
    </svg>
  );
}
