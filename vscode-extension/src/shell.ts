/** What the person sees around the runs: status bar, messages, context keys. */

import { StatusBarAlignment, ThemeColor, commands, window, workspace } from "vscode";
import { contexts } from "./contexts";
import { Owner } from "./dispose";
import type { WindowHost } from "./host";
import { type Notice, type Show, notices } from "./notices";
import { ENDED, type Runs } from "./runs";
import type { Snapshot } from "./shared/protocol";
import { shown } from "./status";

const BACKGROUNDS = {
  warning: "statusBarItem.warningBackground",
  error: "statusBarItem.errorBackground",
} as const;

/** Milliseconds between two notes that the window is still there. */
const HERE = 30_000;

/** Keeps all of that up to date. */
export class Shell extends Owner {
  readonly #host: WindowHost;
  readonly #runs: Runs;
  readonly #item = this.own(window.createStatusBarItem("sextet.status", StatusBarAlignment.Left, 10));
  #known = new Map<string, unknown>();

  constructor(host: WindowHost, runs: Runs) {
    super();
    this.#host = host;
    this.#runs = runs;
    this.#item.name = "Sextet";
    this.own(
      runs.onChange((now, before) => {
        this.#changed(now, before);
      }),
    );
    this.own(
      host.onState(() => {
        this.#show();
      }),
    );
    const here = setInterval(() => {
      host.memory.seen();
    }, HERE);
    this.own({
      dispose: () => {
        clearInterval(here);
      },
    });
    this.#show();
  }

  #changed(now: Snapshot, before: Snapshot | undefined): void {
    if (ENDED.has(now.state)) this.#host.memory.over(now.runId);
    const show = workspace.getConfiguration("sextet").get<Show>("notifications.show", "all");
    for (const each of notices(now, before, show)) void tell(each);
    this.#show();
  }

  #show(): void {
    const now = shown(this.#host.server.state, this.#runs.all);
    this.#item.text = now.text;
    this.#item.tooltip = now.tooltip;
    this.#item.command = now.command;
    this.#item.backgroundColor = now.level === "none" ? undefined : new ThemeColor(BACKGROUNDS[now.level]);
    this.#item.show();
    for (const [key, value] of Object.entries(contexts(this.#host.server.state, this.#runs.current))) {
      if (this.#known.get(key) === value) continue;
      this.#known.set(key, value);
      void commands.executeCommand("setContext", key, value);
    }
  }
}

async function tell({ level, text, button, command, given }: Notice): Promise<void> {
  const show = {
    info: window.showInformationMessage,
    warning: window.showWarningMessage,
    error: window.showErrorMessage,
  };
  if ((await show[level](`Sextet: ${text}`, button)) === button)
    await commands.executeCommand(command, given);
}
