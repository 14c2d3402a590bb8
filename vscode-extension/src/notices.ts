/** Messages that come by themselves: each once, and only those that the person wants. Pure. */

import { latestPatch, waits } from "./runs";
import type { Snapshot } from "./shared/protocol";

/** `sextet.notifications.show`. */
export type Show = "all" | "needsYou" | "never";

/** A message with a button that leads to what it is about. */
export interface Notice {
  readonly level: "info" | "warning" | "error";
  readonly text: string;
  readonly button: string;
  readonly command: string;
  readonly given: Readonly<Record<string, unknown>>;
}

/** What a change of a run is worth telling. */
export function notices(now: Snapshot, before: Snapshot | undefined, show: Show): readonly Notice[] {
  if (show === "never") return [];
  const needed = before ? [...asked(now, before), ...gates(now, before)] : interrupted(now);
  const patch = before ? proposed(now, before) : [];
  const ended = before && show === "all" ? over(now, before) : [];
  return [...needed, ...patch, ...ended];
}

function asked(now: Snapshot, before: Snapshot): Notice[] {
  const known = new Set(before.questions.map((each) => each.id));
  return now.questions
    .filter((each) => !known.has(each.id))
    .map((each) => {
      const given = { runId: now.runId, questionId: each.id };
      return {
        level: "warning",
        text: brief(each.text),
        button: "Answer",
        command: "sextet.ui.answer",
        given,
      };
    });
}

function gates(now: Snapshot, before: Snapshot): Notice[] {
  const was = new Set(before.tasks.filter((each) => each.state === "awaiting_review").map((each) => each.id));
  return now.tasks
    .filter((each) => each.state === "awaiting_review" && !was.has(each.id))
    .map((each) => ({
      level: "warning",
      text: `${each.id} waits for your approval.`,
      button: "Review",
      command: "sextet.ui.approve",
      given: { runId: now.runId, taskId: each.id },
    }));
}

function proposed(now: Snapshot, before: Snapshot): Notice[] {
  const patch = latestPatch(now);
  const was = before.patches.find((each) => each.id === patch?.id);
  if (!patch || !waits(patch) || (was && waits(was) && was.tree === patch.tree)) return [];
  const tested = patch.untested ? "reviewed, but no test command is known" : "tested and reviewed";
  const text = `${patch.id} is ready: ${tested}. “${brief(now.briefing.goal)}”`;
  const given = { runId: now.runId, patchId: patch.id };
  return [{ level: "info", text, button: "Review Patch", command: "sextet.ui.openPatch", given }];
}

function over(now: Snapshot, before: Snapshot): Notice[] {
  if (now.state === before.state) return [];
  const given = { runId: now.runId };
  const show = { button: "Show", command: "sextet.ui.openRun", given };
  if (now.state === "failed") return [{ level: "error", text: `The run failed: ${now.reason}`, ...show }];
  if (now.state === "stopped")
    return [{ level: "info", text: `The run was stopped. ${now.reason}`, ...show }];
  if (now.state === "completed" && !latestPatch(now)) {
    return [{ level: "info", text: `The run is complete: ${now.reason}`, ...show }];
  }
  return [];
}

/** A run that nobody works on is never gone on with unasked. */
function interrupted(now: Snapshot): Notice[] {
  if (now.state !== "interrupted" || now.live) return [];
  const text = `A run was interrupted: “${brief(now.briefing.goal)}”. ${now.reason}`.trim();
  return [
    { level: "info", text, button: "Resume", command: "sextet.ui.resumeRun", given: { runId: now.runId } },
  ];
}

function brief(text: string): string {
  const line = text.trim().split("\n")[0] ?? "";
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
