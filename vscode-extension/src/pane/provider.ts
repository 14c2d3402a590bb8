/** The webview view `sextet.pane`: makes its page, lets it talk with the host, and wears a badge. */

import { randomBytes } from "node:crypto";
import { Uri, type Webview, type WebviewView, type WebviewViewProvider } from "vscode";
import { Owner } from "../dispose";
import type { Tab, ToPane } from "../shared/pane";
import { waiting } from "../state/board";
import { type RunShown, reduceRun, shown } from "../state/run";
import { many } from "../state/words";
import { Conversation } from "./conversation";
import type { PaneHost } from "./host";
import { html } from "./html";

/** The id of the view in the manifest. */
export const PANE = "sextet.pane";

/** Makes the pane whenever the editor shows it. */
export class PaneProvider extends Owner implements WebviewViewProvider {
  readonly #extension: Uri;
  readonly #host: PaneHost;
  #view: WebviewView | undefined;
  #run: RunShown | undefined;

  constructor(extension: Uri, host: PaneHost) {
    super();
    this.#extension = extension;
    this.#host = host;
    this.own(
      host.listen({
        snapshot: (snapshot) => {
          if (snapshot.runId === host.current()) this.#keep(shown(snapshot, this.#run));
        },
        entry: (runId, entry) => {
          if (this.#run?.runId === runId) this.#keep(reduceRun(this.#run, entry));
        },
      }),
    );
  }

  resolveWebviewView(view: WebviewView): void {
    this.#view = view;
    const root = Uri.joinPath(this.#extension, "dist", "pane");
    view.webview.options = { enableScripts: true, localResourceRoots: [root] };
    const post = (message: ToPane): void => void view.webview.postMessage(message);
    const conversation = new Conversation(this.#host, post);
    const heard = view.webview.onDidReceiveMessage((value: unknown) => void conversation.hear(value));
    view.onDidDispose(() => {
      heard.dispose();
      conversation.dispose();
      if (this.#view === view) this.#view = undefined;
    });
    view.webview.html = page(view.webview, root);
    this.#wear();
  }

  /** Bring a part of the pane before the person's eyes, where the pane is open. */
  show(tab: Tab): void {
    this.#view?.show(true);
    const message: ToPane = { kind: "show", tab };
    void this.#view?.webview.postMessage(message);
  }

  #keep(run: RunShown): void {
    this.#run = run;
    this.#wear();
  }

  #wear(): void {
    if (!this.#view) return;
    const value = this.#run ? waiting(this.#run) : 0;
    const tooltip = value === 0 ? "" : `${many(value, "thing")} ${value === 1 ? "waits" : "wait"} for you`;
    this.#view.badge = value === 0 ? undefined : { value, tooltip };
  }
}

function page(webview: Webview, root: Uri): string {
  const at = (name: string): string => webview.asWebviewUri(Uri.joinPath(root, name)).toString();
  const nonce = randomBytes(18).toString("base64url");
  return html({ cspSource: webview.cspSource, nonce, script: at("main.js"), style: at("pane.css") });
}
