/** A stand-in for the `vscode` module, as small as the tests need it. */

/** A place that can be put down. */
export class Disposable {
  readonly #call: () => void;
  constructor(call: () => void) {
    this.#call = call;
  }
  dispose(): void {
    this.#call();
  }
}
