import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteGate } from "./byte-gate.js";

const quiet = () => {};

/** Lets promises that are settled already run on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("bytes are reserved while they fit, and waited for in the order of asking", async () => {
  let asked = 0;
  const gate = new ByteGate(100, () => {
    asked += 1;
  });
  const entered: string[] = [];
  assert.equal(gate.tryReserve(60), true);
  void gate.reserve(50).then(() => entered.push("large"));
  assert.equal(gate.tryReserve(10), false, "a small one does not overtake");
  void gate.reserve(10).then(() => entered.push("small"));
  await settle();
  assert.deepEqual([entered, gate.hasWaiter, asked], [[], true, 2]);
  gate.leave(60);
  await settle();
  assert.deepEqual([entered, gate.hasWaiter, gate.usedBytes, gate.peakBytes], [["large", "small"], false, 60, 60]);
});

test("more than the whole budget enters alone", async () => {
  const gate = new ByteGate(100, quiet);
  gate.tryReserve(1);
  const large = gate.reserve(1_000);
  await settle();
  assert.equal(gate.usedBytes, 1);
  gate.leave(1);
  assert.equal(await large, "entered");
  assert.equal(gate.tryReserve(0), false, "nobody joins it");
  gate.leave(1_000);
  assert.equal(gate.usedBytes, 0);
});

test("what one inside takes later is counted and not waited for; what it gives back lets others in", async () => {
  const gate = new ByteGate(100, quiet);
  gate.tryReserve(50);
  gate.charge(100);
  const other = gate.reserve(40);
  await settle();
  assert.deepEqual([gate.usedBytes, gate.peakBytes, gate.hasWaiter], [150, 150, true]);
  gate.charge(-100);
  assert.equal(await other, "entered");
  assert.equal(gate.usedBytes, 90);
});

test("a halt lets all go with nothing reserved", async () => {
  const gate = new ByteGate(100, quiet);
  gate.tryReserve(100);
  const waiting = [gate.reserve(10), gate.reserve(20)];
  gate.halt();
  assert.deepEqual(await Promise.all(waiting), ["halted", "halted"]);
  assert.equal(await gate.reserve(10), "halted", "a wait that begins after the halt ends too");
  assert.equal(gate.usedBytes, 100);
});

test("fractions of bytes leave nothing behind that would keep a large item out for ever", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 20 }), (sizes) => {
      const gate = new ByteGate(1e6, quiet);
      for (const size of sizes) gate.tryReserve(size);
      for (const size of sizes) gate.leave(size);
      assert.equal(gate.usedBytes, 0);
      assert.equal(gate.tryReserve(1e9), true);
    }),
  );
});
