/** Where the work tree of a run is. Pure. */

import { dirname } from "node:path";
import type { Snapshot } from "./shared/protocol";

/** The folder in which `codex-runs` is: paths of a patch are below it. */
export function topOf(run: Snapshot | undefined): string | undefined {
  return run === undefined || run.folder === "" ? undefined : dirname(dirname(run.folder));
}
