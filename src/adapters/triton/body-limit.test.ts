/** The limit of a way is found with a few refusals, and a lower one is found again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyLimit } from "./body-limit.js";

/** Sends `rows` through a way that takes `most` of them; how many refusals that took, and what was told. */
function send(limit: BodyLimit, rows: number, most: number): { readonly refusals: number; readonly told: readonly number[] } {
  let refusals = 0;
  const told: number[] = [];
  for (let left = rows; left > 0; ) {
    const count = limit.next(left);
    if (count > most) {
      refusals += 1;
      limit.refused(count);
      continue;
    }
    const found = limit.passed(count);
    if (found !== null) told.push(found);
    left -= count;
  }
  return { refusals, told };
}

test("any limit is found within the halvings of a batch, told once, and not run into again", () => {
  for (let most = 1; most <= 32; most += 1) {
    const limit = new BodyLimit();
    const first = send(limit, 320, Number.POSITIVE_INFINITY);
    assert.deepEqual(first, { refusals: 0, told: [] });
    const fresh = new BodyLimit();
    const batches = Array.from({ length: 20 }, () => send(fresh, 32, most));
    assert.ok(batches.reduce((sum, { refusals }) => sum + refusals, 0) <= 6, `limit ${most}`);
    assert.deepEqual(
      batches.flatMap(({ told }) => told),
      most === 32 ? [] : [most],
    );
  }
});

test("a limit that is lowered is found again", () => {
  const limit = new BodyLimit();
  send(limit, 320, 20);
  assert.ok(send(limit, 320, 5).refusals <= 6);
  assert.equal(send(limit, 320, 5).refusals, 0);
});
