/** Decompresses the pixels of a GIF frame up to the first damage. */

const maxCodeBits = 12;
const maxCodes = 2 ** maxCodeBits;

/**
 * `at`: where the byte with the size of the codes stands, followed by blocks that each begin with their length. Returns at most `maxPixels`
 * palette indexes: fewer than that if the data end or are damaged.
 */
export function lzwIndexes(source: Uint8Array, at: number, maxPixels: number): Uint8Array {
  const rootBits = source[at] ?? 0;
  if (rootBits < 1 || rootBits >= maxCodeBits) return new Uint8Array(0);
  const [clear, end] = [2 ** rootBits, 2 ** rootBits + 1];
  // Each code above `end` is the text of an earlier code and one index more.
  const prefixes = new Uint16Array(maxCodes);
  const lastIndexes = new Uint8Array(maxCodes);
  for (let code = 0; code < clear; code += 1) lastIndexes[code] = code;
  const text = new Uint8Array(maxCodes);
  let found = new Uint8Array(Math.min(maxPixels, source.length * 16));
  let [count, next, bits, previous, first] = [0, end + 1, rootBits + 1, -1, 0];

  for (const read = codesOf(source, at + 1); count < maxPixels; ) {
    const code = read(bits);
    if (code === null || code === end) break;
    if (code === clear) {
      [next, bits, previous] = [end + 1, rootBits + 1, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0) || (previous < 0 && code > end)) break;
    let length = 0;
    let walked = code;
    if (code === next) {
      text[length++] = first;
      walked = previous;
    }
    while (walked > end) {
      text[length++] = lastIndexes[walked]!;
      walked = prefixes[walked]!;
    }
    first = lastIndexes[walked]!;
    text[length++] = first;
    if (count + length > found.length) found = grown(found, Math.min(maxPixels, 2 * (count + length)));
    while (length > 0 && count < maxPixels) found[count++] = text[--length]!;
    if (previous >= 0 && next < maxCodes) {
      prefixes[next] = previous;
      lastIndexes[next] = first;
      next += 1;
      if (next === 2 ** bits && bits < maxCodeBits) bits += 1;
    }
    previous = code;
  }
  return found.subarray(0, count);
}

/** Returns a function that reads the next code of so many bits; null when the blocks have ended. */
function codesOf(source: Uint8Array, start: number): (bits: number) => number | null {
  let at = start;
  let left = source[at++] ?? 0;
  let [buffer, buffered] = [0, 0];
  return (bits) => {
    while (buffered < bits) {
      if (left === 0) left = source[at++] ?? 0;
      if (left === 0 || at >= source.length) return null;
      buffer |= source[at++]! << buffered;
      buffered += 8;
      left -= 1;
    }
    const code = buffer & (2 ** bits - 1);
    buffer >>>= bits;
    buffered -= bits;
    return code;
  };
}

function grown(indexes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(indexes);
  return larger;
}
