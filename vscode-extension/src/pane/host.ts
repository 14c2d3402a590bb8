/** What the pane needs of the rest of the extension; the client's side fills it. */

import type { Listener } from "../feed";
import type { ParamsOf, ResultOf, Verb } from "../shared/methods";
import type { ConnectionState, NextRun, PaneCommand } from "../shared/pane";

/** What a command of the pane may carry; what each takes is said at `PANE_COMMANDS`. */
export interface CommandArgs {
  readonly runId?: string;
  readonly patchId?: string;
  readonly taskId?: string;
  readonly path?: string;
  readonly line?: number;
  readonly roles?: ParamsOf<"roles/set">["roles"];
}

/** Where the server stands, and what is the matter with it. */
export interface Standing {
  readonly state: ConnectionState;
  readonly words: string;
}

/** The extension as the pane sees it. */
export interface PaneHost {
  /** Carry out a verb; asks the person where that lifts a refusal, undefined when they say no. */
  request<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V> | undefined>;
  /** Read a run anew; listeners hear its snapshot. */
  look(runId: string): Promise<void>;
  /** Hear what happens in runs: snapshots, entries in order, log lines, heartbeats. */
  listen(listener: Listener): { dispose(): void };
  /** Do something that needs the editor. */
  run(command: PaneCommand, args: CommandArgs): Promise<unknown>;
  /** Where the server stands now. */
  standing(): Standing;
  /** What the settings say about the next run. */
  next(): NextRun;
  /** The run that commands mean; null: none. */
  current(): string | null;
  /** Let commands mean this run; null: a new one is about to be asked for. */
  choose(runId: string | null): void;
  /** Hear that standing, settings or the current run are others than before. */
  onChange(heard: () => void): { dispose(): void };
}
