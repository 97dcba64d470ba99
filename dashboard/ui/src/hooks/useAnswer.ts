import { useEffect, useState } from "react";
import { linesOf } from "../services/problem";

/** The state of a question to the server. */
export type Answer<T> =
  | { state: "waiting" }
  | { state: "here"; value: T }
  | { state: "failed"; lines: readonly string[] };

/** Asks when the view appears and whenever the question is another one; give a stable function. */
export function useAnswer<T>(ask: () => Promise<T>): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ state: "waiting" });
  useEffect(() => {
    let wanted = true;
    ask().then(
      (value) => wanted && setAnswer({ state: "here", value }),
      (error: unknown) => wanted && setAnswer({ state: "failed", lines: linesOf(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [ask]);
  return answer;
}
