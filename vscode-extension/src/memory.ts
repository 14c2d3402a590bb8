/** What a window remembers: the run it works on, and the folder that was picked. */

/** Where a window keeps something; the editor's `workspaceState`. */
export interface Shelf {
  get(key: string): unknown;
  update(key: string, value: unknown): unknown;
}

/** Milliseconds after which a window that comes back is another day, and nothing goes on unasked. */
export const SAME_SITTING = 120_000;

const RUN = "sextet.run";
const SEEN = "sextet.seen";
const FOLDER = "sextet.folder";

/** The memory of a window. */
export class Memory {
  readonly #shelf: Shelf;
  readonly #now: () => number;
  #here = false;

  constructor(shelf: Shelf, now: () => number) {
    this.#shelf = shelf;
    this.#now = now;
  }

  /** The run to go on with: after a crash, and when the window was only reloaded; empty: none. */
  get resume(): string {
    const run = this.#shelf.get(RUN);
    const seen = this.#shelf.get(SEEN);
    const fresh = this.#here || (typeof seen === "number" && this.#now() - seen < SAME_SITTING);
    return typeof run === "string" && fresh ? run : "";
  }

  /** This window works on a run now; empty: on none. */
  workOn(run: string): void {
    this.#shelf.update(RUN, run);
    this.seen();
  }

  /** Works on it no more, if it was this one. */
  over(run: string): void {
    if (this.#shelf.get(RUN) === run) this.workOn("");
  }

  /** The window is still there. */
  seen(): void {
    this.#here = true;
    this.#shelf.update(SEEN, this.#now());
  }

  /** The path of the folder that was picked. */
  get folder(): string | undefined {
    const found = this.#shelf.get(FOLDER);
    return typeof found === "string" ? found : undefined;
  }

  set folder(path: string | undefined) {
    this.#shelf.update(FOLDER, path);
  }
}
