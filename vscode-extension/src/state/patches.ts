/** What each event changes in a patch. */

import type {
  Entry,
  HunkMark,
  Patch,
  Question,
  RunEvent,
  Task,
  TaskIntegrated,
  TestOutcome,
} from "../shared/protocol";
import type { RunShown } from "./run";

type Of<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;

const OURS = ["task-", "stopped-", "budget-", "review-", "rework-"];

/** What is still asked when a run has ended. */
export function taken(questions: readonly Question[]): Question[] {
  const goes = (each: Question): boolean =>
    each.kind === "approval" || each.kind === "agent" || OURS.some((name) => each.id.startsWith(name));
  return questions.filter((each) => !goes(each));
}

/** The run after an event about a patch; undefined when it is about something else. */
export function changePatch(run: RunShown, event: RunEvent, entry: Entry): RunShown | undefined {
  if (event.kind === "hunks_marked") return marked(run, event, entry);
  const how = CHANGES[event.kind as keyof typeof CHANGES] as Change<keyof typeof CHANGES> | undefined;
  if (!how || !("patchId" in event)) return undefined;
  return only(run, event.patchId, (patch) => how(patch, event as never));
}

type Change<K extends RunEvent["kind"]> = (patch: Patch, event: Of<K>) => Partial<Patch>;

const applied: Change<"patch_applied"> = (patch, event) => ({
  applied: [...patch.applied, event.applied],
  ...(event.applied.whole ? { state: "applied" } : {}),
});

const reverted: Change<"patch_reverted"> = (patch, event) => {
  const gone = [...patch.reverted, event.applyId];
  const standing = patch.applied.some((each) => !gone.includes(each.id));
  if (!standing) return { reverted: gone, state: "reverted" };
  return { reverted: gone, state: patch.state === "applied" ? "proposed" : patch.state };
};

const proposed: Change<"patch_proposed"> = (_, event) => ({ state: "proposed", untested: event.untested });
const settled: Change<"conflict_settled"> = (patch, { path, take }) => ({
  takes: { ...patch.takes, [path]: take },
});

const CHANGES = {
  patch_applied: applied,
  patch_reverted: reverted,
  patch_proposed: proposed,
  conflict_settled: settled,
};

function only(run: RunShown, patchId: string, changes: (patch: Patch) => Partial<Patch>): RunShown {
  const change = (each: Patch): Patch => (each.id === patchId ? { ...each, ...changes(each) } : each);
  return { ...run, patches: run.patches.map(change) };
}

function marked(run: RunShown, event: Of<"hunks_marked">, entry: Entry): RunShown {
  const mark: HunkMark = { mark: event.mark, by: entry.actor, at: entry.time, comment: event.comment };
  const these = Object.fromEntries(event.hunks.map((each) => [each, mark]));
  const all = { ...run.marks[event.patchId], ...these };
  return { ...run, marks: { ...run.marks, [event.patchId]: all } };
}

/** The integration tree moved on; a moved tree makes its patch a draft again. */
export function integratedInto(run: RunShown, task: Task, event: TaskIntegrated): RunShown {
  const { tree, commit } = event;
  if (!run.patches.some((each) => each.number === task.patch)) {
    return { ...run, patches: [...run.patches, fresh(run, task, tree, commit)] };
  }
  return only(run, `patch-${task.patch}`, (patch) => ({
    tree,
    commit,
    tasks: patch.tasks.includes(task.id) ? patch.tasks : [...patch.tasks, task.id],
    ...(tree === patch.tree ? {} : { state: "draft", tested: null, untested: false, takes: {} }),
  }));
}

function fresh(run: RunShown, task: Task, tree: string, commit: string): Patch {
  const nothing = { tested: null, untested: false, applied: [], reverted: [], takes: {} };
  const number = task.patch;
  const told = { id: `patch-${number}`, number, base: run.base.tree, tree, commit, tasks: [task.id] };
  return { ...told, ...nothing, state: "draft" };
}

/** The tests of a patch ended. */
export function testedIn(run: RunShown, number: number, outcome: TestOutcome): RunShown {
  return only(run, `patch-${number}`, () => ({
    tested: outcome.passed ? outcome.tree : null,
    untested: outcome.untested,
  }));
}
