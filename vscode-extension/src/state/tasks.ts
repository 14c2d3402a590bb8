/** What each event changes in a task. */

import type { Entry, Outcome, RunEvent, Task, TaskFinished, TaskState, Usage } from "../shared/protocol";
import { integratedInto, testedIn } from "./patches";
import type { RunShown } from "./run";

type Of<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;
type Change<K extends RunEvent["kind"]> = (run: RunShown, task: Task, event: Of<K>, entry: Entry) => RunShown;

/** The run with a task changed; a consensus that is done becomes the ledger. */
export function moved(run: RunShown, task: Task, changes: Partial<Task>): RunShown {
  const now = { ...task, ...changes };
  const tasks = run.tasks.map((each) => (each.id === task.id ? now : each));
  const settled = now.state === "done" && now.outcome?.kind === "consensus" ? now.outcome.ledger : undefined;
  return { ...run, tasks, ...(settled ? { ledger: settled } : {}) };
}

/** The run after an event about tasks; undefined when it is about something else. */
export function changeTasks(run: RunShown, event: RunEvent, entry: Entry): RunShown | undefined {
  if (event.kind === "task_added") return added(run, [event.task], entry);
  if (event.kind === "rework_started") return rework(run, event, entry);
  const how = CHANGES[event.kind as keyof typeof CHANGES] as Change<RunEvent["kind"]> | undefined;
  if (!how || !("taskId" in event)) return undefined;
  const task = run.tasks.find((each) => each.id === event.taskId);
  return task ? how(run, task, event, entry) : run;
}

function added(run: RunShown, tasks: readonly Task[], entry: Entry): RunShown {
  return { ...run, tasks: [...run.tasks, ...tasks.map((each) => ({ ...each, addedAt: entry.time }))] };
}

const claimed: Change<"task_claimed"> = (run, task, event, entry) =>
  moved(run, task, {
    state: "in_progress",
    epoch: event.epoch,
    owner: event.workerId,
    worker: event.workerId,
    claimedAt: entry.time,
    notBefore: 0,
    failure: null,
  });

const turn: Change<"turn_started"> = (run, task, event) =>
  moved(run, task, {
    model: event.model,
    thread: event.thread,
    ...(event.start === null || event.start === "" ? {} : { start: event.start }),
  });

const finished: Change<"task_finished"> = (run, task, event, entry) => {
  const state = finishing(run, event.outcome);
  const stuck = state === "blocked" && event.outcome.kind === "implement" ? event.outcome : undefined;
  const next = moved(...spent(run, task, event), {
    state,
    owner: null,
    outcome: event.outcome,
    endedAt: entry.time,
    salvage: stuck?.change?.tree ?? null,
    ...(stuck ? { failure: blocked(stuck.summary) } : {}),
  });
  return event.outcome.kind === "test" ? testedIn(next, task.patch, event.outcome) : next;
};

function blocked(summary: string): Task["failure"] {
  const silent = "The agent says that it cannot go on, and gives no reason.";
  return { kind: "blocked", cause: summary === "" ? silent : summary, nextStep: "" };
}

function finishing(run: RunShown, outcome: Outcome): TaskState {
  if (outcome.kind === "consensus" && (run.settings?.approvals.consensus ?? 0) > 0) return "awaiting_review";
  return outcome.kind === "implement" && outcome.blocked ? "blocked" : "done";
}

const failed: Change<"task_failed"> = (run, task, event, entry) =>
  moved(...spent(run, task, event), {
    state: event.failure.kind === "blocked" ? "blocked" : "error",
    owner: null,
    failure: event.failure,
    salvage: event.salvage ?? task.salvage,
    endedAt: entry.time,
  });

const released: Change<"task_released"> = (run, task, event) =>
  moved(...spent(run, task, event), {
    state: "ready",
    owner: null,
    salvage: event.salvage ?? task.salvage,
    notBefore: event.notBefore,
  });

const integrated: Change<"task_integrated"> = (run, task, event) => {
  const next = integratedInto(moved(run, task, { state: "integrated", findings: [] }), task, event);
  const judges = [`test-${task.patch}`, `review-${task.patch}`];
  const idle = (each: Task): boolean =>
    judges.includes(each.id) && each.state !== "in_progress" && each.state !== "done";
  return { ...next, tasks: next.tasks.map((each) => (idle(each) ? { ...each, start: event.tree } : each)) };
};

const reopened: Change<"task_reopened"> = (run, task, event) =>
  moved(run, task, {
    state: "ready",
    findings: [...task.findings, ...event.findings],
    thread: "",
    ...(event.start === null || event.start === "" ? {} : { start: event.start }),
  });

const retried: Change<"task_retried"> = (run, task) => moved(run, task, { state: "ready", notBefore: 0 });
const stopped: Change<"task_stopped"> = (run, task, _, entry) =>
  moved(run, task, { state: "stopped", owner: null, endedAt: entry.time });
const superseded: Change<"task_superseded"> = (run, task, _, entry) =>
  moved(run, task, { state: "superseded", owner: null, endedAt: entry.time });
const commented: Change<"commented"> = (run, task, { comment }) => ({
  ...run,
  comments: { ...run.comments, [task.id]: [...(run.comments[task.id] ?? []), comment] },
});
const requested: Change<"changes_requested"> = (run, task, event, entry) => {
  const next = commented(run, task, { ...event, kind: "commented" }, entry);
  return task.kind === "consensus" ? moved(next, task, { state: "ready" }) : next;
};

const CHANGES = {
  task_claimed: claimed,
  turn_started: turn,
  task_finished: finished,
  task_failed: failed,
  task_released: released,
  task_integrated: integrated,
  task_reopened: reopened,
  task_retried: retried,
  task_stopped: stopped,
  task_superseded: superseded,
  commented,
  changes_requested: requested,
};

function rework(run: RunShown, event: Of<"rework_started">, entry: Entry): RunShown {
  const again = new Map(event.tasks.map((each) => [each.taskId, each.findings]));
  const tasks = run.tasks.map((task): Task => {
    const findings = again.get(task.id);
    return findings ? { ...task, state: "ready", findings, reworks: task.reworks + 1, thread: "" } : task;
  });
  const patches = run.patches.map((each) =>
    each.number === event.patch ? { ...each, state: "draft" as const } : each,
  );
  const round = event.patch === run.patch ? event.round : run.round;
  return added({ ...run, tasks, patches, round }, event.added, entry);
}

type Spending = Pick<TaskFinished, "usage" | "seconds">;

function spent(run: RunShown, task: Task, { usage, seconds }: Spending): [RunShown, Task] {
  const cost = { usage: plus(task.usage, usage), seconds: task.seconds + seconds };
  return [
    { ...run, usage: plus(run.usage, usage) },
    { ...task, ...cost },
  ];
}

function plus(one: Usage, other: Usage): Usage {
  return {
    input: one.input + other.input,
    cached: one.cached + other.cached,
    output: one.output + other.output,
    reasoning: one.reasoning + other.reasoning,
  };
}
