/** The graph of the six roles: where the work is, and which way it took. */

import type { Role, Task } from "../shared/protocol";
import type { RunShown } from "./run";
import { ROLES, ROLE_OF } from "./words";

/** How a role looks in the graph. */
export type NodeState = "pending" | "active" | "done" | "error";

/** A role in the graph. */
export interface FlowNode {
  readonly role: Role;
  readonly state: NodeState;
  /** Tasks that are done, of all. */
  readonly done: number;
  readonly all: number;
  /** Workers at work on it. */
  readonly working: number;
}

/** The way back from the reviewer: not taken, taken before, or work is on it now. */
export type LoopState = "unused" | "taken" | "active";

/** The graph of a run. */
export interface Flow {
  readonly nodes: readonly FlowNode[];
  /** Whether the edge that leads to each role (but the first) was taken. */
  readonly edges: readonly boolean[];
  readonly loop: LoopState;
}

const DONE = new Set<Task["state"]>(["done", "integrated", "awaiting_review"]);
const TROUBLE = new Set<Task["state"]>(["error", "blocked", "stopped"]);

/** The graph of the current patch of a run. */
export function flow(run: RunShown): Flow {
  const tasks = run.tasks.filter((each) => each.patch === run.patch && each.state !== "superseded");
  const nodes = ROLES.map((role) => {
    const own = tasks.filter((each) => ROLE_OF[each.kind] === role);
    return node(
      role,
      own.map((each) => current(each, tasks)),
    );
  });
  const edges = nodes.slice(1).map((each) => each.state !== "pending" || each.done > 0);
  return { nodes, edges, loop: loop(run, tasks) };
}

/** A verdict on a tree that is being reworked is none: it has to be given again. */
function current(task: Task, tasks: readonly Task[]): Task {
  const judges = task.kind === "test" || task.kind === "review";
  const moves = tasks.some((each) => each.kind === "implement" && !DONE.has(each.state));
  return judges && moves && task.state === "done" ? { ...task, state: "ready" } : task;
}

function node(role: Role, tasks: readonly Task[]): FlowNode {
  const done = tasks.filter((each) => DONE.has(each.state)).length;
  const working = tasks.filter((each) => each.state === "in_progress").length;
  return { role, state: state(tasks, done, working), done, all: tasks.length, working };
}

function state(tasks: readonly Task[], done: number, working: number): NodeState {
  if (tasks.some((each) => TROUBLE.has(each.state))) return "error";
  if (working > 0) return "active";
  return tasks.length > 0 && done === tasks.length ? "done" : "pending";
}

function loop(run: RunShown, tasks: readonly Task[]): LoopState {
  const reworked = tasks.filter((each) => each.kind === "implement" && each.reworks > 0);
  if (reworked.some((each) => !DONE.has(each.state))) return "active";
  return run.round > 0 || reworked.length > 0 ? "taken" : "unused";
}
