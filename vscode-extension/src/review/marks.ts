/** Marks the lines of the person's files that an applied patch has written. */

import { OverviewRulerLane, Range, type TextEditor, ThemeColor, Uri, window, workspace } from "vscode";
import { Owner } from "../dispose";
import { latestPatch, type Runs } from "../runs";
import { drawing, drawn, inFile, written } from "./hunks";
import type { PatchShelf } from "./shelf";

/** Milliseconds of quiet after typing before lines are looked for again. */
const PAUSE = 300;

/** Lines of a file above which none are marked. */
const MOST = 20_000;

/** Keeps the marks of visible editors up to date. */
export class Marks extends Owner {
  readonly #shelf: PatchShelf;
  readonly #runs: Runs;
  readonly #top: () => string | undefined;
  readonly #look;
  #timer: NodeJS.Timeout | undefined;

  constructor(shelf: PatchShelf, runs: Runs, top: () => string | undefined, extension: Uri) {
    super();
    this.#shelf = shelf;
    this.#runs = runs;
    this.#top = top;
    this.#look = this.own(
      window.createTextEditorDecorationType({
        gutterIconPath: Uri.joinPath(extension, "media", "applied.svg"),
        gutterIconSize: "contain",
        isWholeLine: true,
        overviewRulerColor: new ThemeColor("editorOverviewRuler.addedForeground"),
        overviewRulerLane: OverviewRulerLane.Left,
      }),
    );
    const soon = (): void => {
      this.#soon();
    };
    this.own(window.onDidChangeVisibleTextEditors(soon));
    this.own(workspace.onDidChangeTextDocument(soon));
    this.own(shelf.onChange(soon));
    this.own(runs.onChange(() => void this.#follow()));
    this.own({
      dispose: () => {
        clearTimeout(this.#timer);
      },
    });
  }

  /** Look at the current patch as soon as something of it is applied. */
  async #follow(): Promise<void> {
    const run = this.#runs.current;
    const patch = run && latestPatch(run);
    const standing = patch?.applied.some((each) => !patch.reverted.includes(each.id)) === true;
    if (run && patch && standing && !this.#shelf.known(run.runId, patch.id)) {
      await this.#shelf.look(run.runId, patch.id).catch(() => undefined);
    }
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const editor of window.visibleTextEditors) this.#mark(editor);
    }, PAUSE);
  }

  #mark(editor: TextEditor): void {
    if (editor.document.uri.scheme !== "file" || editor.document.lineCount > MOST) return;
    const lines = this.#written(editor);
    editor.setDecorations(
      this.#look,
      lines.map((line) => new Range(line, 0, line, 0)),
    );
  }

  #written(editor: TextEditor): readonly number[] {
    const top = this.#top();
    const path = editor.document.uri.fsPath;
    if (top === undefined || !path.startsWith(`${top}/`)) return [];
    const name = path.slice(top.length + 1);
    const text = editor.document.getText();
    return this.#shelf.all.flatMap(([, detail]) => {
      const applied = inFile(detail, name).filter((each) => each.applied !== null);
      if (applied.length === 0) return [];
      const diff = drawn(detail.diff);
      return applied.flatMap((each) => {
        const lines = drawing(diff, each);
        return lines ? [...written(lines, text)] : [];
      });
    });
  }
}
