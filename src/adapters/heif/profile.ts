/** Finds the colour profile of a HEIC file, because the JavaScript of libheif-js does not return it. */

/** Returns the ICC profile in the first `colr` box; null if there is none. */
export function iccProfileOf(bytes: Uint8Array): Uint8Array | null {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const kind of ["colrprof", "colrrICC"]) {
    const at = source.indexOf(kind, 0, "latin1");
    if (at < 4) continue;
    const boxBytes = source.readUInt32BE(at - 4);
    const profile = source.subarray(at + kind.length, at - 4 + boxBytes);
    const isProfile = profile.length > 128 && profile.toString("latin1", 36, 40) === "acsp";
    if (isProfile) return profile;
  }
  return null;
}
