/** The top of a run: what was asked for, where it stands, what it costs, and what can be done with all of it. */

import { type TemplateResult, html, nothing } from "lit";
import { ended } from "../../state/people";
import type { RunShown } from "../../state/run";
import { RUN_STATES, duration, many, tokens, total } from "../../state/words";
import { Light, icon, iconButton } from "../light";
import type { Port } from "../port";
import "./ask-box";

const ICONS: Readonly<Record<RunShown["state"], string>> = {
  queued: "clock",
  bootstrapping: "loading",
  running: "loading",
  waiting_for_human: "bell-dot",
  interrupted: "debug-pause",
  completed: "pass-filled",
  stopped: "circle-slash",
  failed: "error",
};

/** `<sextet-run-header>` */
export class RunHeader extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    now: { attribute: false },
    wishing: { state: true },
  };
  declare port: Port;
  declare run: RunShown | undefined;
  declare now: number;
  declare wishing: boolean;

  constructor() {
    super();
    this.wishing = false;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { run } = this;
    if (!run) return nothing;
    return html`<header class="run-header">
      <div class="row top">
        <span class="status ${run.state}"
          >${icon(ICONS[run.state], spins(run) ? "codicon-modifier-spin" : "")} ${RUN_STATES[run.state]}</span
        >
        <span class="quiet small facts grow">${this.#facts(run)}</span>
        ${this.#buttons(run)}
      </div>
      <h1 title=${run.briefing.goal}>${run.briefing.goal}</h1>
      ${run.reason === "" ? nothing : html`<p class="quiet small">${run.reason}</p>`} ${badges(run)}
      ${this.#tokens(run)} ${this.#wish(run)}
    </header>`;
  }

  #facts(run: RunShown): string {
    const until = ended(run.state) || !run.live ? run.time : this.now;
    const rounds = run.round === 0 ? "" : ` · rework ${run.round}`;
    const patch = run.patch > 1 ? ` · follow-up ${run.patch - 1}` : "";
    return `${duration(until - run.createdAt)}${rounds}${patch}`;
  }

  #buttons(run: RunShown): TemplateResult {
    const { runId } = run;
    const over = ended(run.state);
    const resume = (): void => void this.port.ask("run/resume", { runId });
    const stop = (): void => void this.port.ask("run/stop", { runId });
    const wish = (): void => {
      this.wishing = !this.wishing;
    };
    return html`<span class="actions">
      ${
        run.state === "interrupted" || (over && run.state !== "completed") || (!run.live && !over)
          ? iconButton("debug-continue", "Go on with this run", resume)
          : nothing
      }
      ${over ? nothing : iconButton("debug-stop", "Stop this run", stop)}
      ${iconButton("comment", "Ask for more in this run", wish)}
      ${iconButton("history", "New run and past runs", () => {
        this.port.choose(null);
      })}
    </span>`;
  }

  #tokens(run: RunShown): TemplateResult {
    const used = total(run.usage);
    const limit = run.settings?.budget.runTokens ?? 0;
    const cached = run.usage.cached > 0 ? `, ${tokens(run.usage.cached)} of them cached` : "";
    const title = `${tokens(run.usage.input)} read${cached}; ${tokens(run.usage.output)} written`;
    if (limit === 0) return html`<p class="quiet small" title=${title}>${tokens(used)} tokens</p>`;
    const look = used >= limit ? "over" : used >= limit * 0.8 ? "near" : "";
    return html`<div class="budget row" title=${title}>
      <progress class=${look} max=${limit} value=${Math.min(used, limit)} aria-label="Tokens"></progress>
      <span class="quiet small">${tokens(used)} of ${tokens(limit)} tokens</span>
    </div>`;
  }

  #wish(run: RunShown): TemplateResult | typeof nothing {
    if (!this.wishing) return nothing;
    const send = async (text: string): Promise<void> => {
      const done = await this.port.ask("run/followUp", { runId: run.runId, text });
      if (done) this.wishing = false;
    };
    return html`<sextet-ask-box
      label="What else do you want?"
      action="Ask for more"
      .send=${send}
      .cancel=${() => {
        this.wishing = false;
      }}
    ></sextet-ask-box>`;
  }
}

function spins(run: RunShown): boolean {
  return run.live && (run.state === "running" || run.state === "bootstrapping");
}

function badges(run: RunShown): TemplateResult | typeof nothing {
  const found: TemplateResult[] = [];
  if (run.executor === "rehearsal") {
    found.push(html`<span class="chip" title="No model is asked">${icon("beaker")} Rehearsal</span>`);
  }
  if (run.moved !== "") {
    found.push(html`<span class="chip warn" title=${run.moved}>${icon("git-commit")} Base moved</span>`);
  }
  if (!run.live && !ended(run.state)) {
    found.push(html`<span class="chip warn">${icon("debug-disconnect")} Nobody works on it</span>`);
  }
  const drafts = run.briefing.mode === "bug_hunt" ? many(run.briefing.hunters, "hunter") : "";
  if (drafts !== "") found.push(html`<span class="chip">${icon("bug")} Bug hunt, ${drafts}</span>`);
  return found.length === 0 ? nothing : html`<div class="row wrap chips">${found}</div>`;
}

customElements.define("sextet-run-header", RunHeader);
