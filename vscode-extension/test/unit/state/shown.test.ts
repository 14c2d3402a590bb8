import { expect, test } from "vitest";
import type { ToPane } from "../../../src/shared/pane";
import { actions, board, waiting } from "../../../src/state/board";
import { flow } from "../../../src/state/flow";
import { NOTHING, type PaneState, reduce } from "../../../src/state/pane";
import { preview } from "../../../src/state/preview";
import { type RunShown, shown } from "../../../src/state/run";
import { atEnd, windowOf } from "../../../src/state/window";
import { duration, tokens } from "../../../src/state/words";
import { entries, snapshots } from "./recorded";

const last = snapshots.at(-1)!;
const at = (kind: string): RunShown =>
  shown({ ...snapshots[entries.findIndex((each) => each.event.kind === kind)]!, live: true });

function told(...messages: ToPane[]): PaneState {
  const runs: ToPane = { kind: "runs", runs: [], current: last.runId };
  return [runs, ...messages].reduce((state, each) => reduce(state, each, 100), NOTHING);
}

const snapshot = (k: number): ToPane => ({ kind: "snapshot", snapshot: snapshots[k]!, settings: null });
const event = (k: number): ToPane => ({ kind: "event", runId: last.runId, entry: entries[k]! });

test("a snapshot and the entries after it", () => {
  expect(told(snapshot(5), event(6), event(7)).run?.seq).toBe(8);
});

test("a gap asks for a snapshot, which makes it whole again", () => {
  expect(told(snapshot(5), event(8)).whole).toBe(false);
  expect(told(snapshot(5), event(8), snapshot(9))).toMatchObject({ whole: true, run: { seq: 10 } });
});

test("an old snapshot, and whatever is about another run, changes nothing", () => {
  const state = told(snapshot(9));
  expect(reduce(state, snapshot(5), 1)).toBe(state);
  expect(reduce(state, { kind: "event", runId: "another-run", entry: entries[10]! }, 1)).toBe(state);
});

test("a heartbeat is remembered by both clocks", () => {
  const beat = { runId: last.runId, time: 50, workers: [], seq: 6 };
  expect(told(snapshot(5), { kind: "heartbeat", beat }).beat).toEqual({ sent: 50, heard: 100 });
});

test("the graph lights the way back while there is rework, and takes verdicts back", () => {
  const graph = flow(at("rework_started"));
  expect(graph.loop).toBe("active");
  expect(graph.nodes.map((each) => each.state)).toEqual([
    "done",
    "done",
    "done",
    "pending",
    "pending",
    "pending",
  ]);
  expect(flow(shown(last))).toMatchObject({ loop: "taken", edges: [true, true, true, true, true] });
});

test("a proposed patch waits for its approval, first of all", () => {
  const run = at("patch_proposed");
  const first = board(run).get("needs you")![0]!;
  expect(first.kind).toBe("review");
  expect(actions(run, first).slice(0, 2)).toEqual(["approve", "requestChanges"]);
  expect(waiting(run)).toBe(1);
});

test("a failed task can be tried again, one at work can be steered", () => {
  const run = at("turn_started");
  const task = run.tasks.find((each) => each.state === "in_progress")!;
  expect(actions(run, task)).toContain("steer");
  const failed = { ...task, state: "error" as const };
  expect(actions({ ...run, tasks: [failed] }, failed)[0]).toBe("retry");
});

test("what will happen is said before it does", () => {
  const next = {
    maxAgents: 4,
    testCommands: ["make test"],
    budget: { runTokens: 400_000, warnAt: 0 },
    approvals: { consensus: 1, patch: 1 },
  };
  const words = preview("bug_hunt", 3, last.roles, next).map((each) => each.text);
  expect(words[0]).toMatch(/^3 hunters, 1 consensus builder/);
  expect(words.slice(2)).toEqual([
    "Tests: make test",
    "Asks you after 400 k tokens.",
    "Needs 1 approval of the consensus, 1 approval of the patch; nothing is written before you apply it.",
  ]);
});

test("of 100 000 lines only those in sight are drawn", () => {
  const list = { height: 234, row: 18, rows: 100_000 };
  const { from, to } = windowOf({ ...list, top: 900_000 });
  expect([from, to - from < 50]).toEqual([49_985, true]);
  expect(windowOf({ ...list, rows: 0, top: 0 })).toEqual({ from: 0, to: 0 });
  expect(atEnd({ ...list, top: 1_800_000 - 234 })).toBe(true);
  expect(atEnd({ ...list, top: 0 })).toBe(false);
});

test("times and tokens in a few letters", () => {
  expect([4, 65, 700, 7_200, 7_500, 200_000].map(duration)).toEqual([
    "4 s",
    "1 min 5 s",
    "11 min",
    "2 h",
    "2 h 5 min",
    "2 d",
  ]);
  expect([950, 1_234, 38_400, 1_250_000].map(tokens)).toEqual(["950", "1.2 k", "38 k", "1.3 M"]);
});
