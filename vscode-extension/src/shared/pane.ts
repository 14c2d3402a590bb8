/** What host and pane say to each other, and the promises of answers that are still to come. */

import type { ParamsOf, ResultOf, Verb } from "./methods";
import type { Budget, Entry, Gates, Heartbeat, LogTold, RunLine, Settings, Snapshot } from "./protocol";

/** Verbs that the pane may ask for; what is missing here needs a command of the host. */
export const PANE_VERBS = [
  "artifact/read",
  "log/read",
  "models/list",
  "patch/apply",
  "patch/get",
  "patch/mark",
  "patch/revert",
  "question/answer",
  "roles/get",
  "roles/set",
  "run/followUp",
  "run/list",
  "run/resume",
  "run/start",
  "run/stop",
  "task/approve",
  "task/comment",
  "task/interrupt",
  "task/requestChanges",
  "task/retry",
  "task/steer",
  "workers/start",
  "workers/stop",
] as const satisfies readonly Verb[];

/** A verb that the pane may ask for. */
export type PaneVerb = (typeof PANE_VERBS)[number];

/**
 * What the host does for the pane because it needs the editor:
 * `saveRoles {roles}` asks for a scope and writes settings, `reviewPatch {runId, patchId, path?}` opens the
 * differences, `openTask {runId, taskId}` and `openFile {path}` open documents, `restart` starts the server
 * again, `showOutput` and `openSettings` say themselves.
 */
export const PANE_COMMANDS = [
  "saveRoles",
  "reviewPatch",
  "openTask",
  "openFile",
  "openSettings",
  "restart",
  "showOutput",
] as const;

/** A command that the pane may give. */
export type PaneCommand = (typeof PANE_COMMANDS)[number];

/** Where the server stands; `untrusted`: the folder is, and nothing starts. */
export type ConnectionState = "stopped" | "starting" | "running" | "waiting" | "failed" | "untrusted";

/** Parts of the pane that can be shown. */
export const TABS = ["tasks", "workers", "patch", "consensus", "roles"] as const;

/** A part of the pane. */
export type Tab = (typeof TABS)[number];

/** What the settings say about the next run, apart from its roles. */
export interface NextRun {
  readonly maxAgents: number;
  readonly testCommands: readonly string[];
  readonly budget: Budget;
  readonly approvals: Gates;
}

/** From the host to the pane. */
export type ToPane =
  | { readonly kind: "connection"; readonly state: ConnectionState; readonly words: string }
  | { readonly kind: "settings"; readonly next: NextRun }
  | { readonly kind: "runs"; readonly runs: readonly RunLine[]; readonly current: string | null }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot; readonly settings: Settings | null }
  | { readonly kind: "event"; readonly runId: string; readonly entry: Entry }
  | { readonly kind: "log"; readonly told: LogTold }
  | { readonly kind: "heartbeat"; readonly beat: Heartbeat }
  | { readonly kind: "resync"; readonly runId: string }
  | { readonly kind: "show"; readonly tab: Tab }
  | { readonly kind: "answer"; readonly id: number; readonly result: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly words: string; readonly step: string };

/** From the pane to the host; `ready` also when it comes back after it was hidden. */
export type FromPane =
  | { readonly kind: "ready"; readonly runId: string | null }
  | { readonly kind: "choose"; readonly runId: string | null }
  | { readonly kind: "request"; readonly id: number; readonly verb: PaneVerb; readonly params: object }
  | { readonly kind: "command"; readonly id: number; readonly command: PaneCommand; readonly args: object };

/** A question whose answer is `undefined` was turned away by the person. */
export class Turned extends Error {
  /** What can be done; may be empty. */
  readonly step: string;
  constructor(words: string, step: string) {
    super(words);
    this.step = step;
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(why: Turned): void;
}

/** The pane's end: every request gets a number, and its promise the answer with that number. */
export class Talk {
  readonly #post: (message: FromPane) => void;
  readonly #pending = new Map<number, Waiting>();
  #last = 0;

  constructor(post: (message: FromPane) => void) {
    this.#post = post;
  }

  /** Ask the server for something; undefined when the person did not agree to it. */
  ask<V extends PaneVerb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V> | undefined> {
    const sent = this.#send((id) => ({ kind: "request", id, verb, params }));
    return sent as Promise<ResultOf<V> | undefined>;
  }

  /** Let the host do something. */
  run(command: PaneCommand, args: object = {}): Promise<unknown> {
    return this.#send((id) => ({ kind: "command", id, command, args }));
  }

  /** Take an answer; false when the message is none. */
  heard(message: ToPane): boolean {
    if (message.kind !== "answer" && message.kind !== "refusal") return false;
    const waiting = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "answer") waiting?.resolve(message.result);
    else waiting?.reject(new Turned(message.words, message.step));
    return true;
  }

  #send(message: (id: number) => FromPane): Promise<unknown> {
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#post(message(id));
    });
  }
}
