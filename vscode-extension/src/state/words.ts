/** Names, numbers and times as people read them. */

import type {
  Kind,
  Mark,
  QuestionKind,
  Role,
  RunState,
  TaskState,
  Usage,
  WorkerState,
} from "../shared/protocol";

/** The roles in the order of the pipeline. */
export const ROLES = [
  "analyst",
  "consensus",
  "splitter",
  "implementer",
  "tester",
  "reviewer",
] as const satisfies readonly Role[];

/** Who does a task of a kind. */
export const ROLE_OF: Readonly<Record<Kind, Role>> = {
  analysis: "analyst",
  consensus: "consensus",
  split: "splitter",
  implement: "implementer",
  test: "tester",
  review: "reviewer",
};

/** Roles as they are called. */
export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  analyst: "Analyst",
  consensus: "Consensus",
  splitter: "Splitter",
  implementer: "Implementer",
  tester: "Tester",
  reviewer: "Reviewer",
};

/** States of a run as they are called. */
export const RUN_STATES: Readonly<Record<RunState, string>> = {
  queued: "Queued",
  bootstrapping: "Preparing",
  running: "Running",
  waiting_for_human: "Waits for you",
  interrupted: "Interrupted",
  completed: "Completed",
  stopped: "Stopped",
  failed: "Failed",
};

/** States of a task as they are called. */
export const TASK_STATES: Readonly<Record<TaskState, string>> = {
  ready: "Ready",
  in_progress: "At work",
  awaiting_review: "Needs approval",
  done: "Done",
  integrated: "Merged",
  blocked: "Blocked",
  error: "Failed",
  stopped: "Stopped",
  superseded: "Left out",
};

/** States of a worker as they are called. */
export const WORKER_STATES: Readonly<Record<WorkerState, string>> = {
  idle: "Idle",
  claiming: "Claiming",
  working: "Working",
  waiting: "Waiting",
  stopping: "Stopping",
  stopped: "Stopped",
  error: "Failed",
};

/** Kinds of questions as they are called. */
export const QUESTION_KINDS: Readonly<Record<QuestionKind, string>> = {
  approval: "Approval",
  agent: "An agent asks",
  trust: "Trust",
  conflict: "Conflict",
  setup: "Set-up",
  login: "Login",
  rework: "Rework",
  budget: "Budget",
  blocked: "Blocked",
};

/** Marks as they are called. */
export const MARKS: Readonly<Record<Mark, string>> = {
  unseen: "Not marked",
  reviewed: "Reviewed",
  accepted: "Accepted",
  rejected: "Rejected",
};

/** `1.2 M`, `38 k`, `950`. */
export function tokens(number: number): string {
  if (number >= 1_000_000) return `${(number / 1_000_000).toFixed(1)} M`;
  if (number >= 10_000) return `${Math.round(number / 1_000)} k`;
  return number >= 1_000 ? `${(number / 1_000).toFixed(1)} k` : `${number}`;
}

/** All tokens that were read and written. */
export function total(usage: Usage): number {
  return usage.input + usage.output;
}

/** `4 s`, `12 min`, `3 h 5 min`, `2 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`;
  const hours = Math.floor(whole / 3_600);
  const minutes = Math.floor((whole % 3_600) / 60);
  if (hours < 48) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** `1 worker`, `2 workers`. */
export function many(number: number, what: string, plural = `${what}s`): string {
  return `${number} ${number === 1 ? what : plural}`;
}

/** A model as it is called; no name is Codex's own default. */
export function modelName(name: string): string {
  return name === "" ? "Codex's default model" : name;
}
