/** What a person does with hunks: each a command with the hunks that it is about. */

import { type Desk, type Given, text } from "../commands/desk";
import type { Mark, PatchDetail } from "../shared/protocol";
import { accepted, inFile } from "./hunks";
import type { PatchShelf } from "./shelf";

type Patches = Pick<PatchShelf, "known" | "look">;

interface Target {
  readonly runId: string;
  readonly patchId: string;
  readonly hunks: string[];
}

/** The commands of a review, by id without the prefix. */
export function actions(
  shelf: Patches,
): Readonly<Record<string, (desk: Desk, given?: Given) => Promise<unknown>>> {
  return {
    acceptHunk: (desk, given) => mark(desk, target(given), "accepted"),
    unmarkHunk: (desk, given) => mark(desk, target(given), "unseen"),
    rejectHunk: (desk, given) => reject(desk, target(given)),
    commentHunk: (desk, given) => remark(desk, target(given)),
    openAuthor: (desk, given) => openAuthor(desk, shelf, target(given)),
    acceptFile: (desk, given) => mark(desk, ofFile(shelf, given), "accepted"),
    rejectFile: (desk, given) => reject(desk, ofFile(shelf, given)),
    applyFile: (desk, given) => apply(desk, ofFile(shelf, given)),
    applyAccepted: (desk, given) => applyAccepted(desk, shelf, given),
  };
}

function target(given: Given): Target | undefined {
  const runId = text(given, "runId");
  const patchId = text(given, "patchId");
  const hunks = given?.["hunks"];
  if (runId === undefined || patchId === undefined || !Array.isArray(hunks) || hunks.length === 0)
    return undefined;
  return { runId, patchId, hunks: hunks.map(String) };
}

function ofFile(shelf: Patches, given: Given): Target | undefined {
  const runId = text(given, "runId");
  const patchId = text(given, "patchId");
  if (runId === undefined || patchId === undefined) return undefined;
  const detail = shelf.known(runId, patchId);
  const hunks = detail ? inFile(detail, text(given, "path") ?? "").map((each) => each.id) : [];
  return hunks.length > 0 ? { runId, patchId, hunks } : undefined;
}

async function mark(desk: Desk, target: Target | undefined, as: Mark, comment = ""): Promise<void> {
  if (target) await desk.do("patch/mark", { ...target, as, comment });
  else await nothing(desk);
}

async function reject(desk: Desk, target: Target | undefined): Promise<void> {
  if (!target) return nothing(desk);
  const comment = await desk.window.ask({
    title: "Sextet: reject",
    prompt: "With a reason, those who wrote it do it again. Without one it is only left out.",
    placeholder: "What is wrong with it?",
    mayBeEmpty: true,
  });
  if (comment !== undefined) await mark(desk, target, "rejected", comment.trim());
}

async function remark(desk: Desk, target: Target | undefined): Promise<void> {
  const [hunk] = target?.hunks ?? [];
  if (!target || hunk === undefined) return nothing(desk);
  const prompt = "Those who wrote it read it at their next attempt.";
  const said = await desk.window.ask({ title: "Sextet: comment", prompt });
  if (said === undefined) return;
  await desk.do("patch/comment", { runId: target.runId, patchId: target.patchId, hunk, text: said });
}

async function apply(desk: Desk, target: Target | undefined): Promise<void> {
  if (target) await desk.editor.run("sextet.ui.applyHunk", target);
  else await nothing(desk);
}

async function applyAccepted(desk: Desk, shelf: Patches, given: Given): Promise<void> {
  const run = await desk.run(given);
  const patchId = text(given, "patchId") ?? run?.patches.at(-1)?.id;
  if (!run || patchId === undefined) return;
  const detail = shelf.known(run.runId, patchId) ?? (await look(desk, shelf, run.runId, patchId));
  const hunks = detail ? accepted(detail) : [];
  if (hunks.length > 0) await apply(desk, { runId: run.runId, patchId, hunks: [...hunks] });
  else if (detail) await desk.window.tell("info", "No hunk is accepted yet.");
}

async function look(
  desk: Desk,
  shelf: Patches,
  runId: string,
  patchId: string,
): Promise<PatchDetail | undefined> {
  const found = await desk.do("patch/get", { runId, patchId });
  return found && shelf.look(runId, patchId);
}

async function openAuthor(desk: Desk, shelf: Patches, target: Target | undefined): Promise<void> {
  if (!target) return nothing(desk);
  const hunk = shelf
    .known(target.runId, target.patchId)
    ?.hunks.find((each) => target.hunks.includes(each.id));
  const [taskId] = hunk?.tasks ?? [];
  if (taskId === undefined) await desk.window.tell("info", "It is not known who wrote this.");
  else await desk.editor.run("sextet.ui.openConversation", { runId: target.runId, taskId });
}

async function nothing(desk: Desk): Promise<void> {
  await desk.window.tell("info", "Put the cursor into a hunk of a patch first.");
}
