import { useState } from "react";
import { Problems } from "./Problems";
import { parseTrace } from "./trace";

interface Props {
  /** Name of the file that was read, empty before. */
  file: string;
  rows: number;
  /** Tells the counts of a file; none if it could not be read. */
  onRead: (file: string, counts: readonly number[]) => void;
}

/** Takes a recorded trace from a file; it is scaled to the peak and to the length of the run. */
export function TraceUpload({ file, rows, onRead }: Props) {
  const [fault, setFault] = useState<string | null>(null);
  const read = async (chosen: File) => {
    const trace = parseTrace(await chosen.text());
    setFault("fault" in trace ? trace.fault : null);
    onRead(chosen.name, "counts" in trace ? trace.counts : []);
  };
  return (
    <div className="fc-trace">
      <label>
        CSV of request counts, one row an interval{" "}
        <input
          type="file"
          accept=".csv,text/csv,text/plain"
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            if (chosen !== undefined) void read(chosen);
          }}
        />
      </label>
      {rows > 0 && (
        <small>
          {rows.toLocaleString("en")} rows of {file}, played over the whole run up to the peak
        </small>
      )}
      <Problems lines={fault === null ? [] : [fault]} />
    </div>
  );
}
