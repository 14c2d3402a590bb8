/** What commands work with: the server's verbs for a person, the runs, and the window. */

import { asking } from "../asking";
import type { Verbs } from "../feed";
import type { Runs } from "../runs";
import type { Folder } from "../server/folder";
import type { ParamsOf, ResultOf, Verb } from "../shared/methods";
import type { Snapshot } from "../shared/protocol";
import { type Refused, refused } from "../shared/refusal";
import type { Window } from "../window";

/** What the editor does for a command; a port. */
export interface Editor {
  /** Run a command of the editor. */
  run(command: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Show a text to read. */
  read(title: string, text: string): Promise<void>;
  /** Show a document that the server wrote. */
  open(uri: string): Promise<void>;
  /** Read a file of the folder that is worked on; undefined: there is none. */
  file(name: string): Promise<string | undefined>;
  /** Write a setting of the folder. */
  set(key: string, value: unknown): Promise<void>;
  get(key: string): unknown;
  /** Put words into a terminal, for the person to see and to run. */
  terminal(title: string, words: string): void;
  readonly trusted: boolean;
}

/** What there is to show of a patch, from commands. */
export interface Review {
  open(runId: string, patchId: string): Promise<void>;
}

/** What is done with the server itself. */
export interface Host {
  restart(): Promise<void>;
  showLog(): void;
  folders(): readonly Folder[];
  chooseFolder(path: string): Promise<void>;
  /** This window works on a run: it goes on with it when the server comes back. */
  workOn(runId: string): void;
}

/** What a command is called with from a lens, the pane, or another extension. */
export type Given = Readonly<Record<string, unknown>> | undefined;

/** All of it. */
export class Desk {
  readonly verbs: Verbs;
  readonly runs: Runs;
  readonly window: Window;
  readonly editor: Editor;
  readonly review: Review;
  readonly host: Host;

  constructor(parts: Pick<Desk, "verbs" | "runs" | "window" | "editor" | "review" | "host">) {
    this.verbs = parts.verbs;
    this.runs = parts.runs;
    this.window = parts.window;
    this.editor = parts.editor;
    this.review = parts.review;
    this.host = parts.host;
  }

  /** Carry out a verb for a person; undefined: it was not done, and they know why. */
  async do<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V> | undefined> {
    try {
      return await asking(this.verbs, this.window, verb, params);
    } catch (error) {
      await this.refuse(refused(error));
      return undefined;
    }
  }

  /** Tell that something was not done. */
  async refuse(why: Refused): Promise<void> {
    if (why.kind === "cancelled") return;
    const help = HELP[why.kind];
    const pressed = await this.window.tell("error", why.words, ...(help ? [help.title] : []));
    if (help && pressed === help.title) await this.editor.run(help.command);
  }

  /** The run that a command means, or undefined after saying that there is none. */
  async run(given: Given): Promise<Snapshot | undefined> {
    const named = given?.["runId"];
    const found = typeof named === "string" ? this.runs.get(named) : this.runs.current;
    if (found) return found;
    const start = "Start a Run";
    const pressed = await this.window.tell("info", "There is no run here yet.", start);
    if (pressed === start) await this.editor.run("sextet.ui.startRun");
    return undefined;
  }
}

const HELP: Readonly<Record<string, { readonly title: string; readonly command: string }>> = {
  repository: { title: "Choose a Folder", command: "sextet.ui.chooseFolder" },
  codex: { title: "Check This Machine", command: "sextet.ui.doctor" },
  settings: { title: "Open Settings", command: "sextet.ui.settings" },
  lost: { title: "Show Log", command: "sextet.ui.showLog" },
  defect: { title: "Show Log", command: "sextet.ui.showLog" },
};

/** A text that a command was called with. */
export function text(given: Given, name: string): string | undefined {
  const found = given?.[name];
  return typeof found === "string" ? found : undefined;
}
