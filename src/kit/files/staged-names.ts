/** The temporary names of files and folders that are being written. They tell whether their writer still lives. */
import { createHash, randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { livenessOf, ownIdentity } from "./process-identity.js";

const ownerPattern = /^\.(\d+)-(\w+)-([0-9a-f]{8})-[0-9a-f]{8}\.partial$/;
/** Nobody writes this long without an end. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Returns how the files and folders of a new writer are called while they are incomplete: by the process, and a number of the writer. */
export function stagedName(): (path: string) => string {
  const { pid, startedAt } = ownIdentity();
  const owner = `${pid}-${startedAt ?? "x"}-${processTable()}-${randomUUID().slice(0, 8)}`;
  return (path) => `${path}.${owner}.partial`;
}

/** Identifies the processes among which a process id has a meaning. */
function processTable(): string {
  const { host, bootId, pidNamespace } = ownIdentity();
  return createHash("sha256")
    .update(JSON.stringify([host, bootId, pidNamespace]))
    .digest("hex")
    .slice(0, 8);
}

/** Removes what writers of this file or folder have left that were killed. */
export async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const match = ownerPattern.exec(name.slice(basename(path).length));
    if (match !== null && (await isAbandoned(join(folder, name), match))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function isAbandoned(path: string, [, pid = "", startedAt = "", table]: RegExpExecArray): Promise<boolean> {
  const own = ownIdentity();
  if (table === processTable()) return livenessOf({ ...own, pid: Number(pid), startedAt: startedAt === "x" ? null : startedAt }) === "dead";
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > abandonedAfterMs;
}
