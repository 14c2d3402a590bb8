import { expect, test } from "vitest";
import { type Configuration, setValues } from "../../src/server/middleware";

function configuration(set: Record<string, Record<string, unknown>>): Configuration {
  return {
    get: (key: string) => Object.values(set[key] ?? {}).at(-1),
    inspect: (key: string) => ({ key, defaultValue: "from the manifest", ...set[key] }),
  } as unknown as Configuration;
}

test("only what is set is told, nested, and never the manifest's defaults", () => {
  const found = setValues(
    configuration({
      maxAgents: { globalValue: 2 },
      "roles.analyst.workers": { workspaceValue: 0 },
      "roles.analyst.network": { workspaceFolderValue: false },
      "runs.keep": {},
    }),
  );
  expect(found).toEqual({ maxAgents: 2, roles: { analyst: { workers: 0, network: false } } });
});
