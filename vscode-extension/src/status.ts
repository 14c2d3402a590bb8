/** The item in the status bar: what is at work, whether you are needed, what has failed. */

import type { ServerState } from "./client";
import { ENDED, latestPatch, needsYou, progress } from "./runs";
import type { Snapshot } from "./shared/protocol";

/** What the item shows. */
export interface Shown {
  readonly text: string;
  readonly tooltip: string;
  readonly command: string;
  readonly level: "none" | "warning" | "error";
}

const OPEN = "sextet.pane.focus";

/** What is shown for the state of the server and the runs, the most urgent first. Pure. */
export function shown(server: ServerState, runs: readonly Snapshot[]): Shown {
  const down = ofServer(server);
  if (down) return down;
  const needing = runs.filter((run) => needsYou(run));
  if (needing[0]) return needs(needing[0], needing.length);
  const live = runs.filter((run) => run.live && !ENDED.has(run.state));
  if (live[0]) return atWork(live[0], live.length);
  const [newest] = runs;
  if (newest?.state === "failed") {
    const why = `Sextet: the run failed. ${newest.reason}`;
    return { text: "$(error) Sextet: failed", tooltip: why, command: OPEN, level: "error" };
  }
  return { text: "$(hubot) Sextet", tooltip: "Sextet: nothing is at work", command: OPEN, level: "none" };
}

function ofServer(state: ServerState): Shown | undefined {
  if (state === "failed") {
    const tooltip = "Sextet: the server is down. Click to start it again.";
    return { text: "$(error) Sextet: down", tooltip, command: "sextet.ui.restartServer", level: "error" };
  }
  if (state === "starting" || state === "waiting") {
    const tooltip =
      state === "starting" ? "Sextet: the server starts" : "Sextet: the server crashed and comes back";
    return { text: "$(loading~spin) Sextet", tooltip, command: "sextet.ui.showLog", level: "none" };
  }
  return undefined;
}

function needs(run: Snapshot, count: number): Shown {
  const [question] = run.questions;
  const patch = latestPatch(run);
  const command = question ? "sextet.ui.answer" : patch?.state === "proposed" ? "sextet.ui.openPatch" : OPEN;
  const what = question?.text ?? (patch?.state === "proposed" ? `${patch.id} waits for you` : run.reason);
  const more = count > 1 ? ` (${count})` : "";
  return {
    text: `$(bell-dot) Sextet: needs you${more}`,
    tooltip: `Sextet: ${what}`,
    command,
    level: "warning",
  };
}

function atWork(run: Snapshot, count: number): Shown {
  const { done, all } = progress(run);
  const workers = run.workers.filter((each) => each.state === "working");
  const doing = workers.map((each) => `${each.id}: ${each.title}`);
  const tooltip = [`Sextet: ${run.briefing.goal}`, ...doing].join("\n");
  const more = count > 1 ? `, ${count} runs` : "";
  return { text: `$(sync~spin) Sextet: ${done}/${all}${more}`, tooltip, command: OPEN, level: "none" };
}
