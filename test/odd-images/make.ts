/** Writes odd and damaged inputs into a folder. */
import { execFile } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ErrorCode } from "../../src/contracts/index.js";
import { type DamagedInput, damagedInputs } from "./damaged.js";
import { type OddContent, type OddInput, oddInputs } from "./odd.js";
import { smallPhoto } from "./photo.js";

export { type DamagedInput, damagedInputs } from "./damaged.js";
export { asNobody } from "./nobody.js";
export { type OddInput, oddInputs } from "./odd.js";

export interface MadeInput {
  readonly name: string;
  readonly path: string;
  readonly ends: "stored" | ErrorCode;
}

/** Writes all odd inputs. Root reads `unreadable.jpg` too: read it with `asNobody`. */
export function makeOddImages(folder: string): Promise<readonly MadeInput[]> {
  return makeAll(folder, oddInputs);
}

/** Writes the forty damaged inputs. */
export function makeDamagedImages(folder: string): Promise<readonly MadeInput[]> {
  return makeAll(folder, damagedInputs);
}

async function makeAll(folder: string, inputs: readonly (OddInput | DamagedInput)[]): Promise<readonly MadeInput[]> {
  await mkdir(folder, { recursive: true });
  const photo = await smallPhoto();
  const made: MadeInput[] = [];
  for (const input of inputs) {
    const path = join(folder, input.name);
    await put(path, await input.make(photo));
    if ("mode" in input && input.mode !== undefined) await chmod(path, input.mode);
    made.push({ name: input.name, path, ends: input.ends });
  }
  return made;
}

async function put(path: string, content: OddContent): Promise<void> {
  switch (content) {
    case "folder":
      await mkdir(path);
      return;
    case "pipe":
      await promisify(execFile)("mkfifo", [path]);
      return;
    case "broken link":
      await symlink("gone.jpg", path);
      return;
    default:
      await writeFile(path, content);
  }
}
