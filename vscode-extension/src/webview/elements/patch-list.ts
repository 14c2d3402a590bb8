/** The patches of a run, the newest first. */

import { type TemplateResult, html } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { RunShown } from "../../state/run";
import { Light } from "../light";
import type { Port } from "../port";
import "./patch-card";

/** `<sextet-patch-list>` */
export class PatchList extends Light {
  static override properties = { port: { attribute: false }, run: { attribute: false } };
  declare port: Port;
  declare run: RunShown;

  protected override render(): TemplateResult {
    if (this.run.patches.length === 0) {
      return html`<p class="quiet">The patch appears when the first item is merged.</p>`;
    }
    return html`${repeat(
      this.run.patches.toReversed(),
      (each) => each.id,
      (each) =>
        html`<sextet-patch-card .port=${this.port} .run=${this.run} .patch=${each}></sextet-patch-card>`,
    )}`;
  }
}

customElements.define("sextet-patch-list", PatchList);
