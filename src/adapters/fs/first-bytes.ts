/** Recognises an image by its first bytes, for files without an extension. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { formatOf } from "../../kit/index.js";

const headBytes = 32;
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Returns false also for a file that cannot be read. */
export async function beginsLikeImage(path: string): Promise<boolean> {
  try {
    const file = await open(path, openFlags);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      const head = buffer.subarray(0, bytesRead);
      return formatOf(head)?.decodable === true || head.toString("latin1").trimStart().startsWith("<svg");
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
