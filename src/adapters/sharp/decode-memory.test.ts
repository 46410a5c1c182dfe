import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadraceError } from "../../contracts/index.js";
import { DecodeMemory } from "./decode-memory.js";

const never = new AbortController().signal;

/** Work that ends when told to. */
function task() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end: () => end() };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

test("shares enter as long as they fit, in the order they came", async () => {
  const budget = new DecodeMemory(100);
  const entered: string[] = [];
  const tasks = [task(), task(), task(), task()];
  const spend = (name: string, bytes: number, index: number) =>
    budget.spend(bytes, never, () => {
      entered.push(name);
      return (tasks[index] as ReturnType<typeof task>).ended;
    });
  const all = [spend("a 60", 60, 0), spend("b 40", 40, 1), spend("c 50", 50, 2), spend("d 10", 10, 3)];
  await turns();
  assert.deepEqual(entered, ["a 60", "b 40"]);
  tasks[1]?.end();
  await turns();
  assert.deepEqual(entered, ["a 60", "b 40"], "d would fit, but c came first");
  tasks[0]?.end();
  await turns();
  assert.deepEqual(entered, ["a 60", "b 40", "c 50", "d 10"]);
  tasks[2]?.end();
  tasks[3]?.end();
  await Promise.all(all);
});

test("a share larger than the budget enters alone", async () => {
  const budget = new DecodeMemory(100);
  const small = task();
  const huge = task();
  const entered: string[] = [];
  const all = [
    budget.spend(1, never, () => {
      entered.push("small");
      return small.ended;
    }),
    budget.spend(5_000, never, () => {
      entered.push("huge");
      return huge.ended;
    }),
    budget.spend(1, never, async () => {
      entered.push("after");
    }),
  ];
  await turns();
  assert.deepEqual(entered, ["small"]);
  small.end();
  await turns();
  assert.deepEqual(entered, ["small", "huge"]);
  huge.end();
  await Promise.all(all);
  assert.deepEqual(entered, ["small", "huge", "after"]);
});

test("work that fails gives its share back", async () => {
  const budget = new DecodeMemory(10);
  await assert.rejects(
    budget.spend(10, never, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await budget.spend(10, never, async () => "free"), "free");
});

test("who waits can be stopped, and those behind move up", async () => {
  const budget = new DecodeMemory(10);
  const first = task();
  const stop = new AbortController();
  const running = budget.spend(5, never, () => first.ended);
  const waiting = budget.spend(10, stop.signal, async () => "never");
  const behind = budget.spend(5, never, async () => "behind");
  await turns();
  stop.abort(new Error("stopped by a test"));
  await assert.rejects(waiting, (error) => HeadraceError.is(error) && error.code === "aborted");
  assert.equal(await behind, "behind");
  first.end();
  await running;
});

test("a signal that has fired lets nothing in", async () => {
  const work = async () => assert.fail("must not run");
  await assert.rejects(new DecodeMemory(10).spend(1, AbortSignal.abort(), work), (error) => HeadraceError.is(error));
});
