/** The runs of this work tree, the newest first; one opens as it stood. */

import { type TemplateResult, html, nothing } from "lit";
import type { RunLine } from "../../shared/protocol";
import { RUN_STATES, duration } from "../../state/words";
import { Light } from "../light";
import type { Port } from "../port";

/** `<sextet-run-list>` */
export class RunList extends Light {
  static override properties = {
    port: { attribute: false },
    runs: { attribute: false },
    now: { attribute: false },
  };
  declare port: Port;
  declare runs: readonly RunLine[];
  declare now: number;

  protected override render(): TemplateResult | typeof nothing {
    if (this.runs.length === 0) return nothing;
    return html`<section class="run-list" aria-label="Runs">
      <h2 class="pad">Runs</h2>
      <ul>
        ${this.runs.map((each) => this.#line(each))}
      </ul>
    </section>`;
  }

  #line(line: RunLine): TemplateResult {
    const state = line.state === null ? "Unknown" : RUN_STATES[line.state];
    const age = line.createdAt === 0 ? "" : ` · ${duration(this.now - line.createdAt)} ago`;
    const look = line.live ? "live" : "";
    return html`<li>
      <button
        type="button"
        class="run-line"
        title=${line.problem === "" ? line.goal : line.problem}
        @click=${() => {
          this.port.choose(line.id);
        }}
      >
        <span class="goal">${line.goal === "" ? line.id : line.goal}</span>
        <span class="quiet small"
          ><span class="dot ${line.state ?? ""} ${look}"></span
          >${state}${age}${line.ours ? "" : " · not yours"}</span
        >
      </button>
    </li>`;
  }
}

customElements.define("sextet-run-list", RunList);
