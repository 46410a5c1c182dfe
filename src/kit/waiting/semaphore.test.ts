/** How many enter a semaphore, and in which order. */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import fc from "fast-check";
import { HeadraceError } from "../../contracts/index.js";
import { Semaphore } from "./semaphore.js";

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
  const semaphore = new Semaphore(100);
  const entered: string[] = [];
  const tasks = [task(), task(), task(), task()];
  const spend = (name: string, bytes: number, index: number) =>
    semaphore.run(bytes, never, "test", () => {
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

test("a share larger than the limit enters alone", async () => {
  const semaphore = new Semaphore(100);
  const small = task();
  const huge = task();
  const entered: string[] = [];
  const all = [
    semaphore.run(1, never, "test", () => {
      entered.push("small");
      return small.ended;
    }),
    semaphore.run(5_000, never, "test", () => {
      entered.push("huge");
      return huge.ended;
    }),
    semaphore.run(1, never, "test", async () => {
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
  const semaphore = new Semaphore(10);
  await assert.rejects(
    semaphore.run(10, never, "test", () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await semaphore.run(10, never, "test", async () => "free"), "free");
});

test("who waits can be stopped, and those behind move up", async () => {
  const semaphore = new Semaphore(10);
  const first = task();
  const stop = new AbortController();
  const running = semaphore.run(5, never, "test", () => first.ended);
  const waiting = semaphore.run(10, stop.signal, "test", async () => "never");
  const behind = semaphore.run(5, never, "test", async () => "behind");
  await turns();
  stop.abort(new Error("stopped by a test"));
  await assert.rejects(waiting, (error) => HeadraceError.is(error) && error.code === "aborted");
  assert.equal(await behind, "behind");
  first.end();
  await running;
});

test("a signal that has fired lets nothing in", async () => {
  const work = async () => assert.fail("must not run");
  await assert.rejects(new Semaphore(10).run(1, AbortSignal.abort(), "test", work), (error) => HeadraceError.is(error));
});

test("those inside stay when the limit falls below them, and nobody enters until they fit again", async () => {
  const semaphore = new Semaphore(3);
  await Promise.all([1, 1, 1].map((weight) => semaphore.enter(weight, never, "test")));
  semaphore.resize(1);
  let isInside = false;
  const next = semaphore.enter(1, never, "test").then(() => {
    isInside = true;
  });
  for (const expected of [false, false, true]) {
    semaphore.leave(1);
    await turns();
    assert.equal(isInside, expected);
  }
  await next;
});

test("a signal that fires before the work begins gives the share back", async () => {
  const semaphore = new Semaphore(1);
  const stop = new AbortController();
  const entering = semaphore.run(1, stop.signal, "test", async () => assert.fail("must not run"));
  stop.abort();
  await assert.rejects(entering, (error) => HeadraceError.is(error) && error.code === "aborted");
  assert.equal(await semaphore.run(1, never, "test", async () => "free"), "free");
});

/** What happens to a semaphore, one after the other. */
type Step =
  | { readonly kind: "enter"; readonly weight: number }
  /** The entry at this place, of those inside or of those that wait. */
  | { readonly kind: "leave" | "abort"; readonly at: number }
  | { readonly kind: "resize"; readonly limit: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("enter" as const), weight: fc.integer({ min: 1, max: 12 }) }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constantFrom("leave" as const, "abort" as const), at: fc.nat(20) }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant("resize" as const), limit: fc.integer({ min: 1, max: 10 }) }), weight: 1 },
);

/** The same rules, written as plainly as can be. */
class Model {
  inside: readonly Caller[] = [];
  waiting: readonly Caller[] = [];

  constructor(public limit: number) {}

  admit(): void {
    for (let [next] = this.waiting; next !== undefined; [next] = this.waiting) {
      const used = this.inside.reduce((sum, { weight }) => sum + weight, 0);
      if (used > 0 && used + next.weight > this.limit) return;
      this.inside = [...this.inside, next];
      this.waiting = this.waiting.slice(1);
    }
  }
}

interface Caller {
  readonly weight: number;
  readonly stop: AbortController;
  state: "waiting" | "inside" | "aborted" | "left";
}

test("whatever happens: first come, first served, never more than the limit but for one alone, and none is forgotten", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 10 }), fc.array(step, { maxLength: 40 }), async (limit, steps) => {
      const [semaphore, model] = [new Semaphore(limit), new Model(limit)];
      const callers: Caller[] = [];
      for (const each of steps) {
        take(each, semaphore, model, callers);
        model.admit();
        await new Promise(setImmediate);
        const found = (state: Caller["state"]) => callers.filter((caller) => caller.state === state);
        assert.deepEqual(
          found("inside"),
          callers.filter((caller) => model.inside.includes(caller)),
        );
        assert.deepEqual(found("waiting"), model.waiting);
      }
      for (const caller of callers.filter(({ state }) => state !== "waiting")) {
        assert.equal(getEventListeners(caller.stop.signal, "abort").length, 0);
      }
      for (let [caller] = model.inside; caller !== undefined; [caller] = model.inside) {
        leave(caller, semaphore, model);
        model.admit();
        await new Promise(setImmediate);
      }
      assert.ok(callers.every(({ state }) => state === "left" || state === "aborted"));
    }),
    { numRuns: 300 },
  );
});

function take(each: Step, semaphore: Semaphore, model: Model, callers: Caller[]): void {
  switch (each.kind) {
    case "enter": {
      const caller: Caller = { weight: each.weight, stop: new AbortController(), state: "waiting" };
      callers.push(caller);
      model.waiting = [...model.waiting, caller];
      semaphore.enter(each.weight, caller.stop.signal, "test").then(
        () => {
          caller.state = "inside";
        },
        () => {
          caller.state = "aborted";
        },
      );
      return;
    }
    case "leave": {
      const caller = model.inside[each.at % model.inside.length];
      if (caller !== undefined) leave(caller, semaphore, model);
      return;
    }
    case "abort": {
      const caller = model.waiting[each.at % model.waiting.length];
      if (caller === undefined) return;
      model.waiting = model.waiting.filter((other) => other !== caller);
      caller.stop.abort();
      return;
    }
    case "resize":
      model.limit = each.limit;
      semaphore.resize(each.limit);
      return;
    default:
      each satisfies never;
  }
}

function leave(caller: Caller, semaphore: Semaphore, model: Model): void {
  model.inside = model.inside.filter((other) => other !== caller);
  caller.state = "left";
  semaphore.leave(caller.weight);
}
