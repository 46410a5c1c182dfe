/** Tests by its first bytes whether a file without an extension is an image. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { formatOf } from "../../kit/index.js";

const headBytes = 32;
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Returns true if the file begins like an image that the decoder supports. Also returns true if the file cannot be read: the attempt to read
 * it as an image then reports the reason.
 */
export async function mayBeImage(path: string): Promise<boolean> {
  const head = await headOf(path).catch(() => null);
  return head === null || (formatOf(head)?.decoder ?? null) !== null;
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, openFlags);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
