/** The review of patches: documents, lenses, remarks, marks and what can be done with hunks. */

import type { Uri } from "vscode";
import type { Command } from "../commands";
import type { Desk, Given, Review } from "../commands/desk";
import { Owner } from "../dispose";
import type { Feed, Verbs } from "../feed";
import { later } from "../later";
import type { Runs } from "../runs";
import { topOf } from "../top";
import { actions } from "./actions";
import { PatchDocuments } from "./documents";
import { Marks } from "./marks";
import { PatchShelf } from "./shelf";
import { Threads } from "./threads";

/** All of the review. */
export class Reviewing extends Owner implements Review {
  readonly #runs: Runs;
  readonly #shelf: PatchShelf;
  readonly #documents: PatchDocuments;
  /** What can be done with hunks, by command id without the prefix. */
  readonly commands: Readonly<Record<string, Command>>;

  constructor(verbs: Verbs, feed: Feed, runs: Runs, extension: Uri) {
    super();
    const top = (): string | undefined => topOf(runs.current);
    this.#runs = runs;
    this.#shelf = this.own(new PatchShelf(verbs, feed, later));
    this.#documents = this.own(new PatchDocuments(this.#shelf, top));
    this.own(new Marks(this.#shelf, runs, top, extension));
    this.commands = actions(this.#shelf);
  }

  /** Let remarks be made through a desk. */
  remarksTo(desk: Desk): void {
    const say = async (
      where: Parameters<ConstructorParameters<typeof Threads>[2]>[0],
      text: string,
    ): Promise<boolean> => (await desk.do("patch/comment", { ...where, text })) !== undefined;
    this.own(new Threads(this.#shelf, this.#runs, say));
  }

  open(runId: string, patchId: string): Promise<void> {
    return this.#documents.open(runId, patchId);
  }

  /** What a command is about: the file, and the hunk at the cursor. */
  about(uri?: Uri): Given {
    return this.#documents.given(uri);
  }
}
