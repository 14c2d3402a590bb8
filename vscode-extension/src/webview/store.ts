/** The page's state: reduced from what the host tells, told to whoever shows it, asked for anew after a gap. */

import type { ParamsOf, ResultOf } from "../shared/methods";
import { type PaneCommand, type PaneVerb, TABS, type Tab, Talk, type ToPane, Turned } from "../shared/pane";
import { toPane } from "../shared/pane-shapes";
import { NOTHING, type PaneState, reduce } from "../state/pane";
import { LogBook } from "./logs";
import type { Kept, Port } from "./port";

/** What VS Code gives to a page. */
export interface Api {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** Something that could not be done, in words. */
export interface Trouble {
  readonly words: string;
  readonly step: string;
}

const FRESH: Kept = { runId: null, tab: "tasks", goal: "", guidance: "" };

/** The state of the page, and its way to the host. */
export class Store implements Port {
  readonly logs = new LogBook();
  readonly #api: Api;
  readonly #talk: Talk;
  readonly #now: () => number;
  readonly #heard = new Set<() => void>();
  #state: PaneState = NOTHING;
  #trouble: Trouble | undefined;
  #kept: Kept;

  constructor(api: Api, now: () => number) {
    this.#api = api;
    this.#now = now;
    this.#talk = new Talk((message) => {
      api.postMessage(message);
    });
    this.#kept = kept(api.getState());
  }

  get state(): PaneState {
    return this.#state;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  get kept(): Kept {
    return this.#kept;
  }

  /** Say that the page is there; the host tells everything. */
  begin(): void {
    this.#api.postMessage({ kind: "ready", runId: this.#kept.runId });
  }

  /** Hear of changes from now on. */
  onChange(heard: () => void): void {
    this.#heard.add(heard);
  }

  /** Something came from the host; what has not the shape of a message is passed over. */
  hear(value: unknown): void {
    const message = toPane(value);
    if (!message || this.#talk.heard(message)) return;
    const before = this.#state;
    this.#state = reduce(before, message, this.#now());
    this.#follow(before, message);
    this.#tell();
  }

  async ask<V extends PaneVerb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V> | undefined> {
    try {
      return await this.#talk.ask(verb, params);
    } catch (error) {
      this.say(error instanceof Turned ? { words: error.message, step: error.step } : undefined);
      return undefined;
    }
  }

  run(command: PaneCommand, args: object = {}): void {
    this.#talk.run(command, args).catch((error: unknown) => {
      this.say(error instanceof Turned ? { words: error.message, step: error.step } : undefined);
    });
  }

  choose(runId: string | null): void {
    this.#api.postMessage({ kind: "choose", runId });
  }

  keep(what: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...what };
    this.#api.setState(this.#kept);
    this.#tell();
  }

  /** Show what could not be done; undefined: it was read. */
  say(trouble: Trouble | undefined): void {
    this.#trouble = trouble;
    this.#tell();
  }

  #follow(before: PaneState, message: ToPane): void {
    if (message.kind === "log" && message.told.runId === this.#state.current) {
      for (const each of message.told.batches) this.logs.of(each.workerId).add(each);
    }
    if (message.kind === "show") this.keep({ tab: message.tab });
    if (this.#state.current !== before.current) {
      this.logs.clear();
      this.keep({ runId: this.#state.current });
    }
    if (before.whole && !this.#state.whole) this.choose(this.#state.current);
  }

  #tell(): void {
    for (const each of this.#heard) each();
  }
}

function kept(saved: unknown): Kept {
  if (typeof saved !== "object" || saved === null) return FRESH;
  const { runId, tab, goal, guidance } = saved as Readonly<Record<string, unknown>>;
  return {
    runId: typeof runId === "string" ? runId : null,
    tab: TABS.includes(tab as Tab) ? (tab as Tab) : FRESH.tab,
    goal: typeof goal === "string" ? goal : "",
    guidance: typeof guidance === "string" ? guidance : "",
  };
}
