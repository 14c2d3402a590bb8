/** Hunks of a patch: which lines they change, what is said of them, where they are in a file. Pure. */

import type { Patch, PatchDetail, PatchHunk } from "../shared/protocol";

/** A hunk as the diff draws it: each line begins with a space, `+` or `-`. */
export interface Drawn {
  readonly path: string;
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly string[];
}

const HEAD = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The hunks of a diff as git writes it. */
export function drawn(diff: string): readonly Drawn[] {
  return diff.split(/\n(?=diff --git )/).flatMap((section) => ofSection(section.split("\n")));
}

function ofSection(lines: readonly string[]): readonly Drawn[] {
  const first = lines.findIndex((line) => HEAD.test(line));
  if (first < 0) return [];
  const names = lines.slice(0, first).filter((line) => /^(---|\+\+\+) /.test(line));
  const path = names.map((line) => name(line.slice(4))).findLast((each) => each !== undefined) ?? "";
  const found: (Drawn & { lines: string[] })[] = [];
  for (const line of lines.slice(first)) {
    const head = HEAD.exec(line);
    if (head) found.push({ path, oldStart: Number(head[1]), newStart: Number(head[2]), lines: [] });
    else if (/^[ +-]/.test(line)) found.at(-1)?.lines.push(line);
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  v: "\v",
  f: "\f",
};

/** A file's name behind `---` or `+++`; undefined: there is no file on this side. */
function name(word: string): string | undefined {
  const bare = word.replace(/[\t\r]+$/, "");
  if (bare === "/dev/null") return undefined;
  return (bare.startsWith('"') ? unquoted(bare) : bare).slice(2);
}

function unquoted(word: string): string {
  const bytes: number[] = [];
  for (const [all, octal, letter] of word.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gs)) {
    if (octal !== undefined) bytes.push(parseInt(octal, 8));
    else bytes.push(...new TextEncoder().encode(letter === undefined ? all : (ESCAPES[letter] ?? letter)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** A hunk's drawing; undefined: it has no lines to show. */
export function drawing(all: readonly Drawn[], hunk: PatchHunk): Drawn | undefined {
  return all.find(
    (each) => each.path === hunk.path && each.newStart === hunk.newStart && each.oldStart === hunk.oldStart,
  );
}

/** The first line that a hunk changes, from 0, on the side that is asked for. */
export function firstLine(hunk: PatchHunk, drawn: Drawn | undefined, side: "before" | "after"): number {
  const start = Math.max((side === "after" ? hunk.newStart : hunk.oldStart) - 1, 0);
  const context = drawn?.lines.findIndex((line) => !line.startsWith(" ")) ?? 0;
  return start + Math.max(context, 0);
}

/** The lines (from 0) of a file that an applied hunk has written; none when they are not there as a whole. */
export function written(drawn: Drawn, text: string): readonly number[] {
  const block = drawn.lines.filter((line) => !line.startsWith("-"));
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const at = nearest(
    lines,
    block.map((line) => line.slice(1).replace(/\r$/, "")),
    drawn.newStart - 1,
  );
  if (at === undefined) return [];
  return block.flatMap((line, number) => (line.startsWith("+") ? [at + number] : []));
}

function nearest(lines: readonly string[], block: readonly string[], wanted: number): number | undefined {
  const fits = (at: number): boolean => at >= 0 && block.every((line, number) => lines[at + number] === line);
  for (let away = 0; away <= lines.length; away += 1) {
    if (fits(wanted - away)) return wanted - away;
    if (fits(wanted + away)) return wanted + away;
  }
  return undefined;
}

/** What is said of a hunk in one line: who wrote it, for which requirement, what people think of it. */
export function story(hunk: PatchHunk): string {
  const by = hunk.workers.length > 0 ? hunk.workers.join(", ") : "nobody known";
  const models = hunk.models.filter((each) => each !== "").join(", ");
  const needs = hunk.requirements.length > 0 ? `for ${hunk.requirements.join(", ")}` : "";
  return [models === "" ? by : `${by} (${models})`, needs].filter((each) => each !== "").join(" · ");
}

/** What became of a hunk. */
export function standing(hunk: PatchHunk): "applied" | "accepted" | "rejected" | "reviewed" | "open" {
  if (hunk.applied !== null) return "applied";
  const mark = hunk.mark?.mark ?? "unseen";
  return mark === "unseen" ? "open" : mark;
}

/** Ids of the hunks that were accepted and are not applied yet. */
export function accepted(detail: PatchDetail): readonly string[] {
  return detail.hunks.filter((each) => standing(each) === "accepted").map((each) => each.id);
}

/** Hunks of one file. */
export function inFile(detail: PatchDetail, path: string): readonly PatchHunk[] {
  return detail.hunks.filter((each) => each.path === path);
}

/** Whether hunks of a patch can be applied now. */
export function appliable(patch: Patch): boolean {
  return patch.state === "proposed" || patch.state === "reverted";
}
