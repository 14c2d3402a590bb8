/** Comes up with the editor and goes down with it: wiring only. */

import type { ExtensionContext } from "vscode";
import { createLog } from "./log";

/** The editor begins with us. */
export function activate(context: ExtensionContext): void {
  const log = createLog();
  context.subscriptions.push(log);
  log.info("Sextet is here.");
}
