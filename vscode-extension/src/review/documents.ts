/** The documents in which a patch is reviewed, and the lenses above their hunks. */

import {
  CodeLens,
  EventEmitter,
  Range,
  type TextDocument,
  Uri,
  commands,
  languages,
  window,
  workspace,
} from "vscode";
import { Owner } from "../dispose";
import type { FileSide, PatchDetail } from "../shared/protocol";
import { refused } from "../shared/refusal";
import { type Address, SCHEME, type Side, address, parts } from "./address";
import { drawn, drawing, firstLine, inFile } from "./hunks";
import { lenses } from "./lenses";
import type { PatchShelf } from "./shelf";

/** Shows patches file by file, before and after. */
export class PatchDocuments extends Owner {
  readonly #shelf: PatchShelf;
  readonly #top: () => string | undefined;
  readonly #changed = this.own(new EventEmitter<void>());

  /** `top`: the folder that is worked on, so that a file of a review can be opened as it is there. */
  constructor(shelf: PatchShelf, top: () => string | undefined) {
    super();
    this.#shelf = shelf;
    this.#top = top;
    this.own(
      workspace.registerTextDocumentContentProvider(SCHEME, {
        provideTextDocumentContent: (uri) => this.#text(uri),
      }),
    );
    this.own(
      languages.registerCodeLensProvider(
        { scheme: SCHEME },
        {
          onDidChangeCodeLenses: this.#changed.event,
          provideCodeLenses: (document) => this.#lenses(document),
        },
      ),
    );
    this.own(
      shelf.onChange(() => {
        this.#changed.fire();
      }),
    );
  }

  /** Show all files of a patch in one editor. */
  async open(runId: string, patchId: string): Promise<void> {
    const detail = await this.#shelf.look(runId, patchId);
    const files = detail.changes.files.map((file) => {
      const uri = (side: Side): Uri =>
        uriOf({ runId, patchId, tree: detail.patch.tree, path: file.path, side });
      const before = file.oldBlob === null ? undefined : uri("before");
      return [this.#own(file.path) ?? uri("after"), before, file.newBlob === null ? undefined : uri("after")];
    });
    await commands.executeCommand("vscode.changes", titleOf(detail), files);
  }

  #own(path: string): Uri | undefined {
    const top = this.#top();
    return top === undefined ? undefined : Uri.joinPath(Uri.file(top), path);
  }

  async #text(uri: Uri): Promise<string> {
    const at = address(uri);
    if (!at) return "";
    try {
      const file = await this.#shelf.file(at);
      return file.tree === at.tree ? shownAs(file[at.side]) : "The patch has changed. Open it again.";
    } catch (error) {
      return refused(error).words;
    }
  }

  #lenses(document: TextDocument): CodeLens[] {
    const at = address(document.uri);
    const detail = at && this.#shelf.known(at.runId, at.patchId);
    if (!detail) return [];
    return lenses(detail, drawn(detail.diff), at).map((each) => {
      const line = Math.min(each.line, Math.max(document.lineCount - 1, 0));
      const command = { title: each.title, command: each.command, arguments: [each.given] };
      return new CodeLens(new Range(line, 0, line, 0), command);
    });
  }

  /** What a command is about when it is called from a review: its file, and the hunk at the cursor. */
  given(
    uri: Uri | undefined = window.activeTextEditor?.document.uri,
  ): Readonly<Record<string, unknown>> | undefined {
    const at = uri && address(uri);
    if (!at) return undefined;
    const detail = this.#shelf.known(at.runId, at.patchId);
    const line = window.activeTextEditor?.selection.active.line ?? 0;
    const hunks = detail ? atLine(detail, at, line) : [];
    return { runId: at.runId, patchId: at.patchId, path: at.path, ...(hunks.length > 0 ? { hunks } : {}) };
  }
}

/** The URI of one side of a file. */
export function uriOf(at: Address): Uri {
  return Uri.from(parts(at));
}

function titleOf(detail: PatchDetail): string {
  const hunks = detail.hunks.length === 1 ? "1 hunk" : `${detail.hunks.length} hunks`;
  const control = detail.changes.files.some((each) => each.control) ? ", some in files that steer tools" : "";
  return `${detail.patch.id}: ${hunks}${control}`;
}

function shownAs(side: FileSide): string {
  const bytes = `${side.size} bytes`;
  switch (side.kind) {
    case "text":
      return side.text;
    case "link":
      return `(a link to) ${side.text}`;
    case "binary":
      return `(no text, ${bytes})`;
    case "large":
      return `(too large to show, ${bytes})`;
    case "absent":
      return "";
  }
}

function atLine(detail: PatchDetail, at: Address, line: number): string[] {
  const diff = drawn(detail.diff);
  const mine = inFile(detail, at.path);
  const reached = mine.filter((each) => firstLine(each, drawing(diff, each), at.side) <= line);
  const found = reached.at(-1) ?? mine[0];
  return found ? [found.id] : [];
}
