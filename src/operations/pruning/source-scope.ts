/** Which rows belong to which source: told by their `root` and `source`. */
import type { Filter, ImageFacts } from "../../contracts/index.js";

export type RowPlace = Pick<ImageFacts, "source" | "root">;

/** Returns true for a URI below a folder, a prefix of a bucket, or a name that replaces a folder (`photos:`). */
export function isBelow(uri: string, root: string): boolean {
  return uri.startsWith(prefixOf(root));
}

/** Selects the rows whose root this is. */
export function hasRoot(root: string): Filter {
  return { kind: "compare", key: "root", operator: "==", value: root };
}

/** Selects the rows whose `key` is below a folder or prefix. */
export function hasBelow(key: "root" | "source", root: string): Filter {
  return { kind: "startsWith", key, prefix: prefixOf(root) };
}

/**
 * Returns true for a row of a file or an object itself: it was stored by its own name, or as part of a folder, a prefix or a glob. False for
 * a row of a table, a list or an archive. `isContainer`: whether a root is the name of one of these.
 */
export function isPlain({ source, root }: RowPlace, isContainer: (root: string) => boolean): boolean {
  if (root === source || isBelow(source, root)) return true;
  const wildcard = root.search(/[*?[{(]/);
  return wildcard !== -1 && !isContainer(root) && isBelow(source, root.slice(0, Math.max(0, root.lastIndexOf("/", wildcard))));
}

function prefixOf(root: string): string {
  return /[/:]$/.test(root) ? root : `${root}/`;
}
