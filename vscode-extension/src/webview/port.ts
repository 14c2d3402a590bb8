/** What elements may do beyond showing: ask the server, give commands, and keep what was typed. */

import type { ParamsOf, ResultOf } from "../shared/methods";
import type { PaneCommand, PaneVerb, Tab } from "../shared/pane";
import type { LogBook } from "./logs";

/** What is kept while the pane is hidden. */
export interface Kept {
  readonly runId: string | null;
  readonly tab: Tab;
  readonly goal: string;
  readonly guidance: string;
}

/** The way out of the page. */
export interface Port {
  readonly logs: LogBook;
  /** Carry out a verb; undefined when that was refused, which the person was told, or they turned away. */
  ask<V extends PaneVerb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V> | undefined>;
  /** Let the host do something. */
  run(command: PaneCommand, args?: object): void;
  /** Show another run; null: ask for a new one. */
  choose(runId: string | null): void;
  /** Keep what was typed or chosen. */
  keep(what: Partial<Kept>): void;
}
