/** The calls of the product that a history makes. They are plain data, so that a process of its own can make them too. */
import { dirname, join } from "node:path";
import { isManifest, isPipe, nameOfSource, type Source } from "./places.js";
import type { World } from "./world.js";

export type Verb = "ingest" | "sync" | "prune" | "verify" | "retry" | "restore";

/** What to list, in the words of the library. */
export interface CallSource {
  /** The folder that relative names count from. */
  readonly cwd: string;
  readonly paths: readonly string[];
  readonly manifest?: string;
  /** What the manifest `-` contains. */
  readonly stdin?: string;
}

export interface Call {
  readonly verb: Verb;
  readonly source: CallSource;
  /** For `prune`: the share of the rows of a source that may go. null: the default of the product. */
  readonly share: number | null;
  /** For `prune`: whether the rows of archives that are gone go with them. */
  readonly containers: "keep" | "prune";
  /** For `restore`: the files with the deleted rows. */
  readonly files: readonly string[];
}

export function callSource(named: readonly Source[], world: World): CallSource {
  const manifest = named.find(isManifest)?.path;
  const paths = named.filter((source) => !isManifest(source)).map((source) => join(world.base, pathOf(source)));
  if (manifest === undefined) return { cwd: world.base, paths };
  if (isPipe(manifest)) return { cwd: world.base, paths, manifest: "-", stdin: world.listText(manifest) };
  // As a person types it who works in the folder of the list.
  return { cwd: join(world.base, dirname(manifest)), paths, manifest: manifest.slice(dirname(manifest).length + 1) };
}

export function callText(verb: string, named: readonly Source[]): string {
  return [verb, ...named.map(nameOfSource)].join(" ");
}

function pathOf(source: Source): string {
  if (source.kind === "folder") return source.root;
  return source.kind === "glob" ? `${source.root}/*.jpg` : source.path;
}
