import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Ladder, type Point, walkToKnee } from "./walk.js";

const values = [1, 2, 3, 4, 6, 8, 12, 16, 32];
const ladders: readonly Ladder[] = [
  { setting: "decode", stage: "decode", values },
  { setting: "embed", stage: "embed", values },
  { setting: "store", stage: "store", values },
];

interface Machine {
  readonly cores: number;
  /** Milliseconds per image and worker. */
  readonly decodeMs: number;
  readonly embedMs: number;
  readonly storeMs: number;
  /** Share of the speed that each worker beyond twice the number of cores costs. */
  readonly crowding: number;
}

/** A pipeline is as fast as its slowest stage and its cores allow, and slower when too many workers compete. */
function speedOf(
  { cores, decodeMs, embedMs, storeMs, crowding }: Machine,
  point: Point,
): { readonly speed: number; readonly limit: string } {
  const ceilings = {
    decode: point["decode"]! / decodeMs,
    embed: point["embed"]! / embedMs,
    store: point["store"]! / storeMs,
    processors: cores / decodeMs,
  };
  const [limit, ceiling] = Object.entries(ceilings).sort(([, a], [, b]) => a - b)[0]!;
  const crowd = Math.max(0, point["decode"]! + point["embed"]! - 2 * cores);
  return { speed: (1_000 * ceiling) / (1 + crowding * crowd), limit };
}

const machines = fc.record({
  cores: fc.constantFrom(2, 4, 8, 16),
  decodeMs: fc.double({ min: 2, max: 40, noNaN: true }),
  embedMs: fc.double({ min: 0.5, max: 20, noNaN: true }),
  storeMs: fc.double({ min: 0.05, max: 5, noNaN: true }),
  crowding: fc.double({ min: 0, max: 0.01, noNaN: true }),
});

async function tuned(machine: Machine) {
  return walkToKnee({
    start: { decode: 2, embed: 2, store: 2 },
    ladders,
    maxMeasurements: 60,
    measure: async (point) => {
      const { speed, limit } = speedOf(machine, point);
      return { point, imagesPerSecond: speed, limit };
    },
  });
}

test("the walk ends within 5 % of the best point of the grid, after at most a tenth of its measurements", async () => {
  await fc.assert(
    fc.asyncProperty(machines, async (machine) => {
      const { best, tried } = await tuned(machine);
      const grid = values.flatMap((decode) =>
        values.flatMap((embed) => values.map((store) => speedOf(machine, { decode, embed, store }).speed)),
      );
      assert.ok(best.imagesPerSecond >= 0.95 * Math.max(...grid), `found ${best.imagesPerSecond}, best ${Math.max(...grid)}`);
      assert.ok(tried.length <= grid.length / 10, `${tried.length} of ${grid.length}`);
    }),
  );
});

test("settings that bring nothing stay as they are, and no point is measured twice", async () => {
  const { best, tried } = await tuned({ cores: 2, decodeMs: 10, embedMs: 1, storeMs: 0.1, crowding: 0 });
  assert.deepEqual(best.point, { decode: 2, embed: 2, store: 2 });
  assert.equal(new Set(tried.map(({ point }) => JSON.stringify(point))).size, tried.length);
});

test("no setting is lowered while a stage is the limit", async () => {
  const { tried } = await tuned({ cores: 16, decodeMs: 40, embedMs: 0.5, storeMs: 0.05, crowding: 0 });
  assert.ok(tried.every(({ point }) => Object.values(point).every((value) => value >= 2)));
});

test("the budget of measurements is kept", async () => {
  let measured = 0;
  const { tried } = await walkToKnee({
    start: { decode: 1, embed: 1, store: 1 },
    ladders,
    maxMeasurements: 4,
    measure: async (point) => {
      measured += 1;
      return { point, imagesPerSecond: 2 * measured, limit: null };
    },
  });
  assert.deepEqual([tried.length, measured], [4, 4]);
});
