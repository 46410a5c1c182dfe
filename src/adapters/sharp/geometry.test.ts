import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CropRounding, type Geometry, HeadraceError } from "../../contracts/index.js";
import { planGeometry } from "./geometry.js";
import { tapsOf } from "./resample.js";

const crop: Geometry = { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" };
const squash: Geometry = { kind: "squash", width: 300, height: 200, filter: "bicubic" };
const letterbox: Geometry = { kind: "letterbox", width: 200, height: 100, fill: [1, 2, 3], filter: "bicubic" };

test("crop makes the shorter side exact, rounds the longer half up, and cuts out the middle", () => {
  const { x, y } = planGeometry(451, 300, crop);
  assert.deepEqual(x, { from: 451, to: 385, cut: 80, keep: 224, at: 0 });
  assert.deepEqual(y, { from: 300, to: 256, cut: 16, keep: 224, at: 0 });
  assert.equal(planGeometry(3 * 512 + 3, 512, crop).x.to, 770, "769.5 is rounded up");
});

test("crop rounds the longer side down where torchvision and transformers do", () => {
  const down: Geometry = { ...crop, rounding: "down" };
  assert.equal(planGeometry(451, 300, down).x.to, 384, "384.9");
  assert.equal(planGeometry(300, 451, down).y.to, 384);
  assert.equal(planGeometry(600, 400, down).x.to, 384, "384 exactly");
  assert.equal(planGeometry(300, 300, down).x.to, 256);
});

test("crop cuts where torchvision does: half a pixel goes to the even one", () => {
  const cuts = (rounding: CropRounding) =>
    [256, 257, 258, 259, 260, 261].map((width) => planGeometry(width, 256, { ...crop, rounding } as Geometry).x.cut);
  assert.deepEqual(cuts("torchvision"), [16, 16, 17, 18, 18, 18]);
  assert.deepEqual(cuts("down"), [16, 16, 17, 17, 18, 18]);
  assert.deepEqual(cuts("nearest"), [16, 16, 17, 17, 18, 18]);
});

test("squash takes the whole image", () => {
  const { x, y } = planGeometry(10, 4000, squash);
  assert.deepEqual(x, { from: 10, to: 300, cut: 0, keep: 300, at: 0 });
  assert.deepEqual(y, { from: 4000, to: 200, cut: 0, keep: 200, at: 0 });
});

test("letterbox fits inside, in the middle, and never vanishes", () => {
  assert.deepEqual(planGeometry(100, 100, letterbox).x, { from: 100, to: 100, cut: 0, keep: 100, at: 50 });
  assert.deepEqual(planGeometry(4000, 3, letterbox).y, { from: 3, to: 1, cut: 0, keep: 1, at: 49 });
  assert.deepEqual(planGeometry(100, 100, letterbox).fill, [1, 2, 3]);
});

test("a crop larger than the shorter side is refused", () => {
  const impossible: Geometry = { ...crop, shorterSide: 200 } as Geometry;
  assert.throws(
    () => planGeometry(500, 500, impossible),
    (error) => HeadraceError.is(error) && error.code === "config_conflict",
  );
});

test("every plan stays inside the image and inside the result, and enlarging needs few of the original's pixels", () => {
  const sides = fc.integer({ min: 1, max: 70_000 });
  fc.assert(
    fc.property(
      sides,
      sides,
      fc.constantFrom<Geometry[]>(crop, { ...crop, rounding: "down" }, { ...crop, rounding: "torchvision" }, squash, letterbox),
      (width, height, target) => {
        const plan = planGeometry(width, height, target);
        for (const [axis, room] of [
          [plan.x, plan.width],
          [plan.y, plan.height],
        ] as const) {
          assert.ok(axis.cut >= 0 && axis.cut + axis.keep <= axis.to, "cut inside the resized image");
          assert.ok(axis.at >= 0 && axis.at + axis.keep <= room, "kept pixels inside the result");
          if (axis.to <= axis.from) continue;
          const { span } = tapsOf(axis, target.filter);
          assert.ok(span.start >= 0 && span.size > 0 && span.start + span.size <= axis.from, "source pixels inside the image");
          assert.ok(span.size <= (axis.keep * axis.from) / axis.to + 5, "no more of the source than needed");
        }
      },
    ),
  );
});
