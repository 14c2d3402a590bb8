/** One patch: its evidence, its files with hunks, and what can be done with it. */

import { type TemplateResult, html, nothing } from "lit";
import type { Applied, Patch, PatchDetail, PatchHunk } from "../../shared/protocol";
import type { RunShown } from "../../state/run";
import { many } from "../../state/words";
import { Light, button, icon } from "../light";
import type { Port } from "../port";
import "./patch-file";

const STATES: Readonly<Record<Patch["state"], string>> = {
  draft: "Draft",
  proposed: "Proposed",
  applied: "Applied",
  reverted: "Taken back",
};

/** `<sextet-patch-card>` */
export class PatchCard extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    patch: { attribute: false },
    detail: { state: true },
    busy: { state: true },
  };
  declare port: Port;
  declare run: RunShown;
  declare patch: Patch;
  declare detail: PatchDetail | undefined;
  declare busy: boolean;
  #read = "";

  constructor() {
    super();
    this.busy = false;
  }

  /** Hunks are read anew whenever the tree or what was applied has changed. */
  protected override willUpdate(): void {
    const { tree, applied, reverted } = this.patch;
    const key = `${tree} ${applied.length} ${reverted.length}`;
    if (key === this.#read) return;
    this.#read = key;
    void this.#get();
  }

  async #get(): Promise<void> {
    const found = await this.port.ask("patch/get", { runId: this.run.runId, patchId: this.patch.id });
    if (found) this.detail = found;
  }

  protected override render(): TemplateResult {
    const { patch, detail } = this;
    return html`<section class="patch" aria-label="Patch ${patch.number}">
      <div class="row top">
        <h2 class="grow">Patch ${patch.number}</h2>
        <span class="state ${patch.state}">${STATES[patch.state]}</span>
      </div>
      ${evidence(patch)} ${this.#buttons(patch)}
      ${detail ? this.#files(detail) : html`<p class="quiet">Reading …</p>`}
    </section>`;
  }

  #files(detail: PatchDetail): TemplateResult {
    const { files, warnings } = detail.changes;
    const control = files.filter((each) => each.control).length;
    return html`${warnings.map((each) => html`<p class="small warning-text">${icon("warning")} ${each}</p>`)}
      ${
        control === 0
          ? nothing
          : html`<p class="small warning-text">
              ${icon("shield")} ${many(control, "file")} that ${control === 1 ? "steers" : "steer"} tools,
              editors or CI; confirmed apart.
            </p>`
      }
      <ul class="cards">
        ${files.map(
          (each) =>
            html`<li>
              <sextet-patch-file
                .port=${this.port}
                .runId=${this.run.runId}
                .patchId=${this.patch.id}
                .file=${each}
                .hunks=${this.#hunks(detail, each.path)}
              ></sextet-patch-file>
            </li>`,
        )}
      </ul>`;
  }

  #hunks(detail: PatchDetail, path: string): PatchHunk[] {
    const marks = this.run.marks[this.patch.id] ?? {};
    return detail.hunks
      .filter((each) => each.path === path)
      .map((each) => ({ ...each, mark: marks[each.id] ?? each.mark }));
  }

  #buttons(patch: Patch): TemplateResult {
    const ids = { runId: this.run.runId, patchId: patch.id };
    const standing = patch.applied.filter((each) => !patch.reverted.includes(each.id));
    const review = (): void => {
      this.port.run("reviewPatch", ids);
    };
    return html`<div class="row wrap">
        ${patch.state === "applied" ? nothing : this.#apply(patch)}
        ${button("Review", review, "secondary", "diff-multiple")}
        ${
          standing.length === 0
            ? nothing
            : button(
                "Take back",
                () => void this.#busily(this.port.ask("patch/revert", ids)),
                "secondary",
                "discard",
              )
        }
      </div>
      ${standing.map(applied)}`;
  }

  #apply(patch: Patch): TemplateResult {
    const part = this.#accepted(patch);
    const hunks = part.length > 0 ? { hunks: part } : {};
    const draft = patch.state === "draft" ? { draft: true } : {};
    const told = { runId: this.run.runId, patchId: patch.id, seen: patch.tree, ...hunks, ...draft };
    const what = part.length > 0 ? `Apply ${many(part.length, "hunk")}` : "Apply";
    const look = patch.state === "proposed" ? "" : "secondary";
    return html`<button
      class="vscode-button ${look}"
      type="button"
      ?disabled=${this.busy || !this.detail}
      @click=${() => void this.#busily(this.port.ask("patch/apply", told))}
    >
      ${icon("check")}${patch.state === "draft" ? `${what} the draft` : what}
    </button>`;
  }

  /** Accepted hunks, when they are a part of the patch. */
  #accepted(patch: Patch): string[] {
    const all = this.detail?.hunks ?? [];
    const marks = this.run.marks[patch.id] ?? {};
    const accepted = all.filter((each) => (marks[each.id] ?? each.mark)?.mark === "accepted");
    return accepted.length < all.length ? accepted.map((each) => each.id) : [];
  }

  async #busily(work: Promise<unknown>): Promise<void> {
    this.busy = true;
    await work;
    this.busy = false;
  }
}

function evidence(patch: Patch): TemplateResult {
  const [picture, words] =
    patch.tested === patch.tree
      ? ["pass", "These exact bytes passed the tests."]
      : patch.untested
        ? ["question", "No test command is known: it rests on the review alone."]
        : ["circle-large-outline", "Not tested as it is."];
  return html`<p class="small evidence">${icon(picture)} ${words}</p>`;
}

function applied(each: Applied): TemplateResult {
  const kinds = {
    exact: "exactly as approved",
    partial: "in part; what you kept was not tested as it is",
    merged: "merged with your changes; not tested as it is",
  };
  return html`<p class="small quiet">Applied ${kinds[each.kind]}, by ${each.by}.</p>`;
}

customElements.define("sextet-patch-card", PatchCard);
