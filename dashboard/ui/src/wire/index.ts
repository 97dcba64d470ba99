// The one door to the generated contracts.

export type {
  Comparison,
  Decision as ReportDecision,
  Difference,
  Judgement,
  Measure,
  Report,
  Spread,
} from "./report";
export type * from "./rest";
export type * as api from "./v1alpha1";
export type * from "./wire";
export {
  CloseForbidden,
  CloseNotFound,
  CloseProtocol,
  CloseUnauthorized,
  FeedPath,
  FeedSubprotocol,
  FeedVersion,
} from "./wire";
