/** Images that a distribution names one by one: web URLs, and those in lists and manifests that workers cannot read themselves, such as stdin. */
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import type { IngestInput } from "../contracts/index.js";
import { imageExtensions, isUrl, keyOf } from "../kit/index.js";
import {
  containerKind,
  type FoundManifest,
  hasPathList,
  isRemoteContainer,
  type ListingRequest,
  listManifest,
  makeListing,
  manifestSource,
  type PathSources,
  pathsOf,
  textOf,
} from "../sources/index.js";

/** Lists that the distributing process reads, as an ingestion does. */
export type ListedSources = Pick<ListingRequest, "manifest" | "filesFrom" | "separator" | "stdin">;

export interface NamedInputsOptions extends ListedSources, Pick<ListingRequest, "naming" | "badLines"> {
  /** Receives a path in a list that has parts of its own: a folder, a bucket, a table or an archive. */
  readonly onWhole: (path: string) => void;
}

/** Returns whether a source is a web URL, stdin or a pipe. */
export async function isNamed(source: string, { stdin }: Pick<ListedSources, "stdin">): Promise<boolean> {
  if (isRemoteContainer(source)) return false;
  return isWebUrl(source) || hasPathList({ paths: [source], ...(stdin === undefined ? {} : { stdin }) });
}

export async function* namedInputs(paths: readonly string[], options: NamedInputsOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { manifest, filesFrom, naming, onWhole, ...lists } = options;
  const manifests: FoundManifest[] = [];
  if (manifest !== undefined) {
    const text = textOf(lists, manifest);
    manifests.push({ name: text.name, source: await manifestSource(text, undefined), lines: text.lines("manifest", stop) });
  }
  const sources: PathSources = { paths, ...lists, ...(filesFrom === undefined ? {} : { filesFrom }) };
  async function* singles(): AsyncGenerator<string> {
    for await (const path of pathsOf(sources, (found) => void manifests.push(found), stop)) {
      if (await hasParts(path)) onWhole(path);
      else yield path;
    }
  }
  const listing = await makeListing(singles(), naming === undefined ? {} : { naming });
  for await (const ref of listing.list(stop)) yield { id: keyOf(ref.uri), ref };
  for (const found of manifests) yield* listManifest(found, lists, stop);
}

function isWebUrl(path: string): boolean {
  return isUrl(path) && !path.startsWith("s3://") && !path.startsWith("file:");
}

async function hasParts(path: string): Promise<boolean> {
  if (isRemoteContainer(path)) return true;
  if (isWebUrl(path)) return false;
  if (path.startsWith("s3://")) return !imageExtensions.includes(extname(path).slice(1).toLowerCase());
  if (containerKind(path) !== undefined) return true;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
