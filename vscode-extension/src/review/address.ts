/** Addresses of the documents in which a patch is reviewed. Pure. */

import { isRecord } from "../shared/refusal";

/** The scheme of these documents. */
export const SCHEME = "sextet-patch";

/** Which side of a patch. */
export type Side = "before" | "after";

/** One side of a file of a patch, as of one tree. */
export interface Address {
  readonly runId: string;
  readonly patchId: string;
  readonly tree: string;
  readonly path: string;
  readonly side: Side;
}

/** What of a `vscode.Uri` is needed. */
export interface UriParts {
  readonly scheme: string;
  readonly path: string;
  readonly query: string;
}

/** The parts of the address's URI; both sides have the same path, so that they count as one file. */
export function parts(address: Address): UriParts {
  const { path, ...rest } = address;
  return { scheme: SCHEME, path: `/${path}`, query: JSON.stringify(rest) };
}

/** The address behind a URI; undefined: it is none of ours. */
export function address(uri: UriParts): Address | undefined {
  if (uri.scheme !== SCHEME) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(uri.query);
  } catch {
    return undefined;
  }
  if (!isRecord(said)) return undefined;
  const { runId, patchId, tree, side } = said;
  const texts = [runId, patchId, tree].every((each) => typeof each === "string");
  if (!texts || (side !== "before" && side !== "after")) return undefined;
  return {
    runId: String(runId),
    patchId: String(patchId),
    tree: String(tree),
    path: uri.path.slice(1),
    side,
  };
}
