/** Makes new and renamed files of a folder durable. */
import { open } from "node:fs/promises";

/** Flushes the names of a folder to disk. Does nothing on Windows, which opens no folders. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
