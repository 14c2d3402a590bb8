/** Log lines of all workers of a run, in pages: new ones are told, older ones are asked for when seen. */

import type { LogLines, LogPage } from "../shared/protocol";

/** Lines of a page. */
export const PAGE = 500;
/** Pages of a worker that are kept. */
const KEPT = 40;

/** The log of one worker, its lines numbered from 1. */
export class WorkerLog {
  readonly #pages = new Map<number, (string | undefined)[]>();
  readonly #left = new Map<number, number>();
  #first = 1;
  #last = 0;

  /** The first line that can be had; those before it are gone. */
  get first(): number {
    return this.#first;
  }

  /** The last line that is known of. */
  get last(): number {
    return this.#last;
  }

  /** Lines were told. */
  add(batch: LogLines): void {
    this.#put(batch.firstSeq, batch.lines);
    const missing = batch.dropped - Math.max(0, batch.firstSeq - this.#last - 1);
    if (missing > 0) this.#left.set(batch.firstSeq, missing);
    this.#last = Math.max(this.#last, batch.firstSeq + batch.lines.length - 1);
    this.#forget(this.#last);
  }

  /** A page was read from `asked` on (negative: from the end); what is missing before it is gone. */
  fill(asked: number, page: LogPage): void {
    this.#put(page.first, page.lines);
    this.#last = Math.max(this.#last, page.next - 1);
    if (asked > 0 && page.first > asked) {
      if (asked <= this.#first) this.#first = page.first;
      else this.#left.set(page.first, page.first - asked);
    }
    this.#forget(page.first);
  }

  /** A line; undefined when it has to be asked for. */
  line(seq: number): string | undefined {
    return this.#pages.get(Math.floor(seq / PAGE))?.[seq % PAGE];
  }

  /** How many lines were left out before a line. */
  leftOut(seq: number): number {
    return seq === this.#first
      ? Math.max(this.#first - 1, this.#left.get(seq) ?? 0)
      : (this.#left.get(seq) ?? 0);
  }

  /** The first line of these that has to be asked for. */
  missing(from: number, to: number): number | undefined {
    for (let seq = Math.max(from, this.#first); seq <= Math.min(to, this.#last); seq += 1) {
      if (this.line(seq) === undefined) return seq;
    }
    return undefined;
  }

  #put(first: number, lines: readonly string[]): void {
    lines.forEach((line, index) => {
      const seq = first + index;
      const number = Math.floor(seq / PAGE);
      const page = this.#pages.get(number) ?? [];
      page[seq % PAGE] = line;
      this.#pages.set(number, page);
    });
  }

  /** Keep the pages that are nearest to what is looked at. */
  #forget(near: number): void {
    const here = Math.floor(near / PAGE);
    while (this.#pages.size > KEPT) {
      const [far] = [...this.#pages.keys()].sort((a, b) => Math.abs(b - here) - Math.abs(a - here));
      if (far === undefined) return;
      this.#pages.delete(far);
    }
  }
}

/** The logs of a run. */
export class LogBook {
  readonly #logs = new Map<string, WorkerLog>();

  /** The log of a worker. */
  of(workerId: string): WorkerLog {
    const found = this.#logs.get(workerId) ?? new WorkerLog();
    this.#logs.set(workerId, found);
    return found;
  }

  /** Another run has other logs. */
  clear(): void {
    this.#logs.clear();
  }
}
