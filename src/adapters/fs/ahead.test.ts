import assert from "node:assert/strict";
import { test } from "node:test";
import { mapAhead } from "./ahead.js";

test("results come in order, however long each takes", async () => {
  const delays = [3, 1, 2, 0, 1];
  const map = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    return turns;
  };
  assert.deepEqual(await collect(mapAhead(delays, 3, map)), delays);
});

test("no more than the given number of calls is in flight, and that many are", async () => {
  let open = 0;
  let most = 0;
  const map = async (value: number) => {
    most = Math.max(most, ++open);
    await new Promise(setImmediate);
    open--;
    return value;
  };
  await collect(mapAhead(Array(20).keys(), 4, map));
  assert.equal(most, 4);
});

test("a consumer that leaves early waits for what is in flight and reads no further", async () => {
  let read = 0;
  let open = 0;
  async function* items() {
    for (;;) yield read++;
  }
  const map = async (value: number) => {
    open++;
    await new Promise(setImmediate);
    open--;
    return value;
  };
  for await (const value of mapAhead(items(), 4, map)) if (value === 2) break;
  assert.equal(open, 0);
  assert.ok(read <= 7, `read ${read}`);
});

test("with nothing ahead, an item is handed on before the next is asked for", async () => {
  let asked = 0;
  async function* items() {
    for (let i = 0; i < 3; i++) {
      asked++;
      yield i;
    }
  }
  for await (const value of mapAhead(items(), 1, async (item) => item)) assert.equal(asked, value + 1);
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
