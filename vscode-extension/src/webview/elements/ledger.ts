/** What the drafts agree on, who supports it, and who does not. */

import { type TemplateResult, html, nothing } from "lit";
import type { Requirement } from "../../shared/protocol";
import type { RunShown } from "../../state/run";
import { many } from "../../state/words";
import { Light, icon } from "../light";

/** `<sextet-ledger>` */
export class LedgerView extends Light {
  static override properties = { run: { attribute: false } };
  declare run: RunShown;

  protected override render(): TemplateResult {
    const { ledger } = this.run;
    if (!ledger) return html`<p class="quiet">There is no consensus yet: the drafts are being written.</p>`;
    const drafts = this.run.tasks.filter((each) => each.kind === "analysis" && each.outcome).length;
    return html`<p>${ledger.summary}</p>
      <h2>Requirements <span class="quiet">${ledger.requirements.length}</span></h2>
      <ul class="cards">
        ${ledger.requirements.map((each) => html`<li>${requirement(each, drafts)}</li>`)}
      </ul>
      ${
        ledger.dissent.length === 0
          ? nothing
          : html`<h2>Dissent <span class="quiet">${ledger.dissent.length}</span></h2>
              <ul class="plain">
                ${ledger.dissent.map(
                  (each) =>
                    html`<li class="dissent"><span class="chip">Draft ${each.draft}</span> ${each.text}</li>`,
                )}
              </ul>`
      }
      ${
        ledger.openQuestions.length === 0
          ? nothing
          : html`<h2>Open questions</h2>
              <ul class="bullets">
                ${ledger.openQuestions.map((each) => html`<li>${each}</li>`)}
              </ul>`
      }`;
  }
}

function requirement(each: Requirement, drafts: number): TemplateResult {
  const numbers = Array.from({ length: Math.max(drafts, ...each.support) }, (_, index) => index + 1);
  const said =
    each.support.length === 0
      ? "supported by no draft"
      : `supported by ${many(each.support.length, "draft")}`;
  return html`<article class="card">
    <div class="row top">
      <span class="chip">${each.id}</span><strong class="grow">${each.title}</strong>
      <span class="support" role="img" aria-label=${said} title=${said}>
        ${numbers.map((n) => html`<span class="draft ${each.support.includes(n) ? "yes" : ""}">${n}</span>`)}
      </span>
    </div>
    <p class="small">${each.detail}</p>
    ${
      each.acceptance.length === 0
        ? nothing
        : html`<ul class="acceptance small">
            ${each.acceptance.map((one) => html`<li>${icon("check")}<span>${one}</span></li>`)}
          </ul>`
    }
  </article>`;
}

customElements.define("sextet-ledger", LedgerView);
