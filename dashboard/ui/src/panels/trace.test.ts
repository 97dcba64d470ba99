import { describe, expect, it } from "vitest";
import { FIRST_DRAFT, faultsOf, runDraftOf } from "./draft";
import { courseOf, parseTrace, secondOf } from "./trace";
import { formAs, planOf } from "./traffic";

describe("a trace", () => {
  it.each([
    ["time,requests\n0,10\n60, 20\n", [10, 20]],
    ["1\r\n2.5\r\n0\r\n", [1, 2.5, 0]],
    ['# source\n"minute","count"\n\n"0","7"\n"1","9"', [7, 9]],
  ])("is read from %j", (text, counts) => {
    expect(parseTrace(text)).toEqual({ counts });
  });

  it.each([
    ["", /two rows at least/],
    ["requests\n5\n", /two rows at least/],
    ["requests\n5\nmany\n", /^Line 3: "many" is no count/],
    ["5\n-1\n", /^Line 2: "-1"/],
    ["5\n0,\n", /^Line 2: "" is no count/],
    [`${"1\n".repeat(86_401)}`, /more than 86,400 rows/],
  ])("in %j is told what to write", (text, want) => {
    expect(parseTrace(text)).toEqual({ fault: expect.stringMatching(want) });
  });

  it("keeps its course: shares of its highest point, rows averaged where there are too many", () => {
    expect(courseOf([5, 10, 0], 60)).toEqual([0.5, 1, 0]);
    expect(courseOf([0, 0], 60)).toEqual([0, 0]);
    const day = Array.from({ length: 1440 }, (_, minute) => 1 + Math.sin(minute / 229));
    const course = courseOf(day, 300);
    expect(course).toHaveLength(101);
    expect(Math.max(...course)).toBe(1);
    expect(courseOf(day, 3)).toHaveLength(4);
  });

  it("stands at whole seconds from begin to end, each its own", () => {
    const seconds = Array.from({ length: 101 }, (_, place) => secondOf(place, 101, 100));
    expect(seconds).toEqual(Array.from({ length: 101 }, (_, second) => second));
    expect(secondOf(0, 1, 60)).toBe(0);
  });

  it("becomes stages that the API takes, as long as the run", () => {
    const form = { ...formAs({ kind: "Constant", rate: 50 }, "Trace", 300), counts: [1, 4, 2] };
    const draft = { ...FIRST_DRAFT, graph: "shop", durationSeconds: 301, form };
    expect(faultsOf(draft)).toEqual([]);
    expect(runDraftOf(draft).spec.traffic).toMatchObject({
      requestsPerSecond: 125,
      stages: [
        { durationSeconds: 151, requestsPerSecond: 500, ramp: "Linear" },
        { durationSeconds: 150, requestsPerSecond: 250, ramp: "Linear" },
      ],
    });
    expect(planOf(form, 301).map(({ second }) => second)).toEqual([0, 151, 301]);
  });

  it("has a file first", () => {
    const form = formAs({ kind: "Constant", rate: 50 }, "Trace", 300);
    expect(faultsOf({ ...FIRST_DRAFT, graph: "shop", form })).toEqual([
      expect.stringMatching(/^Trace: choose a CSV file/),
    ]);
    expect(planOf(form, 300)).toHaveLength(2);
  });
});
