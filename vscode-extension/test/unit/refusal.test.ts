import { expect, test } from "vitest";
import { checked } from "../../src/shared/checks";
import { Refused, refused } from "../../src/shared/refusal";
import { refusal } from "./fakes/verbs";

test("a refusal of the server keeps its kind and facts", () => {
  const found = refused(refusal("apply", "No.", { merge: true }));
  expect([found.kind, found.message, found.facts]).toEqual(["apply", "No.", { merge: true }]);
  expect(refused(found)).toBe(found);
});

test("a request that a dead server did not answer is refused by name", () => {
  expect(refused(Object.assign(new Error("disposed"), { code: -32097 })).kind).toBe("lost");
});

test.each([undefined, null, 3, "x", [], { data: 3 }, new Error("odd")])(
  "anything else is unknown: %j",
  (value) => {
    expect(refused(value).kind).toBe("unknown");
  },
);

test("steps that only a terminal can take are not told in the editor", () => {
  expect(new Refused("apply", "It is a draft.", "Apply it with --draft.").words).toBe("It is a draft.");
  expect(new Refused("apply", "Gone.", "Read it: `sextet patch show`.").words).toBe("Gone.");
  expect(new Refused("apply", "Full.", "Free some space.").words).toBe("Full. Free some space.");
});

test("a notification of another shape is not taken", () => {
  const entry = { seq: 1, time: 0, actor: "sextet", event: { kind: "noted" } };
  expect(checked("event", { runId: "r", seq: 1, event: entry })).toBeDefined();
  expect(checked("event", { runId: "r", seq: 2, event: entry })).toBeUndefined();
  expect(checked("event", { runId: "r", seq: 1, event: { seq: 1 } })).toBeUndefined();
  expect(checked("event", { seq: 1, event: entry })).toBeUndefined();
  expect(checked("resync", { runId: "r", seq: -1 })).toBeUndefined();
  expect(checked("log", { runId: "r", batches: [{ workerId: "w", lines: [] }] })).toBeDefined();
  expect(checked("log", { runId: "r", batches: [{}] })).toBeUndefined();
  expect(checked("heartbeat", "x")).toBeUndefined();
});
