import { describe, expect, it } from "vitest";
import {
  capitalise,
  formatBeside,
  formatClock,
  formatDuration,
  formatMs,
  formatPercent,
  formatQuantity,
  formatRate,
  formatTick,
  formatUnit,
  words,
} from "./format";

describe("numbers", () => {
  it.each([
    [null, "–"],
    [undefined, "–"],
    [Number.NaN, "–"],
    [0, "0"],
    [0.004, "<0.01"],
    [0.5, "0.5"],
    [0.42, "0.42"],
    [7.53, "7.5"],
    [9.96, "10"],
    [1986.4, "1,986"],
    [10_000, "10k"],
    [12_440, "12.4k"],
    [250_000, "250k"],
    [3_400_000, "3.4M"],
  ])("quantity %s is %s", (value, text) => expect(formatQuantity(value)).toBe(text));

  it.each([
    [null, "–"],
    [0, "0 ms"],
    [0.35, "350 µs"],
    [12.34, "12 ms"],
    [999.6, "1.0 s"],
    [145_000, "145 s"],
  ])("%s milliseconds are %s", (value, text) => expect(formatMs(value)).toBe(text));

  it("says what was not measured instead of 0", () => {
    expect(formatPercent(null)).toBe("–");
    expect(formatRate(null)).toBe("–");
    expect(formatUnit(null, "messages")).toBe("–");
  });

  it.each([
    [80.31, 80, "%", "80.3 %"],
    [80.004, 80, "%", "80.004 %"],
    [85.5, 80, "%", "86 %"],
    [80, 80, "%", "80 %"],
    [80.3, null, "%", "80 %"],
    [1000.4, 1000, "", "1000.4"],
  ])("%s beside %s is told apart", (value, other, unit, text) =>
    expect(formatBeside(value, other, unit)).toBe(text),
  );

  it("leaves the unit of a rate to the caption of its chart", () => {
    expect([formatTick(1000, "req/s"), formatTick(40, "ms")]).toEqual(["1,000", "40 ms"]);
  });

  it("adds the unit of a column", () => {
    expect(formatUnit(85.5, "%")).toBe("86 %");
    expect(formatUnit(1250, "req/s")).toBe("1,250 req/s");
    expect(formatUnit(10_012, "req/s")).toBe("10,012 req/s");
    expect(formatUnit(1.5, "s")).toBe("1.5 s");
    expect(formatUnit(1200, "")).toBe("1,200");
  });
});

describe("times", () => {
  it.each([
    [-3, "00:00"],
    [252.9, "04:12"],
    [3852, "1:04:12"],
  ])("second %s is %s", (seconds, text) => expect(formatClock(seconds)).toBe(text));

  it.each([
    [0.84, "0.8 s"],
    [12.2, "12 s"],
    [240, "4 min"],
    [7200, "2 h"],
  ])("%s seconds take %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe("identifiers", () => {
  it.each([
    ["AddReadReplica", "add read replica"],
    ["InsertCDN", "insert CDN"],
    ["APIServer", "API server"],
    ["AtMax", "at max"],
  ])("%s reads %s", (identifier, text) => expect(words(identifier)).toBe(text));

  it("begins sentences", () => expect(capitalise(words("AddReplica"))).toBe("Add replica"));
});
