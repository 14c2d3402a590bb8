/** Commands about single tasks: what a person says to them, and what there is to read. */

import { latestPatch, waits } from "../runs";
import type { Verb } from "../shared/methods";
import type { Snapshot, Task, TaskState } from "../shared/protocol";
import type { Choice } from "../window";
import { type Desk, type Given, text } from "./desk";

const TROUBLED: ReadonlySet<TaskState> = new Set(["error", "blocked", "stopped"]);
const JUDGED: ReadonlySet<TaskState> = new Set(["done", "integrated", "awaiting_review"]);

type Fits = (task: Task, run: Snapshot) => boolean;

/** Tasks that can be approved: a consensus that waits, and the review of a patch that waits. */
export const approvable: Fits = (task, run) =>
  task.state === "awaiting_review" ||
  (task.kind === "review" && waits(latestPatch(run)) && task.patch === latestPatch(run)?.number);

/** Tasks whose result can be turned down. */
export const disputable: Fits = (task) =>
  JUDGED.has(task.state) && ["consensus", "implement", "review"].includes(task.kind);

/** Tasks that ended badly. */
export const retryable: Fits = (task) => TROUBLED.has(task.state);

/** Tasks whose agent is at work. */
export const atWork: Fits = (task) => task.state === "in_progress";

/** Approve a consensus or a patch, exactly as it was shown. */
export async function approve(desk: Desk, given?: Given): Promise<void> {
  const found = await choose(
    desk,
    given,
    approvable,
    "Sextet: approve what?",
    "Nothing waits for an approval.",
  );
  if (!found) return;
  const { run, task } = found;
  const seen = task.kind === "review" ? latestPatch(run)?.tree : undefined;
  if (seen === undefined && !(await agreed(desk, run, task))) return;
  await desk.do("task/approve", {
    runId: run.runId,
    taskId: task.id,
    ...(seen === undefined ? {} : { seen }),
  });
}

async function agreed(desk: Desk, run: Snapshot, task: Task): Promise<boolean> {
  const approve = "Approve";
  const needs = run.ledger?.requirements.map((each) => `${each.id}  ${each.title}`) ?? [];
  const dissent = run.ledger?.dissent.length ?? 0;
  const detail = [...needs, dissent > 0 ? `${dissent} points of dissent are kept with it.` : ""].join("\n");
  const pressed = await desk.window.decide(`Approve ${task.id}?`, detail.trim(), [approve, "Read It First"]);
  if (pressed === "Read It First") await openConversation(desk, { runId: run.runId, taskId: task.id });
  return pressed === approve;
}

/** Say that a result will not do. */
export function requestChanges(desk: Desk, given?: Given): Promise<void> {
  return say(desk, given, disputable, ["task/requestChanges", "request changes of", "What has to change?"]);
}

/** Leave a remark for the next attempt. */
export function comment(desk: Desk, given?: Given): Promise<void> {
  return say(desk, given, () => true, [
    "task/comment",
    "comment on",
    "The agent reads it at its next attempt.",
  ]);
}

/** Say something in the middle of a turn. */
export function steer(desk: Desk, given?: Given): Promise<void> {
  return say(desk, given, atWork, ["task/steer", "steer", "The agent hears it in the middle of its turn."]);
}

/** Stop the attempt that is at work on a task. */
export async function interrupt(desk: Desk, given?: Given): Promise<void> {
  const found = await choose(desk, given, atWork, "Sextet: interrupt which task?", "No agent is at work.");
  if (found) await desk.do("task/interrupt", { runId: found.run.runId, taskId: found.task.id });
}

/** Ask for another attempt. */
export async function retry(desk: Desk, given?: Given): Promise<void> {
  const none = "No task has failed, is blocked or was stopped.";
  const found = await choose(desk, given, retryable, "Sextet: retry which task?", none);
  if (found) await desk.do("task/retry", { runId: found.run.runId, taskId: found.task.id });
}

/** Read what is known of a task, with its conversation. */
export async function openConversation(desk: Desk, given?: Given): Promise<void> {
  const found = await choose(desk, given, () => true, "Sextet: open which task?", "There are no tasks yet.");
  const page = found && (await desk.do("task/open", { runId: found.run.runId, taskId: found.task.id }));
  if (page) await desk.editor.open(page.uri);
}

type Saying = readonly [
  verb: Extract<Verb, "task/comment" | "task/requestChanges" | "task/steer">,
  what: string,
  prompt: string,
];

async function say(desk: Desk, given: Given, fits: Fits, [verb, what, prompt]: Saying): Promise<void> {
  const none = `There is no task to ${what.split(" ")[0] ?? what} now.`;
  const found = await choose(desk, given, fits, `Sextet: ${what} which task?`, none);
  if (!found) return;
  const words = text(given, "text") ?? (await desk.window.ask({ title: `Sextet: ${found.task.id}`, prompt }));
  if (words !== undefined)
    await desk.do(verb, { runId: found.run.runId, taskId: found.task.id, text: words });
}

async function choose(
  desk: Desk,
  given: Given,
  fits: Fits,
  title: string,
  none: string,
): Promise<{ run: Snapshot; task: Task } | undefined> {
  const run = await desk.run(given);
  if (!run) return undefined;
  const named = text(given, "taskId");
  const tasks = run.tasks.filter((task) => (named === undefined ? fits(task, run) : task.id === named));
  if (tasks.length === 0) {
    await desk.window.tell("info", none);
    return undefined;
  }
  const [only, ...others] = tasks;
  const task = others.length === 0 ? only : await desk.window.pick(title, tasks.toReversed().map(line));
  return task && { run, task };
}

function line(task: Task): Choice<Task> {
  return { label: task.id, description: task.state.replace("_", " "), detail: task.title, value: task };
}
