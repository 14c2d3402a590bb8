/** A stand-in for the `vscode` module, as small as the tests need it. */

/** An address; only equality and its text are needed. */
export class Uri {
  static parse(text: string): Uri {
    return new Uri(text);
  }
  readonly #text: string;
  private constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** Nothing is shown. */
export const window = {};
