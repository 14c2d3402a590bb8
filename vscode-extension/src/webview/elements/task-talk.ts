/** What was said about a task, by people and by those who judged it. */

import { type TemplateResult, html, nothing } from "lit";
import type { Finding, Task } from "../../shared/protocol";
import type { RunShown } from "../../state/run";
import { Light } from "../light";
import type { Port } from "../port";

/** `<sextet-task-talk>` */
export class TaskTalk extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    task: { attribute: false },
    text: { state: true },
  };
  declare port: Port;
  declare run: RunShown;
  declare task: Task;
  declare text: string | undefined;
  #count = -1;

  protected override willUpdate(): void {
    const count = this.run.comments[this.task.id]?.length ?? 0;
    if (count === this.#count) return;
    this.#count = count;
    void this.#read();
  }

  async #read(): Promise<void> {
    const name = "conversation.md";
    const page = await this.port.ask("artifact/read", { runId: this.run.runId, taskId: this.task.id, name });
    this.text = page?.text ?? "";
  }

  protected override render(): TemplateResult {
    const findings = judged(this.task);
    const silent = findings.length === 0 && this.text === "";
    return html`<section class="talk" aria-label="Conversation">
      ${this.text === undefined ? html`<p class="quiet small">Reading …</p>` : nothing}
      ${silent ? html`<p class="quiet small">Nothing was said about this task.</p>` : nothing}
      ${this.text ? html`<pre class="prose" tabindex="0">${this.text}</pre>` : nothing}
      ${
        findings.length === 0
          ? nothing
          : html`<ul class="findings">
              ${findings.map((each) => this.#finding(each))}
            </ul>`
      }
    </section>`;
  }

  #finding(finding: Finding): TemplateResult {
    const { file, line, severity, message } = finding;
    const open = (): void => {
      this.port.run("openFile", { path: file, line });
    };
    return html`<li class="finding ${severity}">
      <span class="severity">${severity}</span> <span>${message}</span>
      ${
        file === ""
          ? nothing
          : html`<button class="link-button" type="button" @click=${open}>
              ${file}${line > 0 ? `:${line}` : ""}
            </button>`
      }
    </li>`;
  }
}

function judged(task: Task): readonly Finding[] {
  const { outcome } = task;
  const own = outcome?.kind === "test" || outcome?.kind === "review" ? outcome.findings : [];
  return [...task.findings, ...own];
}

customElements.define("sextet-task-talk", TaskTalk);
