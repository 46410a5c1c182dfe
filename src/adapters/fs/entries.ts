/** The entries of one folder in the order of names, holding a bounded number of them. */
import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";

export interface Entry {
  readonly name: string;
  readonly path: string;
  /** "unknown": a link, or a file system that does not tell. */
  readonly kind: "file" | "folder" | "unknown" | "other";
}

/** Names held at once; a folder with more of them is read again for each further window. */
const windowEntries = 100_000;

/**
 * The entries of one folder by name, hidden ones left out. Folders of any size take the memory of one window:
 * each pass keeps the next names in order and forgets the others.
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

/** The same in any order, in one pass. */
export async function* anyEntries(folder: string, stop: AbortSignal): AsyncGenerator<Entry> {
  for await (const found of await opendir(folder, { bufferSize: 512 })) {
    if (stop.aborted) return;
    if (!isHidden(found)) yield entryOf(folder, found);
  }
}

async function nextWindow(folder: string, last: string, window: number, stop: AbortSignal) {
  let entries: Entry[] = [];
  let more = false;
  const cut = () => {
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    more ||= entries.length > window;
    entries = entries.slice(0, window);
  };
  for await (const found of await opendir(folder, { bufferSize: 512 })) {
    if (stop.aborted) break;
    if (found.name > last && !isHidden(found)) entries.push(entryOf(folder, found));
    if (entries.length >= 2 * window) cut();
  }
  cut();
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
