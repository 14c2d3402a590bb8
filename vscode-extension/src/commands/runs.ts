/** Commands about whole runs. */

import { randomUUID } from "node:crypto";
import { ENDED } from "../runs";
import type { Mode, RunLine } from "../shared/protocol";
import type { Choice } from "../window";
import { type Desk, type Given, text } from "./desk";

const MODES: readonly Choice<Mode>[] = [
  {
    label: "$(lightbulb) Implement a feature",
    detail: "Analysts draft requirements, implementers build them, tests and a reviewer judge the result.",
    value: "implement_feature",
  },
  {
    label: "$(bug) Hunt bugs",
    detail: "Hunters look for defects independently; what they agree on is mended and tested.",
    value: "bug_hunt",
  },
];

/** Ask for a goal and a mode, and start. */
export async function startRun(desk: Desk, given?: Given): Promise<string | undefined> {
  const goal =
    text(given, "goal") ??
    (await desk.window.ask({
      title: "Sextet: what shall be done?",
      prompt: "The goal, in your words. Nothing touches your files until you apply the patch.",
      placeholder: "Add an option that …",
    }));
  if (goal === undefined) return undefined;
  const mode = (text(given, "mode") as Mode | undefined) ?? (await desk.window.pick("Sextet: how?", MODES));
  if (mode === undefined) return undefined;
  const guidance = text(given, "guidance") ?? "";
  const begun = await desk.do("run/start", { goal, mode, guidance, requestKey: randomUUID() });
  if (!begun) return undefined;
  desk.host.workOn(begun.runId);
  desk.runs.choose(begun.runId);
  await desk.editor.run("sextet.pane.focus");
  return begun.runId;
}

/** End a run, after a question. */
export async function stopRun(desk: Desk, given?: Given): Promise<void> {
  const run = await desk.run(given);
  if (!run) return;
  const stop = "Stop the Run";
  const detail = "What agents have written so far is kept. A stopped run does not go on; a follow-up can.";
  if ((await desk.window.decide(`Stop “${run.briefing.goal.slice(0, 100)}”?`, detail, [stop])) !== stop)
    return;
  await desk.do("run/stop", { runId: run.runId });
}

/** Go on with a run that was interrupted. */
export async function resumeRun(desk: Desk, given?: Given): Promise<void> {
  const runId = text(given, "runId") ?? (await interrupted(desk));
  if (runId === undefined || !(await desk.do("run/resume", { runId }))) return;
  desk.host.workOn(runId);
  desk.runs.choose(runId);
}

async function interrupted(desk: Desk): Promise<string | undefined> {
  const found = await desk.do("recover/list", {});
  if (!found) return undefined;
  if (found.runs.length === 0) {
    await desk.window.tell("info", "No run was interrupted.");
    return undefined;
  }
  return desk.window.pick("Sextet: which run goes on?", found.runs.map(line));
}

/** Say what else is wanted. */
export async function followUp(desk: Desk, given?: Given): Promise<void> {
  const run = await desk.run(given);
  const wish = run && (text(given, "text") ?? (await askForMore(desk, run.briefing.goal)));
  if (!run || wish === undefined) return;
  if (await desk.do("run/followUp", { runId: run.runId, text: wish })) desk.host.workOn(run.runId);
}

function askForMore(desk: Desk, goal: string): Promise<string | undefined> {
  const prompt = "It starts from what you have now and becomes a patch of its own.";
  return desk.window.ask({ title: `Sextet: what else, after “${goal.slice(0, 60)}”?`, prompt });
}

/** Choose the run that the pane and commands mean. */
export async function openRun(desk: Desk, given?: Given): Promise<void> {
  let runId = text(given, "runId");
  if (runId === undefined) {
    const all = await desk.do("run/list", {});
    if (!all) return;
    runId = await desk.window.pick("Sextet: which run?", all.runs.map(line));
  }
  if (runId === undefined) return;
  desk.runs.choose(runId);
  await desk.editor.run("sextet.pane.focus");
}

function line(run: RunLine): Choice<string> {
  const icon = run.live
    ? "sync"
    : run.state === null || ENDED.has(run.state)
      ? "circle-outline"
      : "debug-pause";
  const when = new Date(run.createdAt * 1_000).toLocaleString();
  const state = run.problem === "" ? (run.state ?? "unknown") : run.problem;
  return {
    label: `$(${icon}) ${run.goal.split("\n")[0] ?? ""}`,
    description: state,
    detail: when,
    value: run.id,
  };
}
