import { expect, test } from "vitest";
import type { Entry, RunEvent, Snapshot } from "../../../src/shared/protocol";
import { type RunShown, reduceRun, shown } from "../../../src/state/run";
import { entries, snapshots } from "./recorded";

const last = snapshots.at(-1)!;
const settings = entries[0]!.event.kind === "run_created" ? entries[0]!.event.run.settings : null;

function begun(snapshot: Snapshot): RunShown {
  return { ...shown(snapshot), settings };
}

/** What a snapshot has; `live`, `workers` and `claims` are not told by entries. */
function fields(run: RunShown): Partial<RunShown> {
  const own = new Set(["settings", "moved", "marks", "comments"]);
  return Object.fromEntries(Object.entries(run).filter(([name]) => !own.has(name)));
}

test("any snapshot with the entries after it is the last snapshot", () => {
  snapshots.forEach((snapshot, k) => {
    const run = entries.slice(k + 1).reduce(reduceRun, begun(snapshot));
    expect(fields(run), `from entry ${k + 1} on`).toEqual(last);
  });
});

test("after every entry it is what the server says", () => {
  let run = begun(snapshots[0]!);
  entries.slice(1).forEach((entry, k) => {
    run = reduceRun(run, entry);
    expect(fields(run), `after entry ${entry.seq}`).toEqual(snapshots[k + 1]);
  });
});

test("entries that are known already change nothing", () => {
  const run = begun(last);
  expect(entries.reduce(reduceRun, run)).toBe(run);
});

test("nothing that was given is changed in place", () => {
  const run = begun(snapshots[10]!);
  const before = structuredClone(run);
  entries.slice(11).reduce(reduceRun, run);
  expect(run).toEqual(before);
});

function after(event: RunEvent, run: RunShown = begun(snapshots[20]!)): RunShown {
  const entry: Entry = { seq: run.seq + 1, time: 5, actor: "Ada", event };
  return reduceRun(run, entry);
}

test("a moved base is shown and noted", () => {
  const run = after({ kind: "base_moved", head: null, branch: "main", reason: "You committed." });
  expect(run.moved).toBe("You committed.");
  expect(run.notes.at(-1)).toBe("You committed.");
});

test("a follow-up begins the next patch", () => {
  const told = { text: "Also in French", by: "Ada", patch: 2, base: last.base, tree: "t", commit: "c" };
  const run = after({ kind: "follow_up_requested", ...told }, begun(last));
  expect([run.patch, run.round, run.wishes["2"]]).toEqual([2, 0, "Also in French"]);
});

test("a gate lets the consensus wait for as many as it needs", () => {
  const gate = settings && { ...settings, approvals: { consensus: 2, patch: 1 } };
  const at = snapshots.findIndex((each) =>
    each.tasks.some((t) => t.id === "consensus-1" && t.state === "done"),
  );
  let run = reduceRun({ ...shown(snapshots[at - 1]!), settings: gate }, entries[at]!);
  const state = (): string | undefined => run.tasks.find((each) => each.id === "consensus-1")?.state;
  expect(state()).toBe("awaiting_review");
  for (const by of ["Ada", "Ada", "Bob"]) {
    expect(state()).toBe("awaiting_review");
    const approval = { by, at: 1, seen: "x", subject: "consensus" as const };
    run = after({ kind: "task_approved", taskId: "consensus-1", approval }, run);
  }
  expect(state()).toBe("done");
});

test("marks and remarks are remembered over snapshots of the same run", () => {
  let run = after({
    kind: "hunks_marked",
    patchId: "patch-1",
    hunks: ["a", "b"],
    mark: "rejected",
    comment: "",
  });
  const comment = { by: "Ada", at: 1, text: "Mind the gap" };
  run = after({ kind: "commented", taskId: run.tasks[0]!.id, comment }, run);
  const again = shown(last, run);
  expect(again.marks["patch-1"]?.["b"]?.by).toBe("Ada");
  expect(again.comments[run.tasks[0]!.id]).toEqual([comment]);
  expect(shown({ ...last, runId: "another-run" }, run).marks).toEqual({});
});

test("questions of the pipeline end with the run, others stay", () => {
  const question = {
    text: "?",
    choices: [],
    default: "",
    deadline: 9,
    taskId: null,
    detail: "",
    findings: [],
  };
  const ask = (id: string, kind: "trust" | "blocked", run: RunShown): RunShown =>
    after({ kind: "question_asked", question: { ...question, id, kind, askedAt: 0 } }, run);
  const run = ask("task-x-1", "blocked", ask("trust-1", "trust", begun(snapshots[20]!)));
  const ended = after({ kind: "run_state_changed", state: "stopped", reason: "" }, run);
  expect(ended.questions.map((each) => each.id)).toEqual(["trust-1"]);
});
