/** A part of a folder: the files between two paths, in the order of a walk. */

/** Paths are relative to the folder, with `/` as separator. */
export interface PathRange {
  /** Files up to this one, with it, are left out. null: the range begins with the first file. */
  readonly after: string | null;
  /** The last file. null: the range has no end. */
  readonly through: string | null;
}

export const everyPath: PathRange = { after: null, through: null };

export function isInRange(path: string, { after, through }: PathRange): boolean {
  return (after === null || comparePaths(path, after) > 0) && (through === null || comparePaths(path, through) <= 0);
}

/** Returns whether the entry, or a file below it if the entry is a folder, may be in the range. */
export function mayContain(entry: string, { after, through }: PathRange): boolean {
  const isBefore = after !== null && comparePaths(entry, after) <= 0 && !after.startsWith(`${entry}/`);
  const isBehind = through !== null && comparePaths(entry, through) > 0;
  return !isBehind && (!isBefore || entry === after);
}

/** A walk sorts the entries of each folder by name, and enters a folder at its place among them. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const [x = "", y = ""] = [left[at], right[at]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
