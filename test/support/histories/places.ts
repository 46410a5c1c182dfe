/** What a call can name as its source, and where it is below the folder of a history. */

/** The folders that are synchronised. Each can be unmounted. */
export const roots = ["photos", "more"] as const;
export type Root = (typeof roots)[number];

/** Folders below a root. */
export const branches = ["", "x/", "y/z/"] as const;

export const fileNames = ["1.jpg", "2.jpg", "3.jpg", "4.jpg"] as const;

/** Tar archives. One lies inside a folder that is synchronised. */
export const tarPaths = ["photos/pack.tar", "packs/out.tar"] as const;
export type TarPath = (typeof tarPaths)[number];

/**
 * Lists of images. Two manifests have the same name in different folders, and are named by it. One table lies inside a folder that is
 * synchronised. The piped ones have no name at all.
 */
export const listPaths = ["one/list.jsonl", "two/list.jsonl", "photos/table.csv", "pipe one", "pipe two"] as const;
export type ListPath = (typeof listPaths)[number];

export type Source =
  | { readonly kind: "folder"; readonly root: Root }
  /** All files directly in the root. */
  | { readonly kind: "glob"; readonly root: Root }
  | { readonly kind: "tar"; readonly path: TarPath }
  | { readonly kind: "list"; readonly path: ListPath };

export const sources: readonly Source[] = [
  ...roots.map((root) => ({ kind: "folder", root }) as const),
  ...roots.map((root) => ({ kind: "folder", root }) as const),
  { kind: "glob", root: "photos" },
  ...tarPaths.map((path) => ({ kind: "tar", path }) as const),
  ...listPaths.map((path) => ({ kind: "list", path }) as const),
];

export function nameOfSource(source: Source): string {
  if (source.kind === "folder") return source.root;
  return source.kind === "glob" ? `'${source.root}/*.jpg'` : source.path;
}

/** Only one source of a call can be given as `--manifest`. */
export function isManifest(source: Source): source is Extract<Source, { kind: "list" }> {
  return source.kind === "list" && !isTable(source.path);
}

export function isTable(path: ListPath): boolean {
  return path.endsWith(".csv");
}

export function isPipe(path: ListPath): boolean {
  return path.startsWith("pipe");
}

/** The root that a path lies in; null if it lies in none. */
export function rootOf(path: string): Root | null {
  return roots.find((root) => path.startsWith(`${root}/`)) ?? null;
}
