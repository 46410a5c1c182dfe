/** Layers of async iterables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { itemsOnceMade, mapItems } from "./layers.js";

/** Numbers from 0, and what became of their generator. */
function numbers(count: number) {
  const state = { isClosed: false };
  async function* generate() {
    try {
      for (let next = 0; next < count; next += 1) yield next;
    } finally {
      state.isClosed = true;
    }
  }
  return { items: generate(), state };
}

test("maps each item, in order", async () => {
  const doubled: number[] = [];
  for await (const item of mapItems(numbers(3).items, (number) => number * 2)) doubled.push(item);
  assert.deepEqual(doubled, [0, 2, 4]);
});

test("closes what it maps when the reader stops early, and when mapping throws", async () => {
  const left = numbers(9);
  for await (const item of mapItems(left.items, (number) => number)) if (item === 2) break;
  assert.equal(left.state.isClosed, true);
  const broken = numbers(9);
  const mapped = mapItems(broken.items, () => {
    throw new RangeError("odd");
  });
  await assert.rejects(async () => {
    for await (const _ of mapped);
  }, /odd/);
  assert.equal(broken.state.isClosed, true);
});

test("makes the items when the first is asked for, once", async () => {
  let made = 0;
  const items = itemsOnceMade(async () => {
    made += 1;
    return numbers(3).items;
  });
  assert.equal(made, 0);
  const found = await Promise.all([items.next(), items.next(), items.next(), items.next()]);
  assert.deepEqual(
    found.map(({ value }) => value),
    [0, 1, 2, undefined],
  );
  assert.equal(made, 1);
});

test("closes the items that it made, and makes none after it was closed", async () => {
  const { items, state } = numbers(9);
  for await (const item of itemsOnceMade(async () => items)) if (item === 1) break;
  assert.equal(state.isClosed, true);
  const unmade = itemsOnceMade(async () => assert.fail("made"));
  await unmade.return?.();
  assert.equal((await unmade.next()).done, true);
});
