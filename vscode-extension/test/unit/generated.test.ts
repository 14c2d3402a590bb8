import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("what is generated from the contract is up to date", { timeout: 60_000 }, () => {
  expect(() => execFileSync(process.execPath, ["scripts/generate.mjs", "--check"])).not.toThrow();
});
