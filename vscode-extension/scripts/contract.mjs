// From the server's contract to TypeScript.
import { compile } from "json-schema-to-typescript";
import { format, resolveConfig } from "prettier";

const BANNER = "// Generated from the server's contract by `npm run generate`; never edited.\n";

/** The records of the contract as types. */
export async function protocol(contract) {
  const root = {
    title: "Contract",
    type: "object",
    additionalProperties: false,
    $defs: JSON.parse(JSON.stringify(contract.$defs)),
  };
  const text = await compile(root, "Contract", {
    additionalProperties: false,
    bannerComment: "",
    format: false,
    ignoreMinAndMaxItems: true,
    unreachableDefinitions: true,
  });
  const plain = text
    .replace(/export interface Contract \{\s*\}\n?/, "")
    .replace(
      /(\n \* ?)?\n \* This interface was referenced by `[^`]*`'s JSON-Schema\n \* via the `definition` "[^"]*"\./g,
      "",
    )
    .replace(/\/\*\*\s*\*\/\n/g, "");
  const titled = `${BANNER}/** The records of the wire. */\n\n${plain}`;
  return pretty(titled, "src/shared/protocol.ts");
}

/** Verbs with what they take and give, notifications with what they carry. */
export async function methods(contract) {
  const used = new Set();
  const name = (schema) => {
    const found = schema.$ref.split("/").at(-1);
    used.add(found);
    return `p.${found}`;
  };
  const verbs = Object.entries(contract.methods).map(([key, verb]) => {
    const params = `params: ${name(verb.params)}; result: ${name(verb.result)}`;
    return `  /** ${verb.description} */\n  ${JSON.stringify(short(key))}: { ${params} };`;
  });
  const told = Object.entries(contract.notifications).map(
    ([key, each]) => `  ${JSON.stringify(short(key))}: ${name(each.params)};`,
  );
  const kinds = Object.keys(contract.errors.kinds).map((kind) => JSON.stringify(kind));
  const text = `${BANNER}/** Verbs and notifications by name, without the prefix \`sextet/\`. */

import type * as p from "./protocol";

/** What stands before every name on the wire. */
export const PREFIX = "sextet/";

/** Every verb with its params and its result. */
export interface Methods {
${verbs.join("\n")}
}

/** Every notification of the server with its params. */
export interface Notifications {
${told.join("\n")}
}

/** The name of a verb. */
export type Verb = keyof Methods;

/** The names of all verbs. */
export const VERBS: readonly Verb[] = [${Object.keys(contract.methods)
    .map((key) => JSON.stringify(short(key)))
    .join(", ")}];

/** What a verb takes. */
export type ParamsOf<V extends Verb> = Methods[V]["params"];

/** What a verb gives. */
export type ResultOf<V extends Verb> = Methods[V]["result"];

/** What refusals are told apart by. */
export type RefusalKind = ${kinds.join(" | ")};
`;
  return pretty(text, "src/shared/methods.ts");
}

/** Every setting by its key without `sextet.`, with what its change asks for. */
export async function settings(contract) {
  const lines = Object.values(contract.settings).map((each) => {
    const key = JSON.stringify(each.key.replace(/^sextet\./, ""));
    return `  ${key}: { restart: ${each.restart} },`;
  });
  const text = `${BANNER}/** The settings below \`sextet\`. */

/** Every setting; \`restart\`: a change needs a new server. */
export const SETTINGS: Readonly<Record<string, { readonly restart: boolean }>> = {
${lines.join("\n")}
};
`;
  return pretty(text, "src/shared/settings.ts");
}

function short(name) {
  return name.replace(/^sextet\//, "");
}

async function pretty(text, path) {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}
