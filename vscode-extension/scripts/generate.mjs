// Writes what follows from the server's contract: types, the map of verbs, and settings of the manifest.
// `--check` writes nothing and fails when something is out of date.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { methods, protocol, settings } from "./contract.mjs";
import { manifest } from "./manifest.mjs";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The contract as `sextet schema` prints it. */
export function schema() {
  const own = at("../.venv/bin/sextet");
  const sextet = process.env.SEXTET ?? (existsSync(own) ? own : "sextet");
  return JSON.parse(execFileSync(sextet, ["schema"], { encoding: "utf8", maxBuffer: 1 << 26 }));
}

/** Every generated file with the text that it should have. */
export async function generated(contract = schema()) {
  return {
    "src/shared/protocol.ts": await protocol(contract),
    "src/shared/methods.ts": await methods(contract),
    "src/shared/settings.ts": await settings(contract),
    "package.json": manifest(contract, readFileSync(at("package.json"), "utf8")),
  };
}

/** The names of generated files that are out of date. */
export async function stale(contract = schema()) {
  const wanted = Object.entries(await generated(contract));
  return wanted
    .filter(([path, text]) => !existsSync(at(path)) || readFileSync(at(path), "utf8") !== text)
    .map(([path]) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    const old = await stale();
    if (old.length > 0) {
      console.error(`Out of date: ${old.join(", ")}. Run: npm run generate`);
      process.exitCode = 1;
    }
  } else {
    for (const [path, text] of Object.entries(await generated())) writeFileSync(at(path), text);
  }
}
