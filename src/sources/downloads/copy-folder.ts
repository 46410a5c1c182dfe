/** The folder of this process with copies of remote files. Folders of processes that were killed are removed. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HeadraceError } from "../../contracts/index.js";
import { fileError, livenessOf, ownIdentity, type ProcessIdentity } from "../../kit/index.js";

const ownerFile = "owner.json";
/** The owner renews the time of its file this often. */
const renewMs = 60_000;
/** A folder whose owner cannot be seen from here, for example from another container, counts as abandoned after this time. */
const abandonedAfterMs = 30 * 60_000;

export class CopyFolder {
  readonly #path: string;
  readonly #renewing: NodeJS.Timeout;
  #count = 0;

  private constructor(path: string) {
    this.#path = path;
    const owner = join(path, ownerFile);
    // If renewing fails, somebody has removed the folder: reading the copies will say so.
    this.#renewing = setInterval(() => void utimes(owner, new Date(), new Date()).then(undefined, () => undefined), renewMs).unref();
  }

  /** Makes a folder for this process in `parent`. Throws `state_unwritable` and `disk_full`. */
  static async create(parent: string): Promise<CopyFolder> {
    const path = join(parent, randomUUID());
    try {
      await mkdir(path, { recursive: true });
      await writeFile(join(path, ownerFile), JSON.stringify(ownIdentity()));
      return new CopyFolder(path);
    } catch (cause) {
      throw fileError(cause, path, "written");
    }
  }

  /** Returns a path that no other copy has. `extension`: such as ".tar". */
  newPath(extension: string): string {
    this.#count += 1;
    return join(this.#path, `${this.#count}${extension}`);
  }

  async remove(): Promise<void> {
    clearInterval(this.#renewing);
    await removeFolder(this.#path);
  }
}

/** Removes the folders of processes that have ended, but not the folder `kept`. Throws `state_unwritable`. */
export async function removeAbandoned(parent: string, kept: string): Promise<void> {
  for (const name of await namesIn(parent)) {
    if (name === kept) continue;
    const path = join(parent, name);
    if (await isAbandoned(path)) await removeFolder(path);
  }
}

async function namesIn(parent: string): Promise<readonly string[]> {
  try {
    return await readdir(parent);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError(cause, parent, "written");
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const owner = await ownerOf(path);
  const liveness = owner === null ? "elsewhere" : livenessOf(owner);
  return liveness === "dead" || (liveness === "elsewhere" && (await ageMs(path)) > abandonedAfterMs);
}

/** Returns null for a folder that is just being made. */
async function ownerOf(path: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(join(path, ownerFile), "utf8")) as ProcessIdentity;
  } catch (cause) {
    if (cause instanceof SyntaxError || isGone(cause)) return null;
    throw fileError(cause, path, "written");
  }
}

async function ageMs(path: string): Promise<number> {
  const times = await Promise.all([path, join(path, ownerFile)].map((each) => stat(each).then(({ mtimeMs }) => mtimeMs, goneLongAgo)));
  return Date.now() - Math.max(...times);
}

function goneLongAgo(cause: unknown): number {
  if (isGone(cause)) return 0;
  throw HeadraceError.from(cause);
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((cause: unknown) => {
    throw fileError(cause, path, "written");
  });
}

function isGone(cause: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
}
