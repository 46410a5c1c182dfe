/** Converts float32 to float16 and back, for JavaScript engines without Float16Array. Float16 numbers are kept as bits in a Uint16Array. */

/** Rounds each number to the nearest float16, ties to even. Numbers outside the range of float16 become infinity. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.slice().buffer);
  // `Uint16Array.from` takes ten times as long as this loop.
  const halves = new Uint16Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) halves[index] = narrow(bits[index]!);
  return halves;
}

export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index += 1) values[index] = widen(bits[index]!);
  return values;
}

/** Converts the 32 bits of a float32 to the 16 bits of a float16. */
function narrow(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | (fraction === 0 ? 0x7c00 : 0x7e00);
  const scaled = exponent - 112;
  if (scaled >= 31) return sign | 0x7c00;
  if (scaled < -10) return sign;
  if (scaled <= 0) return sign | roundShift(fraction | 0x800000, 14 - scaled);
  // A fraction that is rounded up to 1024 increases the exponent by one. This gives the correct number.
  return sign | ((scaled << 10) + roundShift(fraction, 13));
}

function widen(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function roundShift(value: number, shift: number): number {
  const floor = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (floor & 1) === 1) ? floor + 1 : floor;
}
