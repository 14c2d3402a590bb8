/** The runs of this window as they are now: read anew whenever something happens in one. */

import { Owner } from "./dispose";
import type { Feed, Listener } from "./feed";
import type { Patch, Question, RunState, Snapshot } from "./shared/protocol";

/** States in which nothing more happens by itself. */
export const ENDED: ReadonlySet<RunState> = new Set(["completed", "stopped", "failed"]);

/** Hears that a run is another one than before. */
export type Changed = (now: Snapshot, before: Snapshot | undefined) => void;

/** Calls later; a port. */
export type Later = (milliseconds: number, action: () => void) => { dispose(): void };

/** Milliseconds in which several changes of a run become one. */
const PAUSE = 150;

/** The runs of this window. */
export class Runs extends Owner implements Listener {
  readonly #feed: Feed;
  readonly #later: Later;
  readonly #runs = new Map<string, Snapshot>();
  readonly #stale = new Map<string, { dispose(): void }>();
  readonly #heard = new Set<Changed>();
  #chosen: string | undefined;

  constructor(feed: Feed, later: Later) {
    super();
    this.#feed = feed;
    this.#later = later;
    this.own(feed.listen(this));
    this.own({
      dispose: () => {
        for (const each of this.#stale.values()) each.dispose();
      },
    });
  }

  /** Hear of changes from now on. */
  onChange(heard: Changed): { dispose(): void } {
    this.#heard.add(heard);
    return { dispose: () => this.#heard.delete(heard) };
  }

  get all(): readonly Snapshot[] {
    return [...this.#runs.values()].toSorted((a, b) => b.createdAt - a.createdAt);
  }

  get(runId: string): Snapshot | undefined {
    return this.#runs.get(runId);
  }

  /** The run that commands mean: the chosen one, else one at work, else the newest. */
  get current(): Snapshot | undefined {
    const chosen = this.#chosen === undefined ? undefined : this.#runs.get(this.#chosen);
    return chosen ?? this.all.find((each) => !ENDED.has(each.state)) ?? this.all[0];
  }

  /** Let commands mean this run from now on. */
  choose(runId: string): void {
    this.#chosen = runId;
    const now = this.#runs.get(runId);
    if (now) this.#tell(now, now);
    else void this.#feed.look(runId);
  }

  snapshot(snapshot: Snapshot): void {
    const before = this.#runs.get(snapshot.runId);
    this.#runs.set(snapshot.runId, snapshot);
    this.#tell(snapshot, before);
  }

  entry(runId: string): void {
    if (this.#stale.has(runId)) return;
    const look = (): void => {
      this.#stale.delete(runId);
      void this.#feed.look(runId);
    };
    this.#stale.set(runId, this.#later(PAUSE, look));
  }

  #tell(now: Snapshot, before: Snapshot | undefined): void {
    for (const each of this.#heard) each(now, before);
  }
}

/** The latest patch of a run. */
export function latestPatch(run: Snapshot): Patch | undefined {
  return run.patches.at(-1);
}

/** Whether a patch waits for the person. */
export function waits(patch: Patch | undefined): boolean {
  return patch?.state === "proposed";
}

/** What waits for the person in a run, the oldest first. */
export function questions(run: Snapshot): readonly Question[] {
  return run.questions.toSorted((a, b) => a.askedAt - b.askedAt);
}

/** Whether anything in a run waits for the person. */
export function needsYou(run: Snapshot): boolean {
  const gate = run.tasks.some((task) => task.state === "awaiting_review");
  return run.questions.length > 0 || gate || run.state === "waiting_for_human" || waits(latestPatch(run));
}

/** How far a run is: tasks that are done, of all of the current patch. */
export function progress(run: Snapshot): { done: number; all: number } {
  const now = run.tasks.filter((task) => task.patch === run.patch && task.state !== "superseded");
  const done = now.filter((task) => task.state === "done" || task.state === "integrated");
  return { done: done.length, all: now.length };
}
