/** What the server hears when it asks for settings: only those that are set, never the manifest's defaults. */

import { Uri, type WorkspaceConfiguration } from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { SETTINGS } from "../shared/settings";

/** The part of a configuration that is needed. */
export type Configuration = Pick<WorkspaceConfiguration, "get" | "inspect">;

type Tree = Record<string, unknown>;

/** The settings that a person or a folder has set, as they are in force, nested as in settings.json. */
export function setValues(configuration: Configuration): Tree {
  const found: Tree = {};
  for (const key of Object.keys(SETTINGS)) {
    if (isSet(configuration, key)) put(found, key.split("."), configuration.get(key));
  }
  return found;
}

function isSet(configuration: Configuration, key: string): boolean {
  const { globalValue, workspaceValue, workspaceFolderValue } = configuration.inspect(key) ?? {};
  return [globalValue, workspaceValue, workspaceFolderValue].some((value) => value !== undefined);
}

function put(tree: Tree, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) tree[name] = value;
  else put((tree[name] ??= {}) as Tree, rest, value);
}

/** Answers `workspace/configuration` for our section by ourselves. */
export function middleware(configuration: (scope: Uri | undefined) => Configuration): Middleware {
  return {
    workspace: {
      configuration: async (params, token, next) => {
        const others = params.items.some((item) => item.section !== "sextet");
        const found = others ? await next(params, token) : [];
        if (!Array.isArray(found)) return found;
        return params.items.map((item, at): unknown => {
          if (item.section !== "sextet") return found[at];
          return setValues(configuration(item.scopeUri === undefined ? undefined : Uri.parse(item.scopeUri)));
        });
      },
    },
  };
}
