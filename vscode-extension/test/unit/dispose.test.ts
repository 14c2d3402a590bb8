import { expect, test } from "vitest";
import { Owner } from "../../src/dispose";

class House extends Owner {
  take(name: string, gone: string[]): void {
    this.own({ dispose: () => gone.push(name) });
  }
}

test("what came last goes first, and once", () => {
  const gone: string[] = [];
  const house = new House();
  house.take("cellar", gone);
  house.take("roof", gone);
  house.dispose();
  house.dispose();
  expect(gone).toEqual(["roof", "cellar"]);
});

test("what comes too late is put down at once", () => {
  const gone: string[] = [];
  const house = new House();
  house.dispose();
  house.take("door", gone);
  expect(gone).toEqual(["door"]);
});
