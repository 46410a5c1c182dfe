import { hash } from "node:crypto";

/** Returns the SHA-256 of the bytes in hex. The `content` column contains this value. */
export function fingerprint(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}
