/** What waits for the person: questions with their choices and the time that is left. */

import { type TemplateResult, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Question } from "../../shared/protocol";
import type { RunShown } from "../../state/run";
import { QUESTION_KINDS, duration } from "../../state/words";
import { Light, icon } from "../light";
import type { Port } from "../port";

/** `<sextet-inbox>` */
export class Inbox extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    now: { attribute: false },
    busy: { state: true },
  };
  declare port: Port;
  declare run: RunShown | undefined;
  declare now: number;
  declare busy: ReadonlySet<string>;

  constructor() {
    super();
    this.busy = new Set();
  }

  protected override render(): TemplateResult | typeof nothing {
    const questions = this.run?.questions ?? [];
    if (questions.length === 0) return nothing;
    return html`<section class="inbox" aria-label="Questions for you">
      ${repeat(
        questions,
        (each) => each.id,
        (each) => this.#question(each),
      )}
    </section>`;
  }

  #question(question: Question): TemplateResult {
    const task = this.run?.tasks.find((each) => each.id === question.taskId);
    return html`<article class="card question" aria-labelledby="q-${question.id}">
      <div class="row top">
        ${icon("bell-dot", "attention")}<strong class="grow">${QUESTION_KINDS[question.kind]}</strong>
        ${this.#left(question)}
      </div>
      <p class="question-text" id="q-${question.id}">${question.text}</p>
      ${task ? html`<p class="quiet small">About: ${task.title}</p>` : nothing}
      ${
        question.detail === ""
          ? nothing
          : html`<details>
              <summary>Details</summary>
              <pre tabindex="0">${question.detail}</pre>
            </details>`
      }
      ${question.choices.length > 0 ? this.#choices(question) : this.#words(question)}
    </article>`;
  }

  #left(question: Question): TemplateResult {
    const left = question.deadline - this.now;
    const choice = question.choices.find((each) => each.value === question.default);
    const what = choice?.label ?? (question.default === "" ? "no answer" : question.default);
    return html`<span class="quiet small ${left < 120 ? "soon" : ""}" title="Then the answer is: ${what}"
      >${left > 0 ? html`${icon("watch")} ${duration(left)}` : "time is up"}</span
    >`;
  }

  #choices(question: Question): TemplateResult {
    const one = (value: string, label: string): TemplateResult => {
      const chosen = value === question.default;
      return html`<button
        class="vscode-button secondary"
        type="button"
        ?disabled=${this.busy.has(question.id)}
        @click=${() => void this.#answer(question, value)}
      >
        ${label}${chosen ? html`<span class="default">default</span>` : nothing}
      </button>`;
    };
    return html`<div class="row wrap">${question.choices.map((each) => one(each.value, each.label))}</div>`;
  }

  #words(question: Question): TemplateResult {
    const send = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = event.currentTarget as HTMLFormElement;
      const said = new FormData(form).get("answer");
      if (typeof said === "string" && said.trim() !== "") void this.#answer(question, said.trim());
    };
    return html`<form class="row" @submit=${send}>
      <input
        class="vscode-textfield grow"
        name="answer"
        autocomplete="off"
        aria-label="Your answer"
        placeholder=${question.default === "" ? "Your answer" : `Default: ${question.default}`}
      />
      <button class="vscode-button" type="submit" ?disabled=${this.busy.has(question.id)}>Answer</button>
    </form>`;
  }

  async #answer(question: Question, answer: string): Promise<void> {
    const { run } = this;
    if (!run) return;
    this.busy = new Set([...this.busy, question.id]);
    await this.port.ask("question/answer", { runId: run.runId, questionId: question.id, answer });
    this.busy = new Set([...this.busy].filter((each) => each !== question.id));
  }
}

customElements.define("sextet-inbox", Inbox);
