/** One page and the host in conversation: what is told to it, and what becomes of what it asks. */

import { Owner } from "../dispose";
import type { ParamsOf, ResultOf, Verb } from "../shared/methods";
import type { FromPane, ToPane } from "../shared/pane";
import { fromPane } from "../shared/pane-shapes";
import type { Settings } from "../shared/protocol";
import { refused } from "../shared/refusal";
import type { PaneHost } from "./host";

/** Tells a page what happens and does what it asks, as long as it is there. */
export class Conversation extends Owner {
  readonly #host: PaneHost;
  readonly #post: (message: ToPane) => void;
  /** What was fixed at the start of each run that was shown. */
  readonly #settings = new Map<string, Settings>();

  constructor(host: PaneHost, post: (message: ToPane) => void) {
    super();
    this.#host = host;
    this.#post = (message) => {
      if (!this.disposed) post(message);
    };
    this.own(host.onChange(() => void this.#tellAll()));
    this.own(this.#listen());
  }

  /** Something came from the page; what has not the shape of a message is passed over. */
  async hear(value: unknown): Promise<void> {
    const message = fromPane(value);
    if (message?.kind === "ready") await this.#ready(message.runId);
    else if (message?.kind === "choose") await this.#choose(message.runId);
    else if (message) await this.#carryOut(message);
  }

  #listen(): { dispose(): void } {
    const shown = (runId: string): boolean => runId === this.#host.current();
    return this.#host.listen({
      snapshot: (snapshot) => {
        if (!shown(snapshot.runId)) return;
        this.#post({ kind: "snapshot", snapshot, settings: this.#settings.get(snapshot.runId) ?? null });
      },
      entry: (runId, entry) => {
        if (entry.event.kind === "run_created") this.#settings.set(runId, entry.event.run.settings);
        if (shown(runId)) this.#post({ kind: "event", runId, entry });
        if (entry.event.kind === "run_state_changed") void this.#runs();
      },
      log: (told) => {
        if (shown(told.runId)) this.#post({ kind: "log", told });
      },
      beat: (beat) => {
        if (shown(beat.runId)) this.#post({ kind: "heartbeat", beat });
      },
    });
  }

  async #ready(runId: string | null): Promise<void> {
    if (runId !== null && this.#host.current() === null) this.#host.choose(runId);
    await this.#tellAll();
    await this.#look();
  }

  async #choose(runId: string | null): Promise<void> {
    this.#host.choose(runId);
    await this.#runs();
    await this.#look();
  }

  async #tellAll(): Promise<void> {
    this.#post({ kind: "connection", ...this.#host.standing() });
    this.#post({ kind: "settings", next: this.#host.next() });
    await this.#runs();
  }

  async #runs(): Promise<void> {
    const { state } = this.#host.standing();
    const found = state === "running" ? await this.#quietly("run/list", {}) : undefined;
    this.#post({ kind: "runs", runs: found?.runs ?? [], current: this.#host.current() });
  }

  async #look(): Promise<void> {
    const runId = this.#host.current();
    if (runId === null) return;
    if (!this.#settings.has(runId)) {
      const page = await this.#quietly("run/events", { runId, after: 0, limit: 1 });
      const first = page?.entries[0]?.event;
      if (first?.kind === "run_created") this.#settings.set(runId, first.run.settings);
    }
    await this.#host.look(runId);
  }

  async #carryOut(message: Extract<FromPane, { id: number }>): Promise<void> {
    try {
      const result = await this.#result(message);
      this.#post({ kind: "answer", id: message.id, result });
    } catch (error) {
      const why = refused(error);
      this.#post({ kind: "refusal", id: message.id, words: why.message, step: why.nextStep });
    }
  }

  #result(message: Extract<FromPane, { id: number }>): Promise<unknown> {
    if (message.kind === "command") return this.#host.run(message.command, message.args);
    return this.#host.request(message.verb, message.params);
  }

  /** A result, or nothing when it cannot be had: the pane shows what it has. */
  #quietly<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V> | undefined> {
    return this.#host.request(verb, params).catch(() => undefined);
  }
}
