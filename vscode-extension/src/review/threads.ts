/** Remarks beside the lines of a patch, and a place to add one. Text is shown as text, never as markup. */

import {
  CommentMode,
  type CommentReply,
  type CommentThread,
  CommentThreadCollapsibleState,
  MarkdownString,
  Range,
  commands,
  comments,
} from "vscode";
import { Owner } from "../dispose";
import type { Runs } from "../runs";
import type { PatchDetail } from "../shared/protocol";
import { address } from "./address";
import { uriOf } from "./documents";
import { drawn } from "./hunks";
import { type Remark, remarks } from "./remarks";
import type { PatchShelf } from "./shelf";

/** Says something about a line; false: it was not taken, and the person knows why. */
export type Say = (
  where: { runId: string; patchId: string; path: string; line: number },
  text: string,
) => Promise<boolean>;

/** The remarks of the patches that are looked at. */
export class Threads extends Owner {
  readonly #controller = this.own(comments.createCommentController("sextet.review", "Sextet"));
  readonly #runs: Runs;
  readonly #say: Say;
  readonly #threads = new Map<string, { news: string; threads: CommentThread[] }>();

  constructor(shelf: PatchShelf, runs: Runs, say: Say) {
    super();
    this.#runs = runs;
    this.#say = say;
    this.#controller.options = {
      prompt: "Comment",
      placeHolder: "Those who wrote it read this at their next attempt.",
    };
    this.#controller.commentingRangeProvider = {
      provideCommentingRanges: ({ uri, lineCount }) =>
        address(uri)?.side === "after" ? [new Range(0, 0, Math.max(lineCount - 1, 0), 0)] : [],
    };
    this.own(
      shelf.onChange((runId, detail) => {
        this.#show(runId, detail);
      }),
    );
    this.own(commands.registerCommand("sextet.review.say", (reply: CommentReply) => this.#reply(reply)));
  }

  #show(runId: string, detail: PatchDetail): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    const said = remarks(run, detail, drawn(detail.diff));
    const key = `${runId} ${detail.patch.id}`;
    const news = JSON.stringify([detail.patch.tree, said]);
    const known = this.#threads.get(key);
    if (known?.news === news) return;
    for (const each of known?.threads ?? []) each.dispose();
    const threads = said.map((each) => this.#thread(runId, detail, each));
    this.#threads.set(key, { news, threads });
  }

  #thread(runId: string, detail: PatchDetail, remark: Remark): CommentThread {
    const { tree, id } = detail.patch;
    const uri = uriOf({ runId, patchId: id, tree, path: remark.path, side: "after" });
    const thread = this.#controller.createCommentThread(uri, new Range(remark.line, 0, remark.line, 0), [
      comment(remark.author, remark.text, remark.label),
    ]);
    thread.collapsibleState = CommentThreadCollapsibleState.Expanded;
    thread.canReply = true;
    return thread;
  }

  async #reply({ thread, text }: CommentReply): Promise<void> {
    const at = address(thread.uri);
    if (!at || text.trim() === "") return;
    const where = {
      runId: at.runId,
      patchId: at.patchId,
      path: at.path,
      line: thread.range.start.line + 1,
    };
    if (await this.#say(where, text)) thread.comments = [...thread.comments, comment("you", text, "comment")];
    else if (thread.comments.length === 0) thread.dispose();
  }

  override dispose(): void {
    for (const { threads } of this.#threads.values()) for (const each of threads) each.dispose();
    super.dispose();
  }
}

function comment(author: string, text: string, label: string): CommentThread["comments"][number] {
  const body = new MarkdownString().appendText(text);
  body.isTrusted = false;
  return { body, mode: CommentMode.Preview, author: { name: author }, label };
}
