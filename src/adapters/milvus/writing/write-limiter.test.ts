import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError } from "../../../contracts/index.js";
import { WriteLimiter } from "./write-limiter.js";

const calm = new AbortController().signal;
const refuse = async () => {
  throw new HeadraceError("overloaded", "rate limit");
};

describe("write limiter", () => {
  it("never lets more than its limit in, and everybody comes in turn", async () => {
    const limiter = new WriteLimiter(3);
    let [inside, most] = [0, 0];
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        limiter.run(async () => {
          inside += 1;
          most = Math.max(most, inside);
          order.push(index);
          await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
        }, calm),
      ),
    );
    assert.equal(most, 3);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
  });

  it("is halved by an overload, never below one, and grows by one a round", async () => {
    const limiter = new WriteLimiter(8);
    for (const limit of [4, 2, 1, 1]) {
      await assert.rejects(limiter.run(refuse, calm));
      assert.equal(limiter.limit, limit);
    }
    await limiter.run(async () => undefined, calm);
    assert.equal(limiter.limit, 2);
    for (let at = 0; at < 100; at += 1) await limiter.run(async () => undefined, calm);
    assert.equal(limiter.limit, 8);
  });

  it("another error leaves the limit as it is", async () => {
    const limiter = new WriteLimiter(8);
    await assert.rejects(limiter.run(async () => Promise.reject(new HeadraceError("row_rejected", "no")), calm));
    assert.equal(limiter.limit, 8);
  });

  it("who waits and is cancelled leaves, and takes nobody's place", async () => {
    const limiter = new WriteLimiter(1);
    let open = () => {};
    const first = limiter.run(() => new Promise<void>((resolve) => (open = resolve)), calm);
    const stopping = new AbortController();
    const second = limiter.run(async () => "second", stopping.signal);
    const third = limiter.run(async () => "third", calm);
    stopping.abort();
    await assert.rejects(second, (error) => HeadraceError.is(error) && error.code === "aborted");
    open();
    await first;
    assert.equal(await third, "third");
    assert.equal(await limiter.run(async () => "fourth", calm), "fourth");
  });
});
