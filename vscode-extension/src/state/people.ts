/** What people's words change: questions, answers, approvals. */

import type { Entry, RunEvent, RunState, TaskApproved } from "../shared/protocol";
import type { RunShown } from "./run";
import { moved } from "./tasks";

type Of<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;

/** Whether nothing happens in such a run any more without a new wish. */
export function ended(state: RunState): boolean {
  return state === "completed" || state === "stopped" || state === "failed";
}

/** A question that was not asked before, or is asked again. */
export function asked(run: RunShown, entry: Entry, event: Of<"question_asked">): RunShown {
  const question = { ...event.question, askedAt: entry.time };
  const known = run.questions.some((each) => each.id === question.id);
  if (known) {
    return { ...run, questions: run.questions.map((each) => (each.id === question.id ? question : each)) };
  }
  return { ...run, questions: [...run.questions, question] };
}

/** Only open questions are shown. */
export function answered(run: RunShown, _: Entry, event: Of<"question_answered">): RunShown {
  return { ...run, questions: run.questions.filter((each) => each.id !== event.questionId) };
}

/** An approval; the last one that a consensus needs lets it be done. */
export function approved(run: RunShown, _: Entry, event: TaskApproved): RunShown {
  const others = (run.approvals[event.taskId] ?? []).filter((each) => each.by !== event.approval.by);
  const given = [...others, event.approval];
  const next = { ...run, approvals: { ...run.approvals, [event.taskId]: given } };
  const same = given.filter((each) => each.subject === "consensus" && each.seen === event.approval.seen);
  const task = run.tasks.find((each) => each.id === event.taskId);
  const waits = task?.kind === "consensus" && task.state === "awaiting_review";
  if (!waits || same.length < (run.settings?.approvals.consensus ?? 1)) return next;
  return moved(next, task, { state: "done" });
}
