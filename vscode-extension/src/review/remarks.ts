/** What was said about lines of a patch: by the reviewer, by tests, by people who turned a hunk down. Pure. */

import type { Finding, PatchDetail, Snapshot } from "../shared/protocol";
import { type Drawn, drawing, firstLine } from "./hunks";

/** A remark with its place. */
export interface Remark {
  readonly path: string;
  /** From 0, in the file after the patch. */
  readonly line: number;
  readonly author: string;
  readonly text: string;
  readonly label: string;
}

/** All remarks about a patch as it is now, each once. */
export function remarks(run: Snapshot, detail: PatchDetail, diff: readonly Drawn[]): readonly Remark[] {
  const found = [...findings(run, detail), ...rejections(detail, diff)];
  return [...new Map(found.map((each) => [`${each.path} ${each.line} ${each.text}`, each])).values()];
}

function findings(run: Snapshot, detail: PatchDetail): readonly Remark[] {
  const files = new Set(detail.changes.files.map((each) => each.path));
  return run.tasks
    .filter((task) => task.patch === detail.patch.number)
    .flatMap((task) => [...task.findings, ...judged(task.outcome, detail.patch.tree)])
    .filter((each) => files.has(each.file) && !each.baseline)
    .map((each) => ({
      path: each.file,
      line: Math.max(each.line - 1, 0),
      author: WHO[each.source],
      text: each.message,
      label: each.severity,
    }));
}

/** What a verdict or a test says about the tree that the patch has now; of an older tree it says nothing. */
function judged(outcome: Snapshot["tasks"][number]["outcome"], tree: string): readonly Finding[] {
  const judges = outcome?.kind === "review" || outcome?.kind === "test";
  return judges && outcome.tree === tree ? outcome.findings : [];
}

const WHO: Readonly<Record<Finding["source"], string>> = {
  test: "tester",
  review: "reviewer",
  conflict: "merge",
  human: "you",
  salvage: "sextet",
};

function rejections(detail: PatchDetail, diff: readonly Drawn[]): readonly Remark[] {
  return detail.hunks.flatMap((hunk) => {
    if (hunk.mark === null || hunk.mark.comment === "") return [];
    const line = firstLine(hunk, drawing(diff, hunk), "after");
    return [{ path: hunk.path, line, author: hunk.mark.by, text: hunk.mark.comment, label: hunk.mark.mark }];
  });
}
