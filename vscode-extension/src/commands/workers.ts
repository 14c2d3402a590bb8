/** Commands about workers: all of them, or those of a role. */

import type { Role, Snapshot } from "../shared/protocol";
import type { Choice } from "../window";
import type { Desk, Given } from "./desk";

const ROLES: readonly Role[] = ["analyst", "consensus", "splitter", "implementer", "tester", "reviewer"];

/** Let workers claim tasks again. */
export async function startWorkers(desk: Desk, given?: Given): Promise<void> {
  const run = await desk.run(given);
  const roles = run && (named(given) ?? (await pick(desk, run, "Sextet: start whose workers?")));
  if (run && roles) await desk.do("workers/start", { runId: run.runId, roles });
}

/** Stop workers, after what they are at or at once. */
export async function stopWorkers(desk: Desk, given?: Given): Promise<void> {
  const run = await desk.run(given);
  const roles = run && (named(given) ?? (await pick(desk, run, "Sextet: stop whose workers?")));
  if (!run || !roles) return;
  const how = await desk.window.pick<"drain" | "now">("Sextet: how?", [
    {
      label: "$(debug-step-over) After what they are at",
      detail: "Turns end by themselves.",
      value: "drain",
    },
    { label: "$(debug-stop) At once", detail: "Turns are cut off; what was written is kept.", value: "now" },
  ]);
  if (how) await desk.do("workers/stop", { runId: run.runId, roles, how });
}

function named(given: Given): Role[] | undefined {
  const roles = given?.["roles"];
  return Array.isArray(roles) ? ROLES.filter((role) => roles.includes(role)) : undefined;
}

function pick(desk: Desk, run: Snapshot, title: string): Promise<Role[] | undefined> {
  const all: Choice<Role[]> = { label: "$(organization) All roles", value: [] };
  const single = ROLES.map((role): Choice<Role[]> => {
    const mine = run.workers.filter((worker) => worker.role === role);
    const busy = mine.filter((worker) => worker.state === "working").length;
    return { label: role, description: `${mine.length} workers, ${busy} at work`, value: [role] };
  });
  return desk.window.pick(title, [all, ...single]);
}
