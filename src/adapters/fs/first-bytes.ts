/** Tests by its first bytes whether a file without an extension is an image. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { formatOf } from "../../kit/index.js";

const headBytes = 32;
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Returns true if the file begins like an image that the decoder supports. Returns false if the file cannot be read. */
export async function beginsLikeImage(path: string): Promise<boolean> {
  try {
    const file = await open(path, openFlags);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      const head = buffer.subarray(0, bytesRead);
      return (formatOf(head)?.decoder ?? null) !== null;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
