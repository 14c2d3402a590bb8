/** What a person is asked and told; a port, so that everything behind it can be tested without an editor. */

import { type QuickPickItem, window } from "vscode";

/** One thing to choose. */
export interface Choice<T> {
  readonly label: string;
  readonly detail?: string;
  readonly description?: string;
  readonly picked?: boolean;
  readonly value: T;
}

/** How something is asked for in words. */
export interface Wording {
  readonly title: string;
  readonly prompt?: string;
  readonly placeholder?: string;
  readonly value?: string;
  /** Whether nothing at all is an answer. */
  readonly mayBeEmpty?: boolean;
}

/** The window of a person. */
export interface Window {
  /** Undefined: they turned away. */
  ask(wording: Wording): Promise<string | undefined>;
  pick<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined>;
  /** A question that stands in the way until it is answered; undefined: they turned away. */
  decide(what: string, detail: string, buttons: readonly string[]): Promise<string | undefined>;
  tell(
    level: "info" | "warning" | "error",
    what: string,
    ...buttons: readonly string[]
  ): Promise<string | undefined>;
}

/** The editor's window. */
export const editorWindow: Window = {
  ask: async ({ title, prompt, placeholder, value, mayBeEmpty }) =>
    window.showInputBox({
      title,
      ignoreFocusOut: true,
      ...(prompt === undefined ? {} : { prompt }),
      ...(placeholder === undefined ? {} : { placeHolder: placeholder }),
      ...(value === undefined ? {} : { value }),
      validateInput: (text) => (mayBeEmpty === true || text.trim() !== "" ? undefined : "Say something."),
    }),
  pick: async (title, choices) => {
    const items = choices.map((each): QuickPickItem & { choice: (typeof choices)[number] } => ({
      label: each.label,
      ...(each.detail === undefined ? {} : { detail: each.detail }),
      ...(each.description === undefined ? {} : { description: each.description }),
      choice: each,
    }));
    const options = { title, ignoreFocusOut: true, matchOnDetail: true, matchOnDescription: true };
    return (await window.showQuickPick(items, options))?.choice.value;
  },
  decide: async (what, detail, buttons) =>
    window.showWarningMessage(what, { modal: true, detail }, ...buttons),
  tell: async (level, what, ...buttons) => {
    if (level === "error") return window.showErrorMessage(what, ...buttons);
    if (level === "warning") return window.showWarningMessage(what, ...buttons);
    return window.showInformationMessage(what, ...buttons);
  },
};
