/** The folder with the files of the deleted rows of one collection, and the names of these files. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileError, syncFolder } from "../../kit/index.js";
import type { Settings } from "../configuration/settings.js";
import { storeFolders } from "../configuration/store-folders.js";

/** A file of deleted rows on the disk. */
export interface FoundFile {
  /** Name of the file in its folder. */
  readonly file: string;
  readonly path: string;
  readonly bytes: number;
}

const ending = ".parquet";
const namePattern = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})Z-[0-9a-f]{6}\.parquet$/;
const dayMs = 24 * 60 * 60 * 1000;
/** Another process may still write a draft that is younger than this. */
const draftAgeMs = dayMs;

/** `collection`: any text. Names that the built-in stores accept are the folder's name; others cannot leave the folder above. */
export function deletedFolder(settings: Settings, collection: string): string {
  const name = encodeURIComponent(collection).replaceAll(".", "%2E");
  return resolve(settings.lancedb.path, "deleted", ...storeFolders(settings), name);
}

/** Returns a name that no other process chooses. Names sort by time. Colons are not allowed on some file systems. */
export function newFileName(now: Date): string {
  return `${now.toISOString().replaceAll(":", "-")}-${randomBytes(3).toString("hex")}${ending}`;
}

/** Lists the whole files, the newest first. A folder that does not exist has none. */
export async function filesIn(folder: string): Promise<readonly FoundFile[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith(ending));
  const found = await Promise.all(names.map(async (file) => ({ file, path: join(folder, file), bytes: await sizeOf(join(folder, file)) })));
  return found.filter((each): each is FoundFile => each.bytes !== null).sort((a, b) => (a.file < b.file ? 1 : -1));
}

/** Removes files that are older than `keepDays`, and drafts that a killed process has left. Files that a person has renamed stay. */
export async function removeExpired(folder: string, { keepDays, now }: { readonly keepDays: number; readonly now: number }): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const ageMs = now - (name.endsWith(`${ending}.partial`) ? await changedMs(path, now) : (timeOf(name) ?? now));
    if (ageMs > (name.endsWith(ending) ? keepDays * dayMs : draftAgeMs)) await inFolder(path, () => rm(path, { force: true }));
  }
}

/** Creates the folder and makes its name durable. */
export async function makeFolder(folder: string): Promise<void> {
  await inFolder(folder, async () => {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError(cause, folder, "read");
  }
}

/** When the file got its name, in milliseconds since the epoch. null if it was renamed. */
export function timeOf(name: string): number | null {
  const [, day, hours, minutes, seconds] = namePattern.exec(name) ?? [];
  return day === undefined ? null : Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`);
}

/** null if the file is gone. */
async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(noFile))?.size ?? null;
}

async function changedMs(path: string, otherwise: number): Promise<number> {
  return (await stat(path).catch(noFile))?.mtimeMs ?? otherwise;
}

function noFile(cause: NodeJS.ErrnoException): null {
  if (cause.code === "ENOENT") return null;
  throw cause;
}

async function inFolder<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(cause, path, "written");
  }
}
