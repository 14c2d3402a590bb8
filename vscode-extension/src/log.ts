/** The output channel of the extension, with levels. */

import { type LogOutputChannel, window } from "vscode";

/** The one channel `Sextet`; the server's stderr and the trace of messages go there too. */
export function createLog(): LogOutputChannel {
  return window.createOutputChannel("Sextet", { log: true });
}
