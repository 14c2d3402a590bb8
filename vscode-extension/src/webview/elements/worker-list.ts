/** All workers of a run, by role, each with what it does and its log. */

import { type TemplateResult, html } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { PaneState } from "../../state/pane";
import type { RunShown } from "../../state/run";
import { Light, button } from "../light";
import type { Port } from "../port";
import "./worker-lane";

/** `<sextet-worker-list>` */
export class WorkerList extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    now: { attribute: false },
    beat: { attribute: false },
  };
  declare port: Port;
  declare run: RunShown;
  declare now: number;
  declare beat: PaneState["beat"];

  protected override render(): TemplateResult {
    const { workers, runId } = this.run;
    if (workers.length === 0) return this.#nobody();
    const all = { runId };
    return html`<div class="row wrap">
        ${button("Start all", () => void this.port.ask("workers/start", all), "secondary", "play")}
        ${button("Stop all", () => void this.port.ask("workers/stop", { runId, how: "drain" }), "secondary", "debug-pause")}
      </div>
      <ul class="cards">
        ${repeat(
          workers,
          (each) => each.id,
          (each) =>
            html`<li>
              <sextet-worker-lane
                .port=${this.port}
                .runId=${runId}
                .worker=${each}
                .now=${this.now}
                .beat=${this.beat}
              ></sextet-worker-lane>
            </li>`,
        )}
      </ul>`;
  }

  /** The workers are gone, but what they wrote is still there. */
  #nobody(): TemplateResult {
    const names = new Set(this.run.tasks.flatMap((each) => (each.worker === null ? [] : [each.worker])));
    return html`<p class="quiet">Nobody works on this run now.</p>
      <ul class="cards">
        ${[...names].map(
          (id) =>
            html`<li>
              <sextet-worker-lane
                .port=${this.port}
                .runId=${this.run.runId}
                .gone=${id}
                .now=${this.now}
              ></sextet-worker-lane>
            </li>`,
        )}
      </ul>`;
  }
}

customElements.define("sextet-worker-list", WorkerList);
