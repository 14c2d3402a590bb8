/** Everything that happens in runs, in order and without gaps, also across a crash of the server. */

import type { Notifications, ParamsOf, ResultOf, Verb } from "./shared/methods";
import type { Entry, Heartbeat, LogTold, Snapshot } from "./shared/protocol";
import { refused } from "./shared/refusal";

/** Carries out verbs. */
export interface Verbs {
  request<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>>;
}

/** Hears what happens in runs. */
export interface Listener {
  /** The whole of a run; entries after its `seq` follow. */
  snapshot?(snapshot: Snapshot): void;
  /** The next entry of a run. */
  entry?(runId: string, entry: Entry): void;
  log?(told: LogTold): void;
  beat?(beat: Heartbeat): void;
}

interface Known {
  last: number;
  work: Promise<void>;
}

/** Puts the server's notifications in order and fills gaps by asking. */
export class Feed {
  readonly #verbs: Verbs;
  readonly #trouble: (words: string) => void;
  readonly #runs = new Map<string, Known>();
  readonly #listeners = new Set<Listener>();

  constructor(verbs: Verbs, trouble: (words: string) => void) {
    this.#verbs = verbs;
    this.#trouble = trouble;
  }

  /** Hear from now on; the result ends that. */
  listen(listener: Listener): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** A notification of the server. */
  told<N extends keyof Notifications>(name: N, params: Notifications[N]): void {
    const hear: { readonly [M in keyof Notifications]: (said: Notifications[M]) => void } = {
      event: (said) => {
        this.#event(said.runId, said.event);
      },
      resync: (said) => void this.look(said.runId),
      log: (said) => {
        this.#tell((each) => each.log?.(said));
      },
      heartbeat: (said) => {
        this.#tell((each) => each.beat?.(said));
      },
    };
    hear[name](params);
  }

  /** Read a run anew; resolves when listeners have its snapshot. */
  look(runId: string): Promise<void> {
    return this.#after(runId, () => this.#snapshot(runId));
  }

  /** The server is another one: what happened meanwhile, then the whole of each run. */
  async reattach(): Promise<void> {
    const each = [...this.#runs].map(([runId, known]) =>
      this.#after(runId, async () => {
        if (known.last > 0) await this.#catchUp(runId, known);
        await this.#snapshot(runId);
      }),
    );
    await Promise.all(each);
  }

  #event(runId: string, entry: Entry): void {
    void this.#after(runId, async (known) => {
      if (known.last === 0) await this.#snapshot(runId);
      else if (entry.seq === known.last + 1) this.#entry(runId, known, entry);
      else if (entry.seq > known.last) await this.#catchUp(runId, known);
    });
  }

  async #snapshot(runId: string): Promise<void> {
    const found = await this.#verbs.request("run/snapshot", { runId });
    const known = this.#known(runId);
    known.last = Math.max(known.last, found.seq);
    this.#tell((each) => each.snapshot?.(found));
  }

  async #catchUp(runId: string, known: Known): Promise<void> {
    for (;;) {
      const page = await this.#verbs.request("run/events", { runId, after: known.last });
      const before = known.last;
      for (const entry of page.entries) if (entry.seq === known.last + 1) this.#entry(runId, known, entry);
      if (known.last >= page.last || known.last === before) return;
    }
  }

  #entry(runId: string, known: Known, entry: Entry): void {
    known.last = entry.seq;
    this.#tell((each) => each.entry?.(runId, entry));
  }

  /** One thing after another for each run; trouble with one does not end the next. */
  #after(runId: string, work: (known: Known) => Promise<void>): Promise<void> {
    const known = this.#known(runId);
    known.work = known.work
      .then(() => work(known))
      .catch((error: unknown) => {
        const why = refused(error);
        if (why.kind === "notFound") this.#runs.delete(runId);
        this.#trouble(`${runId}: ${why.message}`);
      });
    return known.work;
  }

  #known(runId: string): Known {
    const found = this.#runs.get(runId) ?? { last: 0, work: Promise.resolve() };
    this.#runs.set(runId, found);
    return found;
  }

  #tell(what: (listener: Listener) => void): void {
    for (const each of this.#listeners) what(each);
  }
}
