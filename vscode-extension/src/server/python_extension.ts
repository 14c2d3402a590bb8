/** The Python that is selected for a folder in the Python extension. */

import { type Uri, extensions } from "vscode";
import { isRecord } from "../shared/refusal";

type Call = (...args: readonly unknown[]) => unknown;

/** Its path; undefined: there is no such extension, or nothing is selected. */
export async function selectedPython(folder: Uri | undefined): Promise<string | undefined> {
  const extension = extensions.getExtension<unknown>("ms-python.python");
  if (!extension) return undefined;
  try {
    const api = await extension.activate();
    const environments = isRecord(api) ? api["environments"] : undefined;
    const active = await call(environments, "getActiveEnvironmentPath", folder);
    const resolved = await call(environments, "resolveEnvironment", active);
    const executable = isRecord(resolved) ? resolved["executable"] : undefined;
    const uri = isRecord(executable) ? executable["uri"] : undefined;
    return isRecord(uri) && typeof uri["fsPath"] === "string" ? uri["fsPath"] : undefined;
  } catch {
    return undefined; // another extension's trouble is not ours
  }
}

function call(on: unknown, name: string, argument: unknown): Promise<unknown> {
  const found = isRecord(on) ? on[name] : undefined;
  return Promise.resolve(typeof found === "function" ? (found as Call).call(on, argument) : undefined);
}
