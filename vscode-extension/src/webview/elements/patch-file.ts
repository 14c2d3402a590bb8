/** One file of a patch with its hunks, each to be accepted or turned down. */

import { type TemplateResult, html, nothing } from "lit";
import type { FileChange, Mark, PatchHunk } from "../../shared/protocol";
import { MARKS } from "../../state/words";
import { Light, icon } from "../light";
import type { Port } from "../port";

/** `<sextet-patch-file>` */
export class PatchFileCard extends Light {
  static override properties = {
    port: { attribute: false },
    runId: { attribute: false },
    patchId: { attribute: false },
    file: { attribute: false },
    hunks: { attribute: false },
    open: { state: true },
  };
  declare port: Port;
  declare runId: string;
  declare patchId: string;
  declare file: FileChange;
  declare hunks: readonly PatchHunk[];
  declare open: boolean;

  constructor() {
    super();
    this.open = true;
  }

  protected override render(): TemplateResult {
    const { file, hunks } = this;
    const review = (): void => {
      this.port.run("reviewPatch", { runId: this.runId, patchId: this.patchId, path: file.path });
    };
    return html`<article class="card file" aria-label=${file.path}>
      <div class="row top">
        <button class="disclose grow" type="button" title=${file.path} @click=${review}>
          ${icon(file.control ? "shield" : "file")}<span class="path">${parts(file.path)}</span>
        </button>
        <span class="counts"
          ><span class="added">+${file.added}</span> <span class="removed">−${file.removed}</span></span
        >
        ${this.#marks(hunks, `all of ${file.path}`)}
      </div>
      ${
        hunks.length < 2
          ? nothing
          : html`<ul class="hunks">
              ${hunks.map((each) => this.#hunk(each))}
            </ul>`
      }
    </article>`;
  }

  #hunk(hunk: PatchHunk): TemplateResult {
    const last = hunk.newStart + Math.max(hunk.newLines, 1) - 1;
    const lines =
      hunk.newLines === 0 && hunk.oldLines === 0 ? "whole file" : `lines ${hunk.newStart}–${last}`;
    const from = [...new Set([...hunk.workers, ...hunk.requirements])].join(", ");
    return html`<li class="row">
      <span class="grow small"
        >${lines}${hunk.applied === null ? nothing : html` <span class="chip">applied</span>`}
        ${from === "" ? nothing : html`<span class="quiet">${from}</span>`}</span
      >
      ${this.#marks([hunk], lines)}
    </li>`;
  }

  #marks(hunks: readonly PatchHunk[], what: string): TemplateResult {
    const marks = new Set(hunks.map((each) => each.mark?.mark ?? "unseen"));
    const now = marks.size === 1 ? [...marks][0] : undefined;
    const one = (mark: Mark, name: string, picture: string): TemplateResult => {
      const label = `${name} ${what}`;
      return html`<button
        class="icon-button mark ${mark}"
        type="button"
        title=${now === mark ? `${MARKS[mark]}; press again to forget that` : label}
        aria-label=${label}
        aria-pressed=${now === mark ? "true" : "false"}
        @click=${() => void this.#mark(hunks, now === mark ? "unseen" : mark)}
      >
        ${icon(picture)}
      </button>`;
    };
    return html`<span class="actions"
      >${one("accepted", "Accept", "check")}${one("rejected", "Turn down", "close")}</span
    >`;
  }

  async #mark(hunks: readonly PatchHunk[], as: Mark): Promise<void> {
    const ids = hunks.map((each) => each.id);
    if (ids.length === 0) return;
    await this.port.ask("patch/mark", { runId: this.runId, patchId: this.patchId, hunks: ids, as });
  }
}

/** A path whose folders may be cut off before its name is. */
function parts(path: string): TemplateResult {
  const at = path.lastIndexOf("/") + 1;
  return html`<span class="folder">${path.slice(0, at)}</span><span class="name">${path.slice(at)}</span>`;
}

customElements.define("sextet-patch-file", PatchFileCard);
