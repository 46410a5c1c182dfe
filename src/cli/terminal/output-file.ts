/** Writes the output file that the user named with a flag. */
import { writeFile } from "node:fs/promises";
import { HeadraceError } from "../../contracts/index.js";

/** Writes a file. Throws `state_unwritable`, for example when the folder of the file does not exist. */
export async function writeOutputFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (cause) {
    throw new HeadraceError("state_unwritable", `${path} cannot be written: ${(cause as Error).message}`, {
      item: path,
      hint: "Create its folder first, or name another path.",
      cause,
    });
  }
}
