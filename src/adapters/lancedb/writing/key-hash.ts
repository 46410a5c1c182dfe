/** Hashes row keys and contents to 64 bits, so that millions of them fit into memory. */
import type { Key } from "../../../contracts/index.js";
import type { Hash } from "../../../kit/index.js";

/** A 64-bit hash: 32 bits of FNV-1a, and 32 bits of a variant with extra mixing. */
export function hashOf(key: Key): Hash {
  const text = typeof key === "bigint" ? key.toString(36) : key;
  let first = 0x811c9dc5;
  let second = 0x9e3779b1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x85ebca6b);
    second ^= second >>> 13;
  }
  return [first >>> 0, second >>> 0];
}
