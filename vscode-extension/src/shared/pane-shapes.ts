/** The shapes of all messages between host and pane; what does not fit is not heard. */

import { type FromPane, PANE_COMMANDS, PANE_VERBS, type PaneVerb, TABS, type ToPane } from "./pane";
import { type Shape, count, exactly, flag, having, list, map, number, one, orNull, text } from "./shape";

const id = text(200);
const words = text(200_000);
const any: Shape = () => true;
const role = one("analyst", "consensus", "splitter", "implementer", "tester", "reviewer");
const mark = one("unseen", "reviewed", "accepted", "rejected");

const roleSettings = exactly(
  {},
  {
    workers: count,
    models: list(text(100), 20),
    spread: flag,
    effort: one("", "minimal", "low", "medium", "high", "xhigh"),
    timeoutMinutes: number,
    sandbox: one("read-only", "workspace-write", "off"),
    network: flag,
    approvals: one("never", "onRequest"),
    instructions: text(100_000),
  },
);
const roles: Shape = (value) => map(roleSettings)(value) && Object.keys(value as object).every(role);

const ofTask = { runId: id, taskId: id };
const said = exactly({ ...ofTask, text: words });
const workers = exactly(
  { runId: id },
  { roles: list(role, 6), workerIds: list(id, 200), how: one("drain", "now") },
);
const start = exactly(
  { goal: words },
  {
    mode: one("implement_feature", "bug_hunt"),
    guidance: words,
    hunters: count,
    executor: one("codex", "rehearsal"),
    overrides: map(any),
    requestKey: id,
  },
);

const PARAMS: Readonly<Record<PaneVerb, Shape>> = {
  "artifact/read": exactly(ofTask, { epoch: orNull(count), name: text(500), offset: count, limit: count }),
  "log/read": exactly({ runId: id, workerId: id }, { fromSeq: number, limit: count }),
  "models/list": exactly({}),
  "patch/apply": exactly({ runId: id, patchId: id }, { seen: id, hunks: list(id, 10_000), draft: flag }),
  "patch/get": exactly({ runId: id, patchId: id }),
  "patch/mark": exactly({ runId: id, patchId: id, hunks: list(id, 10_000), as: mark }, { comment: words }),
  "patch/revert": exactly({ runId: id, patchId: id }, { applyId: orNull(id) }),
  "question/answer": exactly({ runId: id, questionId: id, answer: words }),
  "roles/get": exactly({}, { runId: orNull(id) }),
  "roles/set": exactly({ runId: id, roles }),
  "run/followUp": exactly({ runId: id, text: words }),
  "run/list": exactly({}),
  "run/resume": exactly({ runId: id }),
  "run/start": start,
  "run/stop": exactly({ runId: id }, { reason: words }),
  "task/approve": exactly(ofTask, { seen: id }),
  "task/comment": said,
  "task/interrupt": exactly(ofTask, { text: words }),
  "task/requestChanges": said,
  "task/retry": exactly(ofTask),
  "task/steer": said,
  "workers/start": workers,
  "workers/stop": workers,
};

const FROM: Readonly<Record<FromPane["kind"], Shape>> = {
  ready: exactly({ kind: any, runId: orNull(id) }),
  choose: exactly({ kind: any, runId: orNull(id) }),
  request: (value) =>
    exactly({ kind: any, id: count, verb: one(...PANE_VERBS), params: any })(value) &&
    PARAMS[(value as { verb: PaneVerb }).verb]((value as { params: unknown }).params),
  command: exactly({
    kind: any,
    id: count,
    command: one(...PANE_COMMANDS),
    args: exactly({}, { roles, runId: id, patchId: id, taskId: id, path: text(4096), line: count }),
  }),
};

const usage = having({ input: number, output: number });
const task = having({ id, kind: text(20), title: words, state: text(20), patch: count, usage, epoch: count });
const question = having({
  id,
  kind: text(20),
  text: words,
  choices: list(having({ value: words, label: words })),
});
const worker = having({ id, role, state: text(20), lastActivity: number, activity: words });
const snapshot = having({
  runId: id,
  seq: count,
  state: text(20),
  briefing: having({ goal: words, mode: text(20) }),
  tasks: list(task),
  questions: list(question),
  patches: list(having({ id, state: text(20), tree: id })),
  roles: map(having({ workers: count, models: list(text(100)) })),
  workers: list(worker),
  usage,
});
const entry = having({ seq: count, time: number, actor: words, event: having({ kind: text(40) }) });
const batch = having({ workerId: id, firstSeq: count, lines: list(text()), dropped: count });
const line = having({ id, goal: words, createdAt: number, live: flag, ours: flag });
const next = having({
  maxAgents: count,
  testCommands: list(words),
  budget: having({ runTokens: number, warnAt: number }),
  approvals: having({ consensus: count, patch: count }),
});

const TO: Readonly<Record<ToPane["kind"], Shape>> = {
  connection: having({
    state: one("stopped", "starting", "running", "waiting", "failed", "untrusted"),
    words,
  }),
  settings: having({ next }),
  runs: having({ runs: list(line), current: orNull(id) }),
  snapshot: having({ snapshot, settings: orNull(having({ budget: any, approvals: any })) }),
  event: having({ runId: id, entry }),
  log: having({ told: having({ runId: id, batches: list(batch) }) }),
  heartbeat: having({ beat: having({ runId: id, time: number, workers: list(worker) }) }),
  resync: having({ runId: id }),
  show: having({ tab: one(...TABS) }),
  answer: having({ id: count }),
  refusal: having({ id: count, words, step: words }),
};

/** A message of the pane, when it is one. */
export function fromPane(value: unknown): FromPane | undefined {
  return fits(FROM, value) ? (value as FromPane) : undefined;
}

/** A message of the host, when it is one. */
export function toPane(value: unknown): ToPane | undefined {
  return fits(TO, value) ? (value as ToPane) : undefined;
}

function fits(shapes: Readonly<Record<string, Shape>>, value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  const { kind } = value;
  return typeof kind === "string" && Object.hasOwn(shapes, kind) && shapes[kind]?.(value) === true;
}
