/** What the pane knows, and what each message changes in it. */

import type { ConnectionState, NextRun, ToPane } from "../shared/pane";
import type { RunLine } from "../shared/protocol";
import { type RunShown, reduceRun, shown } from "./run";

/** All that is shown. */
export interface PaneState {
  readonly connection: ConnectionState;
  /** What is the matter with the connection; may be empty. */
  readonly words: string;
  /** What the settings say; `null` until they were told. */
  readonly next: NextRun | null;
  readonly runs: readonly RunLine[];
  /** The run that is shown; `null`: a new one is about to be asked for. */
  readonly current: string | null;
  readonly run: RunShown | null;
  /** False while entries are missing and a snapshot is on its way. */
  readonly whole: boolean;
  /** When the last heartbeat was sent by the server's clock, and heard by ours. */
  readonly beat: { readonly sent: number; readonly heard: number } | null;
}

/** Before anything was said. */
export const NOTHING: PaneState = {
  connection: "starting",
  words: "",
  next: null,
  runs: [],
  current: null,
  run: null,
  whole: true,
  beat: null,
};

/** The pane after one more message; `now` is in seconds. */
export function reduce(state: PaneState, message: ToPane, now: number): PaneState {
  const how = CHANGES[message.kind] as Change<ToPane["kind"]> | undefined;
  return how ? how(state, message, now) : state;
}

type Change<K extends ToPane["kind"]> = (state: PaneState, message: Of<K>, now: number) => PaneState;

type Of<K extends ToPane["kind"]> = Extract<ToPane, { kind: K }>;

/** The pane with another run chosen. */
export function chosen(state: PaneState, runId: string | null): PaneState {
  if (runId === state.current) return state;
  return { ...state, current: runId, run: null, whole: true, beat: null };
}

const snapshot: Change<"snapshot"> = (state, { snapshot: told, settings }) => {
  if (told.runId !== state.current || told.seq < (state.run?.seq ?? 0)) return state;
  const run = shown(told, state.run);
  return { ...state, run: { ...run, settings: settings ?? run.settings }, whole: true };
};

const event: Change<"event"> = (state, { runId, entry }) => {
  if (runId !== state.run?.runId) return state;
  if (entry.seq > state.run.seq + 1) return { ...state, whole: false };
  return { ...state, run: reduceRun(state.run, entry) };
};

const heartbeat: Change<"heartbeat"> = (state, { beat: told }, now) => {
  if (told.runId !== state.run?.runId) return state;
  const run = { ...state.run, workers: told.workers, live: true };
  return { ...state, run, beat: { sent: told.time, heard: now } };
};

const CHANGES: { [K in ToPane["kind"]]?: Change<K> } = {
  snapshot,
  event,
  heartbeat,
  connection: (state, message) => ({ ...state, connection: message.state, words: message.words }),
  settings: (state, message) => ({ ...state, next: message.next }),
  runs: (state, message) => chosen({ ...state, runs: message.runs }, message.current),
  resync: (state, message) => (message.runId === state.current ? { ...state, whole: false } : state),
};
