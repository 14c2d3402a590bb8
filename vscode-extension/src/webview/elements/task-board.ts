/** All tasks of a run, those that need the person first. */

import { type TemplateResult, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Task } from "../../shared/protocol";
import { GROUPS, type Group, board } from "../../state/board";
import type { RunShown } from "../../state/run";
import { Light } from "../light";
import type { Port } from "../port";
import "./task-card";

const NAMES: Readonly<Record<Group, string>> = {
  "needs you": "Needs you",
  "at work": "At work",
  ready: "Ready",
  done: "Done",
};

/** `<sextet-task-board>` */
export class TaskBoard extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    now: { attribute: false },
  };
  declare port: Port;
  declare run: RunShown | undefined;
  declare now: number;

  protected override render(): TemplateResult | typeof nothing {
    const { run } = this;
    if (!run) return nothing;
    if (run.tasks.length === 0)
      return html`<p class="quiet pad">The first tasks appear when the run begins.</p>`;
    const groups = board(run);
    return html`${GROUPS.map((name) => this.#group(name, groups.get(name) ?? [], run))}`;
  }

  #group(name: Group, tasks: readonly Task[], run: RunShown): TemplateResult | typeof nothing {
    if (tasks.length === 0) return nothing;
    return html`<section aria-label=${NAMES[name]}>
      <h2>${NAMES[name]} <span class="quiet">${tasks.length}</span></h2>
      <ul class="cards">
        ${repeat(
          tasks,
          (each) => each.id,
          (each) =>
            html`<li>
              <sextet-task-card
                .port=${this.port}
                .run=${run}
                .task=${each}
                .now=${this.now}
              ></sextet-task-card>
            </li>`,
        )}
      </ul>
    </section>`;
  }
}

customElements.define("sextet-task-board", TaskBoard);
