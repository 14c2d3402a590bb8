/** One worker: what it does, whether it is alive, and its log when asked for. */

import { type TemplateResult, html, nothing } from "lit";
import type { WorkerStatus } from "../../shared/protocol";
import type { PaneState } from "../../state/pane";
import { WORKER_STATES, duration, modelName, tokens, total } from "../../state/words";
import { Light, icon, iconButton } from "../light";
import type { Port } from "../port";
import "./log-view";

/** Seconds without a heartbeat after which nobody can say that a worker is alive. */
export const STALE = 6;

/** `<sextet-worker-lane>` */
export class WorkerLane extends Light {
  static override properties = {
    port: { attribute: false },
    runId: { attribute: false },
    worker: { attribute: false },
    gone: { attribute: false },
    now: { attribute: false },
    beat: { attribute: false },
    open: { state: true },
  };
  declare port: Port;
  declare runId: string;
  declare worker: WorkerStatus | undefined;
  declare gone: string | undefined;
  declare now: number;
  declare beat: PaneState["beat"];
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  protected override render(): TemplateResult {
    const id = this.worker?.id ?? this.gone ?? "";
    const age = this.beat && this.worker ? this.now - this.beat.heard : 0;
    const stale = age > STALE;
    return html`<article class="card lane ${stale ? "stale" : ""}" aria-label="Worker ${id}">
      <div class="row top">${this.#name(id)}${this.#state(stale, age)}</div>
      ${this.worker ? this.#doing(this.worker) : nothing}
      ${
        this.open
          ? html`<sextet-log-view .port=${this.port} .runId=${this.runId} .workerId=${id}></sextet-log-view>`
          : nothing
      }
    </article>`;
  }

  #name(id: string): TemplateResult {
    const toggle = (): void => {
      this.open = !this.open;
    };
    return html`<button
      class="disclose grow"
      type="button"
      aria-expanded=${this.open ? "true" : "false"}
      @click=${toggle}
    >
      ${icon(this.open ? "chevron-down" : "chevron-right")}
      <span class="dot ${this.worker?.state ?? "stopped"}"></span><strong>${id}</strong>
    </button>`;
  }

  #state(stale: boolean, age: number): TemplateResult | typeof nothing {
    const { worker } = this;
    if (!worker) return nothing;
    const ids = { runId: this.runId, workerIds: [worker.id], how: "drain" as const };
    const stop = iconButton(
      "debug-pause",
      `Stop ${worker.id} after its task`,
      () => void this.port.ask("workers/stop", ids),
    );
    if (stale) {
      return html`<span class="state error" role="status"
        >${icon("warning")} no sign for ${duration(age)}</span
      >`;
    }
    return html`<span class="state">${WORKER_STATES[worker.state]}</span>
      ${worker.state === "stopped" || worker.state === "stopping" ? nothing : stop}`;
  }

  #doing(worker: WorkerStatus): TemplateResult {
    const quiet = this.#quiet(worker);
    const cost = total(worker.usage);
    const facts = [
      worker.taskId === null ? "" : modelName(worker.model),
      cost > 0 ? `${tokens(cost)} tokens` : "",
      quiet === undefined ? "" : `active ${duration(quiet)} ago`,
    ].filter((each) => each !== "");
    return html`${worker.title === "" ? nothing : html`<p class="clamp">${worker.title}</p>`}
    ${
      worker.activity === ""
        ? nothing
        : html`<p class="small activity" title=${worker.activity}>${worker.activity}</p>`
    }
    ${facts.length === 0 ? nothing : html`<p class="quiet small facts">${facts.join(" · ")}</p>`}`;
  }

  /** Seconds since its agent gave a sign; both of the server's times are by its own clock. */
  #quiet(worker: WorkerStatus): number | undefined {
    if (worker.lastActivity === 0 || worker.taskId === null || !this.beat) return undefined;
    return this.beat.sent - worker.lastActivity + (this.now - this.beat.heard);
  }
}

customElements.define("sextet-worker-lane", WorkerLane);
