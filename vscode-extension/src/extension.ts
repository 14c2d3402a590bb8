/** Comes up with the editor and goes down with it: wiring only. */

import type { ExtensionContext } from "vscode";
import { Desk } from "./commands/desk";
import { register } from "./commands/register";
import { VsCode } from "./editor";
import { WindowHost } from "./host";
import { later } from "./later";
import { createLog, written } from "./log";
import { Reviewing } from "./review";
import { Runs } from "./runs";
import { Shell } from "./shell";
import { editorWindow } from "./window";

/** What other parts, and tests, can hold on to. */
export interface Sextet {
  readonly desk: Desk;
  readonly host: WindowHost;
  readonly runs: Runs;
}

let host: WindowHost | undefined;

/** The editor begins with us. */
export function activate(context: ExtensionContext): Sextet {
  const own = <T extends { dispose(): unknown }>(each: T): T => {
    context.subscriptions.push(each);
    return each;
  };
  const log = own(createLog());
  const window = own(new WindowHost(context, log));
  const { server: verbs, feed } = window;
  host = window;
  own(feed.listen(written(log)));
  const runs = own(new Runs(feed, later));
  const review = own(new Reviewing(verbs, feed, runs, context.extensionUri));
  const editor = own(new VsCode(() => window.folders()[0]?.path));
  const desk = new Desk({ verbs, runs, window: editorWindow, editor, review, host: window });
  review.remarksTo(desk);
  own(new Shell(window, runs));
  context.subscriptions.push(...register(desk, review.commands, (uri) => review.about(uri)));
  void verbs.start().catch(() => undefined); // what is in the way was shown
  return { desk, host: window, runs };
}

/** The editor ends, or we are switched off: the server puts its work down. */
export async function deactivate(): Promise<void> {
  host?.memory.seen();
  await host?.server.stop();
}
