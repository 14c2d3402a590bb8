/** What is offered above each hunk of a patch. Pure. */

import type { PatchDetail, PatchHunk } from "../shared/protocol";
import type { Address } from "./address";
import { type Drawn, appliable, drawing, firstLine, inFile, standing, story } from "./hunks";

/** A command above a line (from 0). */
export interface Lens {
  readonly line: number;
  readonly title: string;
  readonly command: string;
  readonly given: Readonly<Record<string, unknown>>;
}

/** The lenses of one side of a file: of the side that has the file after the patch, else before it. */
export function lenses(detail: PatchDetail, diff: readonly Drawn[], address: Address): readonly Lens[] {
  const change = detail.changes.files.find((each) => each.path === address.path);
  const side = change?.newBlob === null ? "before" : "after";
  if (address.side !== side || address.tree !== detail.patch.tree) return [];
  return inFile(detail, address.path).flatMap((hunk) => {
    const line = firstLine(hunk, drawing(diff, hunk), side);
    const given = { runId: address.runId, patchId: address.patchId, hunks: [hunk.id] };
    return offered(detail, hunk).map(([title, command]) => ({ line, title, command, given }));
  });
}

type Offer = readonly [title: string, command: string];

const ACCEPT: Offer = ["$(check) Accept", "sextet.ui.acceptHunk"];
const REJECT: Offer = ["$(close) Reject…", "sextet.ui.rejectHunk"];
const COMMENT: Offer = ["$(comment) Comment…", "sextet.ui.commentHunk"];
const APPLY: Offer = ["$(desktop-download) Apply", "sextet.ui.applyHunk"];
const FORGET: Offer = ["$(discard) Take back the mark", "sextet.ui.unmarkHunk"];

function offered(detail: PatchDetail, hunk: PatchHunk): readonly Offer[] {
  const now = standing(hunk);
  const origin: Offer = [
    `${now === "open" ? "" : `${ICONS[now]} ${now} · `}${story(hunk)}`,
    "sextet.ui.openAuthor",
  ];
  if (now === "applied")
    return [origin, COMMENT, ["$(discard) Take the patch back", "sextet.ui.revertPatch"]];
  const marks = now === "open" ? [ACCEPT, REJECT] : now === "rejected" ? [ACCEPT, FORGET] : [REJECT, FORGET];
  return [origin, ...marks, COMMENT, ...(appliable(detail.patch) && now !== "rejected" ? [APPLY] : [])];
}

const ICONS = {
  applied: "$(pass-filled)",
  accepted: "$(check)",
  rejected: "$(close)",
  reviewed: "$(eye)",
} as const;
