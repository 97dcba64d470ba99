import { RunsList } from "../panels/RunsList";
import { StartForm } from "../panels/StartForm";

/** All runs, and how to begin one. */
export function HomePage() {
  return (
    <main className="sheet">
      <h1>Runs</h1>
      <RunsList />
      <StartForm />
    </main>
  );
}
