/** Asks the hub which files a revision of a model has. */
import * as z from "zod";
import type { Reader } from "../../contracts/index.js";
import { urlRef } from "../../kit/index.js";
import type { HubAddress } from "./address.js";
import { fromRequest, unavailable } from "./errors.js";

export interface HubFile {
  /** Path in the repository, with "/". */
  readonly path: string;
  readonly sizeBytes: number;
  /** What the bytes are checked with, and the name of the file in the cache. git: that of a git blob. */
  readonly hash: { readonly kind: "sha256" | "git"; readonly hex: string };
}

export interface HubListing {
  /** The commit of the revision. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const maxBytes = 32 * 1024 * 1024;

const answer = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.int().min(0).optional(),
      blobId: z
        .string()
        .regex(/^[0-9a-f]{40}$/)
        .optional(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).nullish(),
    }),
  ),
});

/** Files with names that could leave the folder of the model are left out. Throws `model_unavailable`. */
export async function listHubFiles(address: HubAddress, endpoint: string, reader: Reader, signal: AbortSignal): Promise<HubListing> {
  const revision = encodeURIComponent(address.revision);
  const url = `${endpoint}/api/models/${address.repository}/revision/${revision}?blobs=true`;
  let bytes: Uint8Array;
  try {
    ({ bytes } = await reader.read(urlRef(url), { maxBytes }, signal));
  } catch (error) {
    throw fromRequest(address, endpoint, error);
  }
  const parsed = answer.safeParse(parsedJson(bytes));
  if (!parsed.success)
    throw unavailable(address, `expected the list of its files from ${url}, found another answer`, { cause: parsed.error });
  const { sha, siblings } = parsed.data;
  return { commit: sha, files: siblings.flatMap((sibling) => fileOf(sibling) ?? []) };
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function fileOf({ rfilename: path, size, blobId, lfs }: z.output<typeof answer>["siblings"][number]): HubFile | null {
  if (!isInside(path)) return null;
  if (lfs != null) return { path, sizeBytes: lfs.size, hash: { kind: "sha256", hex: lfs.sha256 } };
  return size === undefined || blobId === undefined ? null : { path, sizeBytes: size, hash: { kind: "git", hex: blobId } };
}

/** True for paths of plain names, which cannot leave the folder on any system. */
export function isInside(path: string): boolean {
  return path.length <= 200 && /^\w[\w.-]*(\/\w[\w.-]*)*$/.test(path) && !/\.(\/|$)/.test(path);
}
