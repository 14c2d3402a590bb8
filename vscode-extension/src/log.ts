/** The output channel of the extension, with levels. */

import { type LogOutputChannel, window } from "vscode";
import type { Listener } from "./feed";
import type { RunEvent } from "./shared/protocol";

/** The one channel `Sextet`; the server's stderr and the trace of messages go there too. */
export function createLog(): LogOutputChannel {
  return window.createOutputChannel("Sextet", { log: true });
}

/** Writes down what happens in runs: trouble for everybody, the rest for who looks closer. */
export function written(log: LogOutputChannel): Listener {
  return {
    entry: (runId, { seq, actor, event }) => {
      const words = trouble(event);
      if (words === undefined) log.debug(`${runId} ${seq} ${event.kind} by ${actor}`);
      else log.warn(`${runId} ${seq} ${event.kind}: ${words}`);
    },
  };
}

function trouble(event: RunEvent): string | undefined {
  switch (event.kind) {
    case "task_failed":
      return `${event.taskId}: ${event.failure.cause}`;
    case "noted":
      return `${event.text} ${event.nextStep}`.trim();
    case "run_state_changed":
      return event.state === "failed" ? event.reason : undefined;
    default:
      return undefined;
  }
}
