/** Snapshots with only what a test is about. */

import type { Patch, PatchHunk, Question, Snapshot, Task } from "../../../src/shared/protocol";

/** A run. */
export function run(more: Partial<Snapshot> = {}): Snapshot {
  const empty = {
    runId: "20261125-160000-abcd",
    seq: 1,
    time: 0,
    live: true,
    state: "running",
    reason: "",
    executor: "rehearsal",
    briefing: { goal: "Count words", mode: "implement_feature", guidance: "", hunters: 2 },
    createdAt: 1,
    patch: 1,
    round: 0,
    tasks: [],
    questions: [],
    patches: [],
    workers: [],
    notes: [],
    ledger: null,
    approvals: {},
    wishes: {},
    roles: {},
    claims: null,
    folder: "",
  };
  return { ...empty, ...more } as unknown as Snapshot;
}

/** A task. */
export function task(more: Partial<Task> = {}): Task {
  const empty = {
    id: "implement-1-1",
    kind: "implement",
    title: "Do it",
    patch: 1,
    state: "ready",
    findings: [],
  };
  return { ...empty, ...more } as unknown as Task;
}

/** A patch. */
export function patch(more: Partial<Patch> = {}): Patch {
  const empty = {
    id: "patch-1",
    number: 1,
    base: "b",
    tree: "t",
    state: "proposed",
    applied: [],
    reverted: [],
  };
  return { ...empty, ...more } as unknown as Patch;
}

/** A hunk. */
export function hunk(more: Partial<PatchHunk> = {}): PatchHunk {
  const empty = {
    id: "h1",
    path: "a.txt",
    oldStart: 1,
    oldLines: 3,
    newStart: 1,
    newLines: 4,
    control: false,
  };
  const story = { tasks: [], workers: [], models: [], requirements: [], mark: null, applied: null };
  return { ...empty, ...story, ...more };
}

/** A question. */
export function question(more: Partial<Question> = {}): Question {
  const empty: Question = {
    id: "question-1",
    kind: "agent",
    text: "Which one?",
    choices: [],
    default: "",
    deadline: 0,
    taskId: null,
    detail: "",
    findings: [],
    askedAt: 0,
  };
  return { ...empty, ...more };
}
