/** One task: where it stands, who is at it, and what can be done with it. */

import { type TemplateResult, html, nothing } from "lit";
import type { Task } from "../../shared/protocol";
import { type Action, actions, groupOf, waitsForApproval } from "../../state/board";
import type { RunShown } from "../../state/run";
import { ROLE_NAMES, ROLE_OF, TASK_STATES, duration, many, tokens, total } from "../../state/words";
import { Light, button, iconButton } from "../light";
import type { Port } from "../port";
import "./ask-box";
import "./task-talk";

type Words = "comment" | "requestChanges" | "steer";

const BOXES: Readonly<Record<Words, readonly [label: string, action: string]>> = {
  comment: ["The agent reads this at its next attempt", "Comment"],
  requestChanges: ["What has to change?", "Request changes"],
  steer: ["Say this to the agent now", "Steer"],
};

/** `<sextet-task-card>` */
export class TaskCard extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    task: { attribute: false },
    now: { attribute: false },
    box: { state: true },
    talking: { state: true },
  };
  declare port: Port;
  declare run: RunShown;
  declare task: Task | undefined;
  declare now: number;
  declare box: Words | null;
  declare talking: boolean;

  constructor() {
    super();
    this.box = null;
    this.talking = false;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { task, run } = this;
    if (!task) return nothing;
    const group = groupOf(run, task).replace(" ", "-");
    const state = waitsForApproval(run, task) ? "awaiting_review" : task.state;
    const [large, small] = sorted(actions(run, task));
    return html`<article class="card task ${group}" aria-label="${task.title}, ${TASK_STATES[state]}">
      <div class="row top">
        <span class="dot ${state}"></span>
        <span class="task-title grow" title=${task.id}>${task.title}</span>
        <span class="state ${state}">${TASK_STATES[state]}</span>
      </div>
      <div class="row facts-row">
        <p class="quiet small facts grow">${this.#facts(task)}</p>
        <span class="actions">${small.map((each) => this.#action(each, task))}</span>
      </div>
      ${this.#outcome(task)}
      ${
        large.length === 0
          ? nothing
          : html`<div class="row wrap task-actions">${large.map((each) => this.#action(each, task))}</div>`
      }
      ${this.#box(task)}
      ${
        this.talking
          ? html`<sextet-task-talk .port=${this.port} .run=${run} .task=${task}></sextet-task-talk>`
          : nothing
      }
    </article>`;
  }

  #facts(task: Task): string {
    const who = task.worker ?? ROLE_NAMES[ROLE_OF[task.kind]];
    const spent = task.state === "in_progress" ? this.now - task.claimedAt + task.seconds : task.seconds;
    const cost = total(task.usage);
    return [
      who,
      task.model,
      task.epoch > 1 ? `attempt ${task.epoch}` : "",
      spent >= 1 ? duration(spent) : "",
      cost > 0 ? `${tokens(cost)} tokens` : "",
    ]
      .filter((each) => each !== "")
      .map((each) => each.replaceAll(" ", "\u00a0"))
      .join(" · ");
  }

  #outcome(task: Task): TemplateResult | typeof nothing {
    if (task.failure) {
      return html`<p class="small failure">${task.failure.cause} ${task.failure.nextStep}</p>`;
    }
    if (task.findings.length > 0) {
      const first = task.findings[0]?.message ?? "";
      const words = `${many(task.findings.length, "finding")} to mend: ${first}`;
      return html`<p class="small clamp" title=${words}>${words}</p>`;
    }
    const words = summary(task);
    return words === "" ? nothing : html`<p class="small clamp" title=${words}>${words}</p>`;
  }

  #action(action: Action, task: Task): TemplateResult {
    const { run, port } = this;
    const ids = { runId: run.runId, taskId: task.id };
    const box = (words: Words) => () => {
      this.box = this.box === words ? null : words;
    };
    const approve = (): void => {
      const patch = run.patches.find((each) => each.number === task.patch);
      const seen = task.kind === "review" && patch ? { seen: patch.tree } : {};
      void port.ask("task/approve", { ...ids, ...seen });
    };
    switch (action) {
      case "approve":
        return button("Approve", approve, "primary", "check");
      case "requestChanges":
        return this.#requesting(task, box("requestChanges"));
      case "retry":
        return button("Try again", () => void port.ask("task/retry", ids), "primary", "refresh");
      case "steer":
        return iconButton("megaphone", "Say something to the agent now", box("steer"));
      case "interrupt":
        return iconButton("debug-stop", "Stop this attempt", () => void port.ask("task/interrupt", ids));
      case "comment":
        return iconButton("comment", "Comment for the next attempt", box("comment"));
      case "talk":
        return iconButton("comment-discussion", "Conversation", () => {
          this.talking = !this.talking;
        });
      case "open":
        return iconButton("go-to-file", "Open all that is known of this task", () => {
          port.run("openTask", ids);
        });
    }
  }

  #requesting(task: Task, press: () => void): TemplateResult {
    if (!actions(this.run, task).includes("approve")) {
      return iconButton("request-changes", "Request changes", press);
    }
    return button("Request changes", press, "secondary");
  }

  #box(task: Task): TemplateResult | typeof nothing {
    const { box } = this;
    if (box === null) return nothing;
    const [label, action] = BOXES[box];
    const close = (): void => {
      this.box = null;
    };
    const send = async (text: string): Promise<void> => {
      const said = await this.port.ask(`task/${box}`, { runId: this.run.runId, taskId: task.id, text });
      if (said) close();
    };
    return html`<sextet-ask-box
      label=${label}
      action=${action}
      .send=${send}
      .cancel=${close}
    ></sextet-ask-box>`;
  }
}

/** Actions that deserve words, and those that are icons. */
function sorted(all: readonly Action[]): [large: Action[], small: Action[]] {
  const decides = all.includes("approve");
  const large = all.filter((each) => LARGE.has(each) || (each === "requestChanges" && decides));
  return [large, all.filter((each) => !large.includes(each))];
}

const LARGE = new Set<Action>(["approve", "retry"]);

function summary(task: Task): string {
  const { outcome } = task;
  switch (outcome?.kind) {
    case undefined:
      return "";
    case "analysis":
      return outcome.draft.summary;
    case "consensus":
      return outcome.ledger.summary;
    case "split":
      return outcome.plan.summary;
    case "implement":
    case "test":
    case "review":
      return outcome.summary;
  }
}

customElements.define("sextet-task-card", TaskCard);
