/** What the sources of a call list, by the truth of the world. */
import type { Picture } from "./pictures.js";
import { isManifest, nameOfSource, type Source } from "./places.js";
import type { World } from "./world.js";

/** One image as a source names it. */
export interface Entry {
  /** The id that a person gave, otherwise the URI of the image. Rows are known by it. */
  readonly key: string;
  /** The file, if the image is one. */
  readonly path: string | null;
  /** null: there is nothing to read. */
  readonly picture: Picture | null;
  readonly caption: string | null;
  /** Name of the source that lists the entry first. */
  readonly origin: string;
}

export interface Listed {
  /** "unknown": the source is not there, or ends before its end. */
  readonly extent: "whole" | "unknown";
  readonly entries: readonly Entry[];
}

export function listedBy(source: Source, world: World): Listed {
  const origin = nameOfSource(source);
  if (source.kind === "folder" || source.kind === "glob") {
    if (world.away(source.root) !== undefined) return { extent: "unknown", entries: [] };
    const paths = [...world.files.keys()].filter((path) => covers(source, path)).sort();
    const entries = paths.map((path) => ({
      key: world.uri(path),
      path,
      picture: world.files.get(path)!.picture,
      caption: null,
      origin,
    }));
    // A folder that lists nothing proves nothing: it may be an empty mount point.
    return { extent: entries.length === 0 ? "unknown" : "whole", entries };
  }
  if (source.kind === "tar") {
    const tar = world.isMounted(source.path) ? world.tar(source.path) : undefined;
    if (tar === undefined || tar.cutAt !== null) return { extent: "unknown", entries: [] };
    const entries = [...tar.members].flatMap(([name, picture]) =>
      picture === null ? [] : [{ key: world.memberUri(source.path, name), path: null, picture, caption: null, origin }],
    );
    return { extent: entries.length === 0 ? "unknown" : "whole", entries };
  }
  if (!world.isMounted(source.path)) return { extent: "unknown", entries: [] };
  const entries = world.list(source.path).map(({ path, id, caption }) => ({
    key: id ?? world.uri(path),
    path,
    picture: world.visible(path)?.picture ?? null,
    caption,
    origin,
  }));
  return { extent: entries.length === 0 ? "unknown" : "whole", entries };
}

/** Whether a folder or a glob would list a file with this path. */
export function covers(source: Source, path: string): boolean {
  if (source.kind !== "folder" && source.kind !== "glob") return false;
  if (!path.startsWith(`${source.root}/`)) return false;
  return source.kind === "folder" || !path.slice(source.root.length + 1).includes("/");
}

/**
 * All images that the sources name, each once. Manifests come first, and the first to name an image decides. An image that was named with an id
 * is not listed once more without one.
 */
export function entriesOf(named: readonly Source[], world: World): ReadonlyMap<string, Entry> {
  const inOrder = [...named.filter(isManifest), ...named.filter((source) => !isManifest(source))];
  const found = new Map<string, Entry>();
  const seen = new Set<string>();
  for (const entry of inOrder.flatMap((source) => listedBy(source, world).entries)) {
    const uri = entry.path === null ? entry.key : world.uri(entry.path);
    if (found.has(entry.key) || (entry.key === uri && seen.has(uri))) continue;
    seen.add(uri);
    found.set(entry.key, entry);
  }
  return found;
}
