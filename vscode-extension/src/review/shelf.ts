/** The patches that are looked at, as the server tells them now, and their files. */

import { Owner } from "../dispose";
import type { Feed, Listener, Verbs } from "../feed";
import type { Entry, PatchDetail, PatchFile, RunEvent } from "../shared/protocol";
import type { Address } from "./address";

/** Events after which a patch looks different. */
const CHANGES: ReadonlySet<RunEvent["kind"]> = new Set([
  "task_integrated",
  "hunks_marked",
  "patch_proposed",
  "patch_applied",
  "patch_reverted",
  "patch_retested",
  "conflict_settled",
  "task_finished",
  "rework_started",
]);

/** Files that are remembered. */
const KEPT = 200;

/** Calls later; a port. */
export type Later = (milliseconds: number, action: () => void) => { dispose(): void };

/** Reads patches and remembers them while they are the same. */
export class PatchShelf extends Owner implements Listener {
  readonly #verbs: Verbs;
  readonly #later: Later;
  readonly #patches = new Map<string, PatchDetail>();
  readonly #files = new Map<string, Promise<PatchFile>>();
  readonly #heard = new Set<(runId: string, detail: PatchDetail) => void>();
  readonly #waiting = new Map<string, { dispose(): void }>();

  constructor(verbs: Verbs, feed: Feed, later: Later) {
    super();
    this.#verbs = verbs;
    this.#later = later;
    this.own(feed.listen(this));
    this.own({
      dispose: () => {
        for (const each of this.#waiting.values()) each.dispose();
      },
    });
  }

  /** Hear that a patch is another one than before. */
  onChange(heard: (runId: string, detail: PatchDetail) => void): { dispose(): void } {
    this.#heard.add(heard);
    return { dispose: () => this.#heard.delete(heard) };
  }

  /** The patch as it is now; it is kept up to date from then on. */
  async look(runId: string, patchId: string): Promise<PatchDetail> {
    const found = await this.#verbs.request("patch/get", { runId, patchId });
    this.#patches.set(`${runId} ${patchId}`, found);
    for (const each of this.#heard) each(runId, found);
    return found;
  }

  /** A patch that was looked at. */
  known(runId: string, patchId: string): PatchDetail | undefined {
    return this.#patches.get(`${runId} ${patchId}`);
  }

  /** All patches that were looked at, with their runs. */
  get all(): readonly (readonly [runId: string, detail: PatchDetail])[] {
    return [...this.#patches].map(([key, detail]) => [key.split(" ")[0] ?? "", detail]);
  }

  /** A file before and after a patch. */
  file(address: Omit<Address, "side">): Promise<PatchFile> {
    const key = JSON.stringify([address.runId, address.patchId, address.tree, address.path]);
    const known = this.#files.get(key);
    if (known) return known;
    const { runId, patchId, path } = address;
    const read = this.#verbs.request("patch/file", { runId, patchId, path });
    this.#files.set(key, read);
    read.catch(() => this.#files.delete(key));
    const [oldest] = this.#files.keys();
    if (this.#files.size > KEPT && oldest !== undefined) this.#files.delete(oldest);
    return read;
  }

  entry(runId: string, entry: Entry): void {
    if (!CHANGES.has(entry.event.kind) || this.#waiting.has(runId)) return;
    const mine = [...this.#patches.keys()].filter((key) => key.startsWith(`${runId} `));
    if (mine.length === 0) return;
    const again = (): void => {
      this.#waiting.delete(runId);
      for (const key of mine) void this.look(runId, key.split(" ")[1] ?? "").catch(() => undefined);
    };
    this.#waiting.set(runId, this.#later(150, again));
  }
}
