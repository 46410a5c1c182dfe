import assert from "node:assert/strict";
import { it } from "node:test";
import { evaluateFilter } from "./evaluate.js";
import { parseFilter } from "./parse.js";

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** The great-circle distance, by another formula than that of the box. */
function kilometres(a: Place, b: Place): number {
  const [p, q] = [vectorOf(a), vectorOf(b)];
  const cross = Math.hypot(p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]);
  return 6_371.0088 * Math.atan2(cross, p[0] * q[0] + p[1] * q[1] + p[2] * q[2]);
}

function vectorOf({ latitude, longitude }: Place): readonly [number, number, number] {
  const [up, round] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(up) * Math.cos(round), Math.cos(up) * Math.sin(round), Math.sin(up)];
}

it("near misses no place within the distance, also at the poles and at 180 degrees, and takes none far outside", () => {
  let [inside, outside] = [0, 0];
  for (const latitude of [-90, -89.5, -60, 0, 46.2, 75, 90]) {
    for (const longitude of [-180, -179.9, 0, 6.1, 179.99, 180]) {
      for (const distance of [0.5, 10, 300]) {
        const filter = parseFilter(`near(latitude, longitude, ${latitude}, ${longitude}, ${distance} km)`);
        const reach = (distance / 111) * 2;
        for (let step = 0; step < 400; step += 1) {
          const up = Math.max(-90, Math.min(90, latitude + reach * Math.sin(step * 1.7)));
          const round = longitude + (reach / Math.max(0.01, Math.cos((up * Math.PI) / 180))) * Math.sin(step * 2.3);
          const place = { latitude: up, longitude: ((((round + 180) % 360) + 360) % 360) - 180 };
          const away = kilometres(place, { latitude, longitude });
          const found = evaluateFilter(filter, (key) => place[key as keyof Place]);
          if (away <= distance) {
            inside += 1;
            assert.ok(found, `${JSON.stringify(place)} is ${away} km from ${latitude}, ${longitude}, within ${distance}`);
          } else if (away > distance * 1.6 && Math.abs(latitude) < 70) {
            outside += 1;
            assert.ok(!found, `${JSON.stringify(place)} is ${away} km from ${latitude}, ${longitude}, not within ${distance}`);
          }
        }
      }
    }
  }
  assert.ok(inside > 1_000 && outside > 1_000, `${inside} inside, ${outside} outside`);
});

it("near says what it expects", () => {
  const refusals = [
    ["near(latitude, longitude, 91, 6.1, 10 km)", "at character 27: expected a latitude from -90 to 90, found 91"],
    ["near(latitude, longitude, 46, 181, 10 km)", "at character 31: expected a longitude from -180 to 180, found 181"],
    ["near(latitude, longitude, 46, 6, 0 km)", "at character 34: expected a distance such as 10 km, found 0"],
    ["near(latitude, longitude, 46, 6, 10)", "at character 36: expected km or m, found )"],
    ["near(latitude, longitude, 46, 6, 10 miles)", "at character 37: expected km or m, found miles"],
    ["near(latitude, 46, 6, 10 km)", "at character 16: expected a key, found 46"],
  ] as const;
  for (const [text, message] of refusals) assert.throws(() => parseFilter(text), { code: "filter_invalid", message: `filter, ${message}` });
  assert.deepEqual(parseFilter("near == 1"), { kind: "compare", key: "near", operator: "==", value: 1 });
  assert.deepEqual(parseFilter('contains == "a"'), { kind: "compare", key: "contains", operator: "==", value: "a" });
});
