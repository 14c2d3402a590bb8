/** What is shown of one run, and what each event changes in it; mirrors the server's fold. */

import type { Comment, Entry, HunkMark, RunCreated, RunEvent, Snapshot } from "../shared/protocol";
import { answered, approved, asked, ended } from "./people";
import { changePatch, taken } from "./patches";
import { changeTasks } from "./tasks";

/** A run as the pane shows it: its snapshot, and what only its events tell. */
export interface RunShown extends Snapshot {
  /** All that was fixed at its start; `null` until the first entry was read. */
  readonly settings: RunCreated["run"]["settings"] | null;
  /** Why its base is no longer what the user has; empty while it is. */
  readonly moved: string;
  /** Marks that were set since the snapshot, by patch and hunk. */
  readonly marks: Readonly<Record<string, Readonly<Record<string, HunkMark>>>>;
  /** Remarks that were made since the snapshot, by task. */
  readonly comments: Readonly<Record<string, readonly Comment[]>>;
}

/** How many remarks about a run are kept, as the server does. */
const NOTES_KEPT = 200;

/** A run from its snapshot; what only events tell is kept from what was known of the same run. */
export function shown(snapshot: Snapshot, known?: RunShown | null): RunShown {
  const unknown = { settings: null, moved: "", marks: {}, comments: {} };
  if (known?.runId !== snapshot.runId) return { ...snapshot, ...unknown };
  const { settings, marks, comments, base } = known;
  const moved = base.commit === snapshot.base.commit ? known.moved : "";
  return { ...snapshot, settings, marks, comments, moved };
}

/** The run after one more entry; entries that it has already change nothing. */
export function reduceRun(run: RunShown, entry: Entry): RunShown {
  if (entry.seq <= run.seq) return run;
  const changed = change(run, entry);
  return { ...changed, seq: entry.seq, time: entry.time };
}

type Change = (run: RunShown, entry: Entry, event: never) => RunShown;

function change(run: RunShown, entry: Entry): RunShown {
  const event = entry.event;
  const tasks = changeTasks(run, event, entry);
  if (tasks) return tasks;
  const patch = changePatch(run, event, entry);
  if (patch) return patch;
  const how = REST[event.kind];
  return how ? how(run, entry, event as never) : run;
}

const REST: Readonly<Partial<Record<RunEvent["kind"], Change>>> = {
  run_created: (run, _, event: RunCreated) => ({ ...run, settings: event.run.settings }),
  run_state_changed: (run, _, event: Extract<RunEvent, { kind: "run_state_changed" }>) => ({
    ...run,
    state: event.state,
    reason: event.reason,
    questions: ended(event.state) ? taken(run.questions) : run.questions,
  }),
  base_moved: (run, _, event: Extract<RunEvent, { kind: "base_moved" }>) => ({
    ...noted(run, event.reason),
    moved: event.reason,
  }),
  roles_changed: (run, _, event: Extract<RunEvent, { kind: "roles_changed" }>) => ({
    ...run,
    roles: { ...run.roles, ...event.roles },
  }),
  worker_crashed: (run, _, event: Extract<RunEvent, { kind: "worker_crashed" }>) =>
    noted(run, `${event.workerId} failed: ${event.cause}`),
  noted: (run, _, event: Extract<RunEvent, { kind: "noted" }>) => noted(run, event.text),
  question_asked: asked,
  question_answered: answered,
  task_approved: approved,
  follow_up_requested: (run, _, event: Extract<RunEvent, { kind: "follow_up_requested" }>) => ({
    ...run,
    patch: event.patch,
    round: 0,
    base: event.base,
    moved: "",
    wishes: { ...run.wishes, [event.patch]: event.text },
  }),
};

function noted(run: RunShown, text: string): RunShown {
  return { ...run, notes: [...run.notes, text].slice(-NOTES_KEPT) };
}
