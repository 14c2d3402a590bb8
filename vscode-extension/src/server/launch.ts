/** How a server is started, and what can be in the way of it. */

/** A command that speaks the protocol on stdin and stdout. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Where it was found, for the log. */
  readonly from: string;
}

/** What a button of an obstacle does. */
export type Remedy =
  | { readonly title: string; readonly do: "settings"; readonly key: string }
  | { readonly title: string; readonly do: "command"; readonly command: string }
  | { readonly title: string; readonly do: "open"; readonly url: string }
  | { readonly title: string; readonly do: "retry" };

/** Something that is in the way of a server: what, why, and what helps. */
export class Obstacle extends Error {
  readonly remedies: readonly Remedy[];

  constructor(what: string, remedies: readonly Remedy[]) {
    super(what);
    this.name = "Obstacle";
    this.remedies = remedies;
  }
}

/** Try it again. */
export const RETRY: Remedy = { title: "Try Again", do: "retry" };

/** Read what was found out. */
export const LOG: Remedy = { title: "Show Log", do: "command", command: "sextet.ui.showLog" };

/** Say which Python it is. */
export const CHOOSE_PYTHON: Remedy = { title: "Choose a Python", do: "settings", key: "sextet.server.python" };
