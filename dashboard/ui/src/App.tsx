import { lazy, Suspense } from "react";
import { useRoute } from "./hooks/useRoute";
import { useSession } from "./hooks/useSimulation";
import { Go } from "./pages/Go";
import { HomePage } from "./pages/HomePage";

// React Flow comes with it, so the list of runs opens without.
const RunPage = lazy(() => import("./pages/RunPage"));
const ComparePage = lazy(() => import("./compare/ComparePage"));
const GraphPage = lazy(() => import("./pages/GraphPage"));

function Here() {
  const route = useRoute();
  switch (route.page) {
    case "home":
      return <HomePage />;
    case "run":
      return <RunPage key={route.id} id={route.id} />;
    case "graph":
      return <GraphPage key={route.id} id={route.id} />;
    case "compare":
      return <ComparePage ids={route.ids} />;
    case "lost":
      return (
        <main className="sheet">
          <h1>Nothing is at {route.path}</h1>
          <p>
            <Go to="/">All runs</Go>
          </p>
        </main>
      );
  }
}

/** The page. */
export function App() {
  const problem = useSession();
  return (
    <>
      {problem.length > 0 && (
        <p className="banner" role="alert">
          {problem.join(" ")}
        </p>
      )}
      <Suspense fallback={<p className="waiting">Loading…</p>}>
        <Here />
      </Suspense>
    </>
  );
}
