import { useEffect, useState } from "react";
import { useDesk } from "../hooks/useSimulation";
import { Button } from "../panels/Button";
import { Problems } from "../panels/Problems";
import { linesOf } from "../services/problem";
import { bodyOf, type Draft, draftOfYaml } from "./draft";

const ALLOWED = { allowed: true } as const;

/** The draft as kubectl takes it, to be copied, and to be pasted back. */
export function YamlPanel({ draft, onDraft }: { draft: Draft; onDraft(draft: Draft): void }) {
  const { service } = useDesk();
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<readonly string[]>([]);
  useEffect(() => {
    let wanted = true;
    service.graphYaml(bodyOf(draft, null)).then(
      ({ yaml }) => wanted && setText(yaml),
      (error: unknown) => wanted && setProblem(linesOf(error)),
    );
    return () => {
      wanted = false;
    };
  }, [service, draft]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied.");
    } catch {
      setSaid("The browser keeps the clipboard to itself: select the text and copy it.");
    }
  };
  const drawIt = async () => {
    try {
      setProblem([]);
      onDraft(draftOfYaml(await service.graphOfYaml({ yaml: text }), draft));
      setSaid("Drawn.");
    } catch (error) {
      setProblem(linesOf(error));
    }
  };
  return (
    <section className="ed-yaml" aria-label="YAML">
      <textarea
        aria-label="The graph as YAML"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Problems lines={problem} />
      <div className="ed-row">
        <Button permission={ALLOWED} onPress={() => void copy()}>
          Copy
        </Button>
        <Button permission={ALLOWED} onPress={() => void drawIt()} tone="primary">
          Draw this YAML
        </Button>
        <span className="hint" role="status">
          {said}
        </span>
      </div>
    </section>
  );
}
