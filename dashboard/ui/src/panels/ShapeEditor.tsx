import { formatRate } from "../text/format";
import { Choice } from "./Choice";
import { NumberField } from "./NumberField";
import { TraceUpload } from "./TraceUpload";
import { type Form, formAs, MAX_RATE, planOf, planPoints, type Stage } from "./traffic";

const kinds: readonly { tab: Form["kind"]; name: string }[] = [
  { tab: "Constant", name: "Constant" },
  { tab: "Ramp", name: "Ramp" },
  { tab: "Spike", name: "Spike" },
  { tab: "Wave", name: "Wave" },
  { tab: "Stages", name: "Stages" },
  { tab: "Trace", name: "Trace" },
];

interface Props {
  form: Form;
  durationSeconds: number;
  onChange: (form: Form) => void;
}

function Preview({ form, durationSeconds }: Omit<Props, "onChange">) {
  const plan = planOf(form, Math.max(1, durationSeconds));
  const top = Math.max(...plan.map(({ requestsPerSecond }) => requestsPerSecond));
  return (
    <svg
      className="fc-preview"
      viewBox="0 0 320 72"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${form.kind} up to ${formatRate(top)} over ${durationSeconds} seconds`}
    >
      <polygon points={`0,72 ${planPoints(plan, 320, 68)} 320,72`} />
      <polyline points={planPoints(plan, 320, 68)} />
    </svg>
  );
}

function Stages({
  stages,
  onChange,
}: {
  stages: readonly Stage[];
  onChange: (stages: readonly Stage[]) => void;
}) {
  const set = (place: number, change: Partial<Stage>) =>
    onChange(stages.map((stage, at) => (at === place ? { ...stage, ...change } : stage)));
  return (
    <ol className="fc-stage-list">
      {stages.map((stage, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a stage is its place in the order
        <li key={place}>
          <NumberField
            label={`Stage ${place + 1} rate`}
            unit="req/s"
            value={stage.rate}
            max={MAX_RATE}
            onChange={(rate) => set(place, { rate })}
          />
          <NumberField
            label="lasts"
            unit="s"
            value={stage.durationSeconds}
            max={86_400}
            onChange={(durationSeconds) => set(place, { durationSeconds })}
          />
          <label>
            <input
              type="checkbox"
              checked={stage.step}
              onChange={(event) => set(place, { step: event.target.checked })}
            />
            at once
          </label>
          <button
            type="button"
            aria-label={`Remove stage ${place + 1}`}
            onClick={() => onChange(stages.toSpliced(place, 1))}
          >
            Remove
          </button>
        </li>
      ))}
      <li>
        <button
          type="button"
          onClick={() =>
            onChange([...stages, { durationSeconds: 30, rate: stages.at(-1)?.rate ?? 100, step: false }])
          }
        >
          Add a stage
        </button>
      </li>
    </ol>
  );
}

/** Draws how traffic changes over the run, with a preview of what will be played. */
export function ShapeEditor({ form, durationSeconds, onChange }: Props) {
  return (
    <fieldset className="fc-shape">
      <legend>Traffic</legend>
      <Choice
        name="shape"
        label="Shape"
        choices={kinds}
        chosen={form.kind}
        onChoose={(kind) => onChange(formAs(form, kind, durationSeconds))}
      />
      <Preview form={form} durationSeconds={durationSeconds} />
      <div className="fc-fields">
        {form.kind !== "Trace" && (
          <NumberField
            label={form.kind === "Constant" ? "Rate" : "From"}
            unit="req/s"
            value={form.rate}
            max={MAX_RATE}
            onChange={(rate) => onChange({ ...form, rate })}
          />
        )}
        {"peak" in form && (
          <NumberField
            label="Peak"
            unit="req/s"
            value={form.peak}
            max={MAX_RATE}
            onChange={(peak) => onChange({ ...form, peak })}
          />
        )}
        {form.kind === "Wave" && (
          <NumberField
            label="Period"
            unit="s"
            value={form.periodSeconds}
            max={86_400}
            onChange={(periodSeconds) => onChange({ ...form, periodSeconds })}
          />
        )}
      </div>
      {form.kind === "Trace" && (
        <TraceUpload
          file={form.file}
          rows={form.counts.length}
          onRead={(file, counts) => onChange({ ...form, file, counts })}
        />
      )}
      {form.kind === "Stages" && (
        <Stages stages={form.stages} onChange={(stages) => onChange({ ...form, stages })} />
      )}
    </fieldset>
  );
}
