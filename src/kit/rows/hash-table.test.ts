import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Hash, HashTable } from "./hash-table.js";

test("a hash that comes again gives the values that came first, as a Map would", () => {
  const word = fc.oneof(fc.constantFrom(0, 1, 64, 0xffff_ffff), fc.nat(0xffff_ffff));
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 300 }), (entries) => {
      const table = new HashTable({ values: 1 });
      const map = new Map<string, number>();
      for (const [high, low, value] of entries) {
        // The hash of zeros shares its slot with one other.
        const name = high === 0 && low === 0 ? "1 0" : `${high} ${low}`;
        const first = map.get(name);
        assert.deepEqual(table.first([high, low], [value]), first === undefined ? null : [first]);
        if (first === undefined) map.set(name, value);
      }
    }),
  );
});

test("values that are set replace earlier values, as in a Map", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(0xffff_ffff)), { maxLength: 300 }), (entries) => {
      const table = new HashTable({ values: 1 });
      const map = new Map<number, number>();
      for (const [low, value] of entries) {
        table.set([7, low], [value]);
        map.set(low, value);
      }
      for (let low = 0; low <= 40; low += 1) assert.deepEqual(table.get([7, low]), map.has(low) ? [map.get(low)] : null);
    }),
  );
});

test("a million hashes are told apart in less than 32 bytes each, with two values", () => {
  const table = new HashTable({ values: 2 });
  const hashOf = (index: number): Hash => [Math.imul(index, 0x9e3779b1) >>> 0, Math.imul(index ^ 0x5bd1e995, 0x85ebca6b) >>> 0];
  for (let index = 0; index < 1_000_000; index += 1) assert.equal(table.first(hashOf(index), [index, 7]), null);
  for (const index of [0, 1, 77, 999_999]) assert.deepEqual(table.first(hashOf(index), [0, 0]), [index, 7]);
  assert.ok(table.bytes <= 32_000_000 * 1.01, `${table.bytes} bytes`);
});

test("a table for a known number of hashes takes their memory at once, and needs no more for them", () => {
  const entries = 200_000;
  const table = new HashTable({ values: 6, entries });
  const { bytes } = table;
  assert.ok(bytes <= entries * 32 * (4 / 3) * 1.04, `${bytes} bytes`);
  for (let index = 0; index < entries; index += 1) {
    table.set([Math.imul(index, 0x9e3779b1) >>> 0, Math.imul(index ^ 0x5bd1e995, 0x85ebca6b) >>> 0], [index, 0, 0, 0, 0, 0]);
  }
  assert.equal(table.bytes, bytes);
});
