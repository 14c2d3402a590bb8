/** Commands about patches: look at one, apply it, take it back, test what was kept. */

import { latestPatch } from "../runs";
import type { Applied, Patch, Snapshot } from "../shared/protocol";
import { type Desk, type Given, text } from "./desk";

/** Show a patch, file by file. */
export async function openPatch(desk: Desk, given?: Given): Promise<void> {
  const found = await choose(desk, given);
  if (found) await desk.review.open(found.run.runId, found.patch.id);
}

/** Apply a patch as a whole, wherever the cursor is. */
export function applyPatch(desk: Desk, given?: Given): Promise<void> {
  return apply(desk, given, []);
}

/** Apply chosen hunks of a patch. */
export async function applyHunk(desk: Desk, given?: Given): Promise<void> {
  const hunks = given?.["hunks"];
  if (Array.isArray(hunks) && hunks.length > 0) return apply(desk, given, hunks.map(String));
  await desk.window.tell("info", "Put the cursor into a hunk of a patch first.");
}

async function apply(desk: Desk, given: Given, hunks: string[]): Promise<void> {
  const found = await choose(desk, given);
  if (!found) return;
  const { run, patch } = found;
  const some = hunks.length > 0 ? { hunks } : {};
  const seen = text(given, "seen") ?? patch.tree;
  const one = { runId: run.runId, patchId: patch.id };
  const done = await desk.do("patch/apply", { ...one, seen, ...some });
  if (done) await applied(desk, one, done.applied);
}

async function applied(desk: Desk, one: { runId: string; patchId: string }, done: Applied): Promise<void> {
  const undo = "Undo";
  const test = "Test What I Kept";
  const exact = done.kind === "exact" && done.altered.length === 0;
  const words = `${one.patchId}: ${sentence(done)}`;
  const buttons = exact ? [undo] : [test, undo];
  const pressed = await desk.window.tell(exact ? "info" : "warning", words, ...buttons);
  if (pressed === undo) await revertPatch(desk, one);
  if (pressed === test) await retest(desk, one);
}

/** What an apply was, in a sentence. */
export function sentence(done: Applied): string {
  const files = done.files.length === 1 ? "1 file" : `${done.files.length} files`;
  const kinds = {
    exact: `applied exactly as it was approved, ${files}.`,
    partial: `applied in part, ${files}; the result is not what was tested.`,
    merged: `applied and merged with your changes, ${files}; the result is not tested yet.`,
  };
  const altered = done.altered.length > 0 ? ` Altered by save: ${done.altered.join(", ")}.` : "";
  return kinds[done.kind] + altered;
}

/** Take an apply back; later edits stay. */
export async function revertPatch(desk: Desk, given?: Given): Promise<void> {
  const found = await choose(desk, given);
  if (!found) return;
  const done = await desk.do("patch/revert", { runId: found.run.runId, patchId: found.patch.id });
  if (!done) return;
  const merged = done.merged.length > 0 ? ` Your later edits stay in ${done.merged.join(", ")}.` : "";
  await desk.window.tell("info", `${found.patch.id} is taken back from ${done.files.length} files.${merged}`);
}

/** Run the tests on what the person has now. */
export async function retest(desk: Desk, given?: Given): Promise<void> {
  const found = await choose(desk, given);
  if (!found) return;
  const done = await desk.do("patch/retest", { runId: found.run.runId, patchId: found.patch.id });
  if (!done) return;
  const level = done.outcome.passed ? "info" : "warning";
  await desk.window.tell(level, `Tests on what you have: ${done.outcome.summary}`);
}

async function choose(desk: Desk, given: Given): Promise<{ run: Snapshot; patch: Patch } | undefined> {
  const run = await desk.run(given);
  if (!run) return undefined;
  const named = text(given, "patchId");
  const patch = named === undefined ? latestPatch(run) : run.patches.find((each) => each.id === named);
  if (!patch) await desk.window.tell("info", "This run has no patch yet.");
  return patch && { run, patch };
}
