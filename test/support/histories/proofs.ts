/** Which rows a synchronisation may delete, and which it must delete, by the truth of the world. */
import { covers, type Entry, entriesOf, listedBy } from "./listings.js";
import { isPipe, type ListPath, listPaths, nameOfSource, type Source, type TarPath, tarPaths } from "./places.js";
import type { Row } from "./rows.js";
import type { World } from "./world.js";

/** A row whose image may be gone. `origin`: name of the source that its image was first found in, or "itself". */
export interface Suspect {
  readonly row: Row;
  readonly origin: string;
}

/** What a call names. */
export interface Scope {
  readonly named: readonly Source[];
  /** What the sources listed, when the call began or later. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Names of the lists and archives that were there as a whole when the call began. */
  readonly whole: ReadonlySet<string>;
  /** Whether the rows of archives that are gone go with them. */
  readonly containers: "keep" | "prune";
}

/** `listed` and `whole`: from the beginning of the call. */
export function scopeOf(
  named: readonly Source[],
  world: World,
  { listed, whole, containers }: { readonly listed: Scope["entries"] } & Pick<Scope, "whole" | "containers">,
): Scope {
  return { named, entries: new Map([...listed, ...entriesOf(named, world)]), whole, containers };
}

/** Names of the lists and archives that are there as a whole. */
export function containersOf(named: readonly Source[], world: World): ReadonlySet<string> {
  return new Set(
    named
      .filter((source) => listedBy(source, world).extent === "whole")
      .map(nameOfSource)
      .filter(isContainer),
  );
}

/** Why the row must stay; null if the call can prove that its image is gone. */
export function reasonToStay({ row, origin }: Suspect, scope: Scope, world: World): string | null {
  if (scope.entries.has(row.key)) return "a source of the call lists it";
  if (isListedWhole(scope, origin, world) && isContainer(origin)) return null;
  if (row.archive !== null) return isGoneArchive(row.archive, scope, world) ? null : "its archive was not listed to its end";
  if (row.path === null) return "its image is no file";
  if (world.files.has(row.path)) return world.isMounted(row.path) ? "its image exists" : "its image exists on a drive that is away";
  if (isProvenFile(row.path, scope, world) || isInFolderOfImages(row.path, scope, world)) return null;
  return "no source of the call can prove that its image is gone";
}

/** A folder that is named like an image is listed, and fails. So the source is there, though it lists no image. */
function isInFolderOfImages(path: string, { named }: Scope, world: World): boolean {
  return named.some((source) => covers(source, path) && source.kind === "folder" && world.hasFolderNamedAsImage(source.root));
}

/** Whether nothing is left that could be a reason to keep the row. */
export function mustGo(suspect: Suspect, scope: Scope, world: World): boolean {
  const { row, origin } = suspect;
  if (reasonToStay(suspect, scope, world) !== null) return false;
  if (isOfMissingSource(suspect, scope, world)) return false;
  // A list may name an image with an id, and once more without one. The second line counts as a duplicate, and still asks for the image.
  if (scope.named.some((source) => listedBy(source, world).entries.some(({ key }) => key === row.key))) return false;
  if (!isContainer(origin)) {
    return row.path !== null && (isListedWhole(scope, origin, world) || isProvenFile(row.path, scope, world, "folders"));
  }
  if (row.archive !== null && isGoneArchive(row.archive, scope, world)) return isProvenFile(row.archive, scope, world, "folders");
  // A photo that a list named without an id may also belong to a folder. Lists without a name prove nothing for certain.
  const isShared = row.path !== null && row.key === world.uri(row.path);
  return isListedWhole(scope, origin, world) && !isShared && !isPipe(origin as ListPath);
}

/** The source that the row came from is named, and is not there or lists nothing. Then its rows stay, whatever else is named. */
function isOfMissingSource({ row, origin }: Suspect, { named }: Scope, world: World): boolean {
  return named.some((source) => {
    const isOwn = nameOfSource(source) === origin || (source.kind === "tar" && source.path === row.archive);
    return isOwn && listedBy(source, world).extent === "unknown";
  });
}

function isGoneArchive(archive: TarPath, { containers }: Scope, world: World): boolean {
  return containers === "prune" && world.tar(archive) === undefined && world.isMounted(archive);
}

export function isContainer(origin: string): boolean {
  return [...tarPaths, ...listPaths].some((path) => path === origin);
}

function isListedWhole({ named, whole }: Scope, origin: string, world: World): boolean {
  if (whole.has(origin)) return true;
  return named.some((source) => nameOfSource(source) === origin && listedBy(source, world).extent === "whole");
}

/** By a folder or a glob of the call that would list the file, or by a folder alone. */
function isProvenFile(path: string, { named }: Scope, world: World, by: "all" | "folders" = "all"): boolean {
  const provers = named.filter(({ kind }) => by === "all" || kind === "folder");
  return provers.some((source) => covers(source, path) && listedBy(source, world).extent === "whole");
}
