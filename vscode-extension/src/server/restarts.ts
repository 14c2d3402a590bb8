/** When a server that crashed is started again, and when no more. Pure: time comes from the caller. */

/** Milliseconds before each start after a crash; one crash more within the budget's time ends it. */
export const PAUSES: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000];

/** Milliseconds after which a crash is forgotten. */
export const COOL_DOWN = 180_000;

/** Counts crashes: each once, however many requests it took along. */
export class CrashBudget {
  readonly #pauses: readonly number[];
  readonly #coolDown: number;
  #crashes: number[] = [];

  constructor(pauses: readonly number[] = PAUSES, coolDown: number = COOL_DOWN) {
    this.#pauses = pauses;
    this.#coolDown = coolDown;
  }

  /** A crash at `now`: milliseconds until the next start, or undefined when it is enough. */
  crashed(now: number): number | undefined {
    this.#crashes = this.#crashes.filter((at) => now - at < this.#coolDown);
    this.#crashes.push(now);
    return this.#pauses[this.#crashes.length - 1];
  }

  /** How many crashes are not forgotten. */
  get crashes(): number {
    return this.#crashes.length;
  }

  /** A person wants it anew. */
  forgive(): void {
    this.#crashes = [];
  }
}

/** Wraps an action so that calls made while it runs become one more run after it. */
export function coalesced(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    const run = action().finally(() => {
      running = undefined;
    });
    running = run;
    return run;
  };
  const after = async (now: Promise<void>): Promise<void> => {
    await now.catch(() => undefined);
    next = undefined;
    return begin();
  };
  return () => {
    if (running === undefined) return begin();
    next ??= after(running);
    return next;
  };
}
