import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Ring } from "./ring.js";

test("a ring gives back what an array would, also after it wrapped around and grew", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (pushes) => {
      const ring = new Ring<number>(2);
      const array: number[] = [];
      pushes.forEach((isPush, entry) => {
        if (isPush) {
          ring.push(entry);
          array.push(entry);
        } else {
          assert.equal(ring.shift(), array.shift());
        }
        assert.equal(ring.size, array.length);
        assert.equal(ring.peek(), array[0]);
      });
    }),
  );
});
