import { expect, it } from "vitest";
import type { Link } from "../feed/connection";
import { linkWords } from "./linkwords";

it.each<[Link, string, boolean]>([
  [{ kind: "connecting" }, "Connecting…", false],
  [{ kind: "live" }, "Live", false],
  [{ kind: "stale", at: 7000 }, "Nothing heard for 3 s", true],
  [{ kind: "away", since: 0, retryAt: 11_000 }, "Server away for 10 s, trying again", true],
  [{ kind: "refused", reason: "gone", message: "there is no such run" }, "there is no such run", true],
  [{ kind: "refused", reason: "forbidden", message: "" }, "Closed: forbidden", true],
])("%o", (link, text, alarming) => {
  expect(linkWords(link, 10_000, false)).toEqual({ text, alarming });
});

it("calls nothing live that has ended", () => {
  expect(linkWords({ kind: "live" }, 0, true)).toEqual({ text: "Recorded", alarming: false });
});
