/** What `when` clauses of the manifest can ask for. Pure. */

import type { ServerState } from "./client";
import { approvable, atWork, disputable, retryable } from "./commands/tasks";
import { ENDED, latestPatch } from "./runs";
import type { Snapshot } from "./shared/protocol";

/** Every context key with its value for the run that commands mean. */
export function contexts(server: ServerState, run: Snapshot | undefined): Readonly<Record<string, unknown>> {
  return { "sextet.server": server, "sextet.run": run !== undefined, ...(run ? ofRun(run) : NONE) };
}

const NONE = {
  "sextet.live": false,
  "sextet.state": "",
  "sextet.questions": 0,
  "sextet.approvable": false,
  "sextet.disputable": false,
  "sextet.retryable": false,
  "sextet.atWork": false,
  "sextet.patch": "",
  "sextet.applied": false,
};

function ofRun(run: Snapshot): typeof NONE {
  const has = (fits: typeof atWork): boolean => run.tasks.some((task) => fits(task, run));
  const patch = latestPatch(run);
  return {
    "sextet.live": run.live && !ENDED.has(run.state),
    "sextet.state": run.state,
    "sextet.questions": run.questions.length,
    "sextet.approvable": has(approvable),
    "sextet.disputable": has(disputable),
    "sextet.retryable": has(retryable),
    "sextet.atWork": has(atWork),
    "sextet.patch": patch?.state ?? "",
    "sextet.applied": patch !== undefined && patch.applied.length > patch.reverted.length,
  };
}
