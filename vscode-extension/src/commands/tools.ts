/** Commands about the machine, the settings and the server itself. */

import { testCommands } from "../detect";
import type { Check, Waste } from "../shared/protocol";
import { type Desk, type Given, text } from "./desk";

/** Look at what a run needs of this machine and this folder. */
export async function doctor(desk: Desk): Promise<void> {
  const report = await desk.do("doctor", {});
  if (!report) return;
  const problems = report.problems.map((each) => `${each.key}: ${each.sentence}`);
  const lines = [
    ...report.checks.map(checked),
    ...(problems.length > 0 ? ["", "Settings", ...problems] : []),
  ];
  const bad = report.checks.filter((each) => each.ok === false);
  await desk.editor.read("What Sextet needs", lines.join("\n"));
  if (bad.length === 0 && problems.length === 0) {
    await desk.window.tell("info", "Everything that a run needs is here.");
  } else {
    await desk.window.tell("warning", bad[0] ? `${bad[0].what} ${bad[0].nextStep}` : (problems[0] ?? ""));
  }
}

function checked(check: Check): string {
  const mark = check.ok === true ? "ok     " : check.ok === false ? "missing" : "unclear";
  const step = check.nextStep === "" ? [] : [`${" ".repeat(22)}${check.nextStep}`];
  return [`${mark}  ${check.name.padEnd(11)}  ${check.what}`, ...step].join("\n");
}

/** Find what is no longer needed, show it, and remove it when the person agrees. */
export async function clean(desk: Desk): Promise<void> {
  const look = await desk.do("clean", { dryRun: true });
  if (!look) return;
  if (look.found.length === 0) {
    await desk.window.tell("info", `There is nothing to remove. ${look.kept.join(" ")}`.trim());
    return;
  }
  const sum = look.found.reduce((bytes, each) => bytes + each.bytes, 0);
  const remove = "Remove";
  await desk.editor.read("What can be removed", [...look.found.map(waste), "", ...look.kept].join("\n"));
  const what = `Remove ${look.found.length} things, ${size(sum)}?`;
  const detail = "They are listed in the editor. Work that was not captured is never removed.";
  if ((await desk.window.decide(what, detail, [remove])) !== remove) return;
  const done = await desk.do("clean", { dryRun: false });
  if (done)
    await desk.window.tell(
      "info",
      done.removed ? `${size(sum)} are free again.` : "Some of it stays; see the log.",
    );
}

function waste(each: Waste): string {
  return `${size(each.bytes).padStart(10)}  ${each.what}\n${" ".repeat(12)}${each.path}`;
}

function size(bytes: number): string {
  if (bytes < 1 << 20) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 1 << 30 ? `${(bytes / (1 << 20)).toFixed(1)} MiB` : `${(bytes / (1 << 30)).toFixed(2)} GiB`;
}

/** The lines of a worker's log that are read at most. */
const LINES = 2_000;

/** Read the end of a worker's log. */
export async function showWorkerLog(desk: Desk, given?: Given): Promise<void> {
  const run = await desk.run(given);
  if (!run) return;
  const ids = [
    ...new Set([...run.workers.map((each) => each.id), ...run.tasks.flatMap((each) => each.worker ?? [])]),
  ];
  const choices = ids.map((id) => ({ label: id, value: id }));
  const workerId = text(given, "workerId") ?? (await desk.window.pick("Sextet: whose log?", choices));
  if (workerId === undefined) return;
  const page = await desk.do("log/read", { runId: run.runId, workerId, fromSeq: -LINES, limit: LINES });
  if (page) await desk.editor.read(`Log of ${workerId}`, page.lines.join("\n"));
}

/** Open the settings of the roles. */
export async function editRoles(desk: Desk): Promise<void> {
  await desk.editor.run("workbench.action.openSettings", "@ext:sextet.sextet roles");
}

/** Open all settings. */
export async function settings(desk: Desk): Promise<void> {
  await desk.editor.run("workbench.action.openSettings", "@ext:sextet.sextet");
}

/** Open the first steps. */
export async function walkthrough(desk: Desk): Promise<void> {
  await desk.editor.run("workbench.action.openWalkthrough", "sextet.sextet#sextet.begin", false);
}

/** Let the person log in to Codex, in a terminal. */
export async function login(desk: Desk): Promise<void> {
  if (!desk.editor.trusted) {
    await desk.window.tell(
      "warning",
      "Trust this folder first: a terminal in it may run what it brings along.",
    );
    return;
  }
  const path = desk.editor.get("codex.path");
  const codex = typeof path === "string" && path !== "" ? `'${path.replaceAll("'", "'\\''")}'` : "codex";
  desk.editor.terminal("Codex Login", `${codex} login`);
}

/** Find out how this folder is tested, and write that down once the person confirms it. */
export async function detectTests(desk: Desk): Promise<void> {
  const found = await testCommands((name) => desk.editor.file(name));
  const own = "$(edit) Another command …";
  const choices = [...found, own].map((label) => ({ label, value: label }));
  const title = "Sextet: which command is the evidence that a patch works?";
  const picked = found.length === 0 ? own : await desk.window.pick(title, choices);
  if (picked === undefined) return;
  const ask = {
    title,
    prompt: "It runs in Codex's sandbox, on a copy of your files.",
    value: found[0] ?? "",
  };
  const command = picked === own ? await desk.window.ask(ask) : picked;
  if (command === undefined) return;
  await desk.editor.set("tester.commands", [command]);
  await desk.window.tell(
    "info",
    `Patches are tested with \`${command}\`. You are asked once more before it first runs.`,
  );
}

/** Choose the folder that is worked on. */
export async function chooseFolder(desk: Desk): Promise<void> {
  const choices = desk.host
    .folders()
    .map((each) => ({ label: each.name, detail: each.path, value: each.path }));
  if (choices.length < 2) {
    await desk.editor.run("vscode.openFolder");
    return;
  }
  const path = await desk.window.pick("Sextet: work on which folder?", choices);
  if (path !== undefined) await desk.host.chooseFolder(path);
}
