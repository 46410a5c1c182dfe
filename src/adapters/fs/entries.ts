/** Lists the entries of a folder, sorted by name, in bounded memory. */
import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";

export interface Entry {
  readonly name: string;
  readonly path: string;
  /** "unknown": a link, or an entry whose kind the file system does not report. "other": a pipe, socket or device. */
  readonly kind: "file" | "folder" | "unknown" | "other";
}

/** Number of entries that one pass over a folder keeps in memory. If a folder has more entries, it is read several times. */
const windowEntries = 100_000;

/**
 * Lists the entries of a folder, sorted by name, without hidden entries. Reads the folder in several passes. Each pass keeps only the next
 * `window` names in memory, so memory does not grow with the folder.
 */
export async function* sortedEntries(folder: string, stop: AbortSignal, window = windowEntries): AsyncGenerator<Entry> {
  let last = "";
  for (;;) {
    const { entries, more } = await nextWindow(folder, last, window, stop);
    for (const entry of entries) yield entry;
    const end = entries.at(-1);
    if (!more || end === undefined || stop.aborted) return;
    last = end.name;
  }
}

/** Lists the entries of a folder in any order, without hidden entries. Reads the folder once. */
export async function* anyEntries(folder: string, stop: AbortSignal): AsyncGenerator<Entry> {
  for await (const found of await opendir(folder, { bufferSize: 512 })) {
    if (stop.aborted) return;
    if (!isHidden(found)) yield entryOf(folder, found);
  }
}

async function nextWindow(folder: string, last: string, window: number, stop: AbortSignal) {
  let entries: Entry[] = [];
  let more = false;
  const trim = () => {
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    more ||= entries.length > window;
    entries = entries.slice(0, window);
  };
  for await (const found of await opendir(folder, { bufferSize: 512 })) {
    if (stop.aborted) break;
    if (found.name > last && !isHidden(found)) entries.push(entryOf(folder, found));
    if (entries.length >= 2 * window) trim();
  }
  trim();
  return { entries, more };
}

function isHidden({ name }: Dirent): boolean {
  return name.startsWith(".");
}

function entryOf(folder: string, entry: Dirent): Entry {
  return { name: entry.name, path: join(folder, entry.name), kind: kindOf(entry) };
}

function kindOf(entry: Dirent): Entry["kind"] {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice() ? "other" : "unknown";
}
