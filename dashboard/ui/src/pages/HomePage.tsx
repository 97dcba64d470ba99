import { RunsList } from "../panels/RunsList";
import { StartForm } from "../panels/StartForm";
import { Brand } from "./Brand";
import { GraphsList } from "./GraphsList";

/** All runs, and how to begin one. */
export function HomePage() {
  return (
    <>
      <header className="masthead">
        <Brand />
        <p className="hint">Rehearse an architecture against traffic, and see why it grows.</p>
      </header>
      <main className="sheet">
        <h1>Runs</h1>
        <RunsList />
        <GraphsList />
        <StartForm />
      </main>
    </>
  );
}
