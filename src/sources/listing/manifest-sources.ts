/** Names manifests as the sources of rows: a file by its absolute path, a pipe by the name that the caller gives. */
import { isAbsolute, resolve } from "node:path";
import type { NamedSource } from "../../contracts/index.js";
import { fileUri, pathOfFileUrl } from "../../kit/index.js";
import type { TextSource } from "../containers/text-sources.js";

export type ManifestSource = Extract<NamedSource, { readonly kind: "container" }>;

/** The root of the rows of a pipe that has no name. All such pipes share it, so no row with it is ever deleted. */
const unnamedRoot = "list:";

/** `listName`: the name for a manifest that is no file. */
export async function manifestSource(text: TextSource, listName: string | undefined): Promise<ManifestSource> {
  if (await text.isRepeatable()) {
    // Earlier versions wrote the path as it was typed. A relative path may mean another file, so only an absolute one is recognised.
    const formerRoots = isAbsolute(text.path) ? [text.path] : [];
    return { kind: "container", root: fileUri(resolve(pathOfFileUrl(text.path) ?? text.path)), isNamed: true, formerRoots };
  }
  const root = listName === undefined ? unnamedRoot : `list://${listName}`;
  return { kind: "container", root, isNamed: listName !== undefined, formerRoots: [] };
}
