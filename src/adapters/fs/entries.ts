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

/**
 * Number of names that one pass over a folder keeps in memory, at most twice as many for a moment. A name of 20 characters takes about 50
 * bytes. If a folder has more entries, it is read several times.
 */
const windowNames = 250_000;

/**
 * Lists the entries of a folder, sorted by name, without hidden entries. Reads the folder in several passes. Each pass keeps only the next
 * `window` names in memory, so memory does not grow with the folder.
 */
export async function* sortedEntries(folder: string, stop: AbortSignal, window = windowNames): AsyncGenerator<Entry> {
  let last = "";
  for (;;) {
    const { names, kinds, more } = await nextWindow(folder, last, window, stop);
    for (const name of names) yield { name, path: join(folder, name), kind: kinds.get(name) ?? "file" };
    const end = names.at(-1);
    if (!more || end === undefined || stop.aborted) return;
    last = end;
  }
}

/** Lists the entries of a folder in any order, without hidden entries. Reads the folder once. */
export async function* anyEntries(folder: string, stop: AbortSignal): AsyncGenerator<Entry> {
  for await (const found of await opendir(folder, { bufferSize: 512 })) {
    if (stop.aborted) return;
    if (!isHidden(found)) yield entryOf(folder, found);
  }
}

interface Window {
  /** Sorted. */
  readonly names: readonly string[];
  /** The kinds of those names that are not files. */
  readonly kinds: ReadonlyMap<string, Entry["kind"]>;
  readonly more: boolean;
}

async function nextWindow(folder: string, last: string, window: number, stop: AbortSignal): Promise<Window> {
  const names: string[] = [];
  const kinds = new Map<string, Entry["kind"]>();
  let more = false;
  const trim = (): void => {
    names.sort();
    more ||= names.length > window;
    for (const name of names.slice(window)) kinds.delete(name);
    names.length = Math.min(names.length, window);
  };
  for await (const found of await opendir(folder, { bufferSize: 512 })) {
    if (stop.aborted) break;
    if (found.name <= last || isHidden(found)) continue;
    names.push(found.name);
    const kind = kindOf(found);
    if (kind !== "file") kinds.set(found.name, kind);
    if (names.length >= 2 * window) trim();
  }
  trim();
  return { names, kinds, more };
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
