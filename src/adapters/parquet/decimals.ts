/** Converts decimal numbers, which a file stores as whole numbers with a scale. */

/** A float64 has this many decimal digits for sure. */
export const exactDigits = 15;

/** `stored`: a number, or its bytes, the highest first. */
export function unscaledOf(stored: unknown): bigint {
  if (!(stored instanceof Uint8Array)) return BigInt(stored as number | bigint);
  const bits = BigInt(stored.length * 8);
  const value = stored.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return bits > 0n && value >= 1n << (bits - 1n) ? value - (1n << bits) : value;
}

/** Returns the exact number as text, such as "-0.05". */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-scale)}`;
}
