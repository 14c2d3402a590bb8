/** A person who answers what the test says, and keeps what they were told. */

import type { Choice, Window, Wording } from "../../../src/window";

/** A window without an editor. */
export class Person implements Window {
  /** What is typed, picked (by label) or pressed, in that order. */
  answers: (string | undefined)[] = [];
  /** Everything they were asked and told. */
  readonly heard: string[] = [];

  ask(wording: Wording): Promise<string | undefined> {
    this.heard.push(wording.title);
    return Promise.resolve(this.answers.shift());
  }

  pick<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
    this.heard.push(`${title}: ${choices.map((each) => each.label).join(", ")}`);
    const label = this.answers.shift();
    return Promise.resolve(choices.find((each) => each.label === label)?.value);
  }

  decide(what: string, detail: string, buttons: readonly string[]): Promise<string | undefined> {
    this.heard.push(`${what} ${detail}`);
    return Promise.resolve(this.#pressed(buttons));
  }

  tell(level: string, what: string, ...buttons: readonly string[]): Promise<string | undefined> {
    this.heard.push(`${level}: ${what}`);
    return Promise.resolve(this.#pressed(buttons));
  }

  #pressed(buttons: readonly string[]): string | undefined {
    const button = this.answers.shift();
    return button !== undefined && buttons.includes(button) ? button : undefined;
  }
}
