/** Makes every command known to the editor: those of the palette, and the verbs for lenses and other extensions. */

import { type Disposable, Uri, commands } from "vscode";
import { VERBS } from "../shared/methods";
import { isRecord } from "../shared/refusal";
import type { Desk, Given } from "./desk";
import { COMMANDS, type Command, UI } from "./index";

/** Register them; `about`: what a command means when nothing is said. */
export function register(
  desk: Desk,
  more: Readonly<Record<string, Command>>,
  about: (uri?: Uri) => Given,
): readonly Disposable[] {
  const given = (said: unknown): Given => {
    if (said instanceof Uri) return about(said);
    return isRecord(said) ? said : about();
  };
  const palette = Object.entries({ ...COMMANDS, ...more }).map(([id, command]) =>
    commands.registerCommand(UI + id, (said: unknown) => command(desk, given(said))),
  );
  const verbs = VERBS.map((verb) =>
    // The server checks the params: they come from whoever calls the command.
    commands.registerCommand(`sextet.${verb.replace("/", ".")}`, (params: unknown) =>
      desk.do(verb, isRecord(params) ? params : {}),
    ),
  );
  return [...palette, ...verbs];
}
