/** Finds the usual extension of an image by its first bytes. */

/** What the first bytes are, as hexadecimal digits. */
const beginnings: readonly (readonly [extension: string, pattern: RegExp])[] = [
  ["jpg", /^ffd8ff/],
  ["png", /^89504e47/],
  ["gif", /^47494638/],
  ["webp", /^52494646.{8}57454250/],
  ["tif", /^(49492[ab]00|4d4d002[ab])/],
  ["bmp", /^424d/],
  ["avif", /^.{8}66747970617669(66|73)/],
  ["heic", /^.{8}66747970(686569|686576|6d6966)/],
  ["jxl", /^(ff0a|0000000c4a584c20)/],
];

/** Returns the extension without a dot. For other formats, that of `source`, or "bin". */
export function imageExtension(bytes: Uint8Array, source: string): string {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString("hex");
  const known = beginnings.find(([, pattern]) => pattern.test(start))?.[0];
  return known ?? /\.([a-z0-9]{1,8})$/i.exec(source)?.[1]?.toLowerCase() ?? "bin";
}
