/** The task board: what needs the person first, and what can be done with each task. */

import type { Task } from "../shared/protocol";
import type { RunShown } from "./run";

/** Groups of the board, in their order. */
export const GROUPS = ["needs you", "at work", "ready", "done"] as const;

/** A group of the board. */
export type Group = (typeof GROUPS)[number];

/** What a button of a task does. */
export type Action =
  "approve" | "requestChanges" | "retry" | "steer" | "interrupt" | "comment" | "talk" | "open";

const STUCK = new Set<Task["state"]>(["error", "blocked", "stopped"]);

/** Whether a reviewer's verdict waits for the person's word. */
export function waitsForApproval(run: RunShown, task: Task): boolean {
  if (task.state === "awaiting_review") return true;
  if (task.kind !== "review" || task.state !== "done" || task.patch !== run.patch) return false;
  const patch = run.patches.find((each) => each.number === task.patch);
  if (patch?.state !== "proposed") return false;
  const given = (run.approvals[task.id] ?? []).filter((each) => each.seen === patch.tree);
  return given.length < (run.settings?.approvals.patch ?? 1);
}

/** The group that a task is in. */
export function groupOf(run: RunShown, task: Task): Group {
  if (task.state === "in_progress") return "at work";
  if (STUCK.has(task.state) || waitsForApproval(run, task)) return "needs you";
  const asked = run.questions.some((each) => each.taskId === task.id);
  if (asked) return "needs you";
  return task.state === "ready" ? "ready" : "done";
}

/** All tasks by group; what is at work or done lately comes first in its group. */
export function board(run: RunShown): ReadonlyMap<Group, readonly Task[]> {
  const groups = new Map<Group, Task[]>(GROUPS.map((each) => [each, []]));
  for (const task of run.tasks) groups.get(groupOf(run, task))?.push(task);
  groups.get("at work")?.sort((a, b) => a.claimedAt - b.claimedAt);
  groups.get("done")?.sort((a, b) => b.endedAt - a.endedAt);
  return groups;
}

/** What can be done with a task now, the most likely first. */
export function actions(run: RunShown, task: Task): readonly Action[] {
  const asks = task.state === "superseded" ? [] : (["comment"] as const);
  return [...decisions(run, task), ...asks, "talk", "open"];
}

function decisions(run: RunShown, task: Task): readonly Action[] {
  if (waitsForApproval(run, task)) return ["approve", "requestChanges"];
  if (STUCK.has(task.state)) return ["retry"];
  if (task.state === "in_progress") return run.live ? ["steer", "interrupt"] : [];
  const over = task.state === "done" || task.state === "integrated";
  return over && (task.kind === "review" || task.kind === "implement") ? ["requestChanges"] : [];
}

/** How many things wait for the person. */
export function waiting(run: RunShown): number {
  const asked = new Set(run.questions.map((each) => each.taskId));
  const tasks = run.tasks.filter((each) => groupOf(run, each) === "needs you" && !asked.has(each.id));
  return run.questions.length + tasks.filter((each) => waitsForApproval(run, each)).length;
}
