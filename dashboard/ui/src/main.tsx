import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { browserDesk, DeskContext } from "./hooks/useSimulation";
import "./theme/theme.css";
import "./theme/panels.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

createRoot(root).render(
  <StrictMode>
    <DeskContext value={browserDesk()}>
      <App />
    </DeskContext>
  </StrictMode>,
);
