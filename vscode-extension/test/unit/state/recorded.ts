/** A rehearsal as it was recorded: its entries, and its snapshot after each of them. */

import { readFileSync } from "node:fs";
import type { Entry, Snapshot, Task } from "../../../src/shared/protocol";

interface Step {
  readonly entry: Entry;
  readonly snapshot: Partial<Snapshot>;
}

/** Every entry of the recorded run. */
export const entries: readonly Entry[] = steps().map((step) => step.entry);

/** The snapshot after each entry. */
export const snapshots: readonly Snapshot[] = whole(steps());

function steps(): Step[] {
  const text = readFileSync("test/unit/recorded/demo.json", "utf8");
  return JSON.parse(text) as Step[];
}

function whole(all: readonly Step[]): Snapshot[] {
  let now = { tasks: [] as Task[] } as Snapshot;
  return all.map(({ snapshot }) => {
    const tasks = snapshot.tasks ? merged(now.tasks, snapshot.tasks) : now.tasks;
    now = { ...now, ...snapshot, tasks };
    return now;
  });
}

function merged(known: readonly Task[], changed: readonly Task[]): Task[] {
  const byId = new Map(known.map((each) => [each.id, each]));
  for (const each of changed) byId.set(each.id, each);
  return [...byId.values()];
}
