/** What commands need of the editor itself. */

import { ConfigurationTarget, EventEmitter, Uri, commands, window, workspace } from "vscode";
import type { Editor } from "./commands/desk";
import { Owner } from "./dispose";

const SCHEME = "sextet-text";

/** The editor, with texts to read. */
export class VsCode extends Owner implements Editor {
  readonly #top: () => string | undefined;
  readonly #texts = new Map<string, string>();
  readonly #changed = this.own(new EventEmitter<Uri>());

  constructor(top: () => string | undefined) {
    super();
    this.#top = top;
    const provider = {
      onDidChange: this.#changed.event,
      provideTextDocumentContent: (uri: Uri) => this.#texts.get(uri.path) ?? "",
    };
    this.own(workspace.registerTextDocumentContentProvider(SCHEME, provider));
  }

  get trusted(): boolean {
    return workspace.isTrusted;
  }

  async run(command: string, ...args: readonly unknown[]): Promise<unknown> {
    return commands.executeCommand(command, ...args);
  }

  async read(title: string, text: string): Promise<void> {
    const uri = Uri.from({ scheme: SCHEME, path: `/${title}` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true });
  }

  async open(uri: string): Promise<void> {
    await window.showTextDocument(await workspace.openTextDocument(Uri.parse(uri, true)), { preview: true });
  }

  async file(name: string): Promise<string | undefined> {
    const top = this.#top();
    if (top === undefined) return undefined;
    try {
      return new TextDecoder().decode(await workspace.fs.readFile(Uri.joinPath(Uri.file(top), name)));
    } catch {
      return undefined;
    }
  }

  async set(key: string, value: unknown): Promise<void> {
    await workspace.getConfiguration("sextet").update(key, value, ConfigurationTarget.Workspace);
  }

  get(key: string): unknown {
    return workspace.getConfiguration("sextet").get(key);
  }

  terminal(title: string, words: string): void {
    const terminal = window.createTerminal(title);
    terminal.show();
    terminal.sendText(words, false);
  }
}
