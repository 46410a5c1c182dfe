/** What a shard says about the part of a source to read. It travels through the queue as JSON. */
import { createHash } from "node:crypto";
import { type ErrorRecord, HeadraceError, type ImageRef, type RowRange, type Shard } from "../contracts/index.js";
import type { FileNaming } from "../kit/index.js";
import type { ColumnChoice, KeyRange, PathRange } from "../sources/index.js";

/** How the inputs of a shard are listed. Absent options have the defaults of a listing. */
export interface ShardListing {
  readonly naming?: FileNaming;
  readonly columns?: ColumnChoice;
  readonly badLines?: "skip";
}

/** An image that is named by itself: a row of a CSV file, a URL, or an image that failed before. */
export interface GivenInput {
  readonly id: string;
  /** Default "text". */
  readonly idType?: "int64";
  readonly ref: Pick<ImageRef, "uri" | "location" | "scheme" | "root" | "metadata" | "line">;
  /** When the image failed before, if it is tried again. */
  readonly failedAt?: string;
  /** Set for a row that describes no image. */
  readonly refused?: { readonly kind: "skip"; readonly reason: string } | { readonly kind: "fail"; readonly error: ErrorRecord };
}

export type ShardPart =
  /** Files of a folder or of a glob, or a single file. */
  | { readonly kind: "files"; readonly input: string; readonly range: PathRange | null }
  /** Objects of a bucket. */
  | { readonly kind: "objects"; readonly address: string; readonly range: KeyRange | null }
  /** Lines of a manifest or of a list: the bytes from `start` up to `end`. `digest`: SHA-256 of the bytes in hex. */
  | {
      readonly kind: "lines";
      readonly path: string;
      readonly start: number;
      readonly end: number;
      readonly firstLine: number;
      readonly digest: string;
    }
  /** Rows of a Parquet file, from the beginning of a row group to the end of one. */
  | { readonly kind: "rows"; readonly path: string; readonly range: RowRange }
  /** A whole archive. */
  | { readonly kind: "archive"; readonly path: string }
  | { readonly kind: "given"; readonly inputs: readonly GivenInput[] };

export interface ShardContent {
  readonly part: ShardPart;
  readonly listing: ShardListing;
}

/** The id is a hash of the content. So the same part of the same source has the same id, on every machine and in every run. */
export function shardOf(content: ShardContent, items: number | null): Shard {
  const id = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
  return { id: `s-${id}`, items, content: { ...content } };
}

/** Throws `input_invalid` for a shard of another version of Headrace. */
export function contentOf({ id, content }: Shard): ShardContent {
  const { part, listing } = content as Partial<ShardContent>;
  if (part !== undefined && listing !== undefined && part.kind in kinds) return { part, listing };
  throw new HeadraceError("input_invalid", `shard ${id}: expected a kind of part that this version knows, found ${part?.kind ?? "none"}`, {
    item: id,
    hint: "Give all workers and `headrace distribute` the same version of Headrace.",
  });
}

const kinds: Readonly<Record<ShardPart["kind"], true>> = {
  files: true,
  objects: true,
  lines: true,
  rows: true,
  archive: true,
  given: true,
};

/** Describes a part for messages. */
export function partLabel(part: ShardPart): string {
  switch (part.kind) {
    case "files":
      return part.range === null ? part.input : `${part.input} after ${part.range.after ?? "its beginning"}`;
    case "objects":
      return part.range === null ? part.address : `${part.address} after ${part.range.after ?? "its beginning"}`;
    case "lines":
      return `${part.path} from line ${part.firstLine}`;
    case "rows":
      return `${part.path} from row ${part.range.start + 1}`;
    case "archive":
      return part.path;
    case "given":
      return part.inputs[0]?.ref.uri ?? "no images";
    default:
      return part satisfies never;
  }
}

/** Number of images in a shard, unless the caller says otherwise. */
export const defaultShardItems = 2_000;
