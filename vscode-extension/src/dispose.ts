/** Everything that must be put down registers itself with its owner. */

/** Something that can be put down. */
export interface Disposable {
  dispose(): void;
}

/** An owner of disposables: puts them down with itself, the youngest first. */
export class Owner implements Disposable {
  readonly #owned: Disposable[] = [];
  #disposed = false;

  /** Take something in; put it down at once when the owner is gone. */
  protected own<T extends Disposable>(each: T): T {
    if (this.#disposed) each.dispose();
    else this.#owned.push(each);
    return each;
  }

  /** True once it is put down. */
  protected get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.#disposed = true;
    for (const each of this.#owned.splice(0).reverse()) each.dispose();
  }
}
