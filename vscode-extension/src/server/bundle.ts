/** The server that the extension brings along. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bundle } from "./environment";

const WHEEL = /^sextet-([^-]+)-py3-none-any\.whl$/;

/** What is in the folder `server` of the extension; undefined: it was built without. */
export async function bundled(extension: string, storage: string): Promise<Bundle | undefined> {
  const folder = join(extension, "server");
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const version = WHEEL.exec(name)?.[1];
    if (version === undefined) continue;
    return { wheel: join(folder, name), constraints: join(folder, "constraints.txt"), version, storage };
  }
  return undefined;
}
