/** Cuts sources into shards: folders, globs, buckets, manifests, lists, tables and archives. */
import { resolve } from "node:path";
import { HeadraceError, type IngestInput, type Shard } from "../contracts/index.js";
import { fileUri } from "../kit/index.js";
import { allUrlsOf, containerKind, isRemoteContainer, listInputs, openTable, splitBucket, splitFiles } from "../sources/index.js";
import { splitLines } from "./line-parts.js";
import { isNamed, type ListedSources, namedInputs } from "./named-inputs.js";
import { type GivenInput, type ShardListing, type ShardPart, shardOf } from "./shard-content.js";
import type { ListingNeeds } from "./shard-inputs.js";

export interface SplitOptions extends ListingNeeds {
  readonly listing: ShardListing;
  /** Number of images in a shard. An archive is one shard, and a row group is not cut. */
  readonly shardItems: number;
}

/** Most images of a shard that names each of them, because their names and metadata are kept in the queue. */
const maxGiven = 1_000;

/** Streams the shards of all sources. Throws `source_failed` for a source that does not exist. */
export async function* splitSources(
  sources: readonly string[],
  lists: ListedSources,
  options: SplitOptions,
  stop: AbortSignal,
): AsyncGenerator<Shard> {
  const named: string[] = [];
  for (const source of allUrlsOf(sources)) {
    if (await isNamed(source, lists)) named.push(source);
    else yield* shardsOf(source, options, stop);
  }
  const whole: string[] = [];
  const onWhole = (path: string) => void whole.push(path);
  yield* givenShards(given(namedInputs(named, { ...lists, ...options.listing, onWhole }, stop)), options);
  for (const source of whole) yield* shardsOf(source, options, stop);
}

async function* shardsOf(source: string, options: SplitOptions, stop: AbortSignal): AsyncGenerator<Shard> {
  for await (const [part, items] of partsOf(source, options, stop)) yield shardOf({ part, listing: options.listing }, items);
}

/** Streams shards that name each image. */
export async function* givenShards(
  inputs: AsyncIterable<GivenInput>,
  { listing, shardItems }: Pick<SplitOptions, "listing" | "shardItems">,
): AsyncGenerator<Shard> {
  let group: GivenInput[] = [];
  const shard = () => shardOf({ part: { kind: "given", inputs: group }, listing }, group.length);
  for await (const input of inputs) {
    group.push(input);
    if (group.length < Math.min(shardItems, maxGiven)) continue;
    yield shard();
    group = [];
  }
  if (group.length > 0) yield shard();
}

async function* given(inputs: AsyncIterable<IngestInput>): AsyncGenerator<GivenInput> {
  for await (const input of inputs) yield givenInput(input);
}

type FoundPart = readonly [part: ShardPart, items: number | null];

async function* partsOf(source: string, options: SplitOptions, stop: AbortSignal): AsyncGenerator<FoundPart> {
  const { shardItems, s3 } = options;
  if (isRemoteContainer(source)) {
    if (containerKind(source) === "archive") yield [{ kind: "archive", path: source }, null];
    else yield* namedParts(source, options, stop);
    return;
  }
  if (source.startsWith("s3://")) {
    for await (const { range, images } of splitBucket(source, shardItems, s3, stop)) {
      yield [{ kind: "objects", address: source, range }, images];
    }
    return;
  }
  const path = source.startsWith("file:") ? source : resolve(source);
  const kind = containerKind(path);
  if (kind !== undefined) yield* partsOfFile(path, kind, options, stop);
  else for await (const { range, files } of splitFiles(path, shardItems, stop)) yield [{ kind: "files", input: path, range }, files];
}

async function* partsOfFile(
  path: string,
  kind: NonNullable<ReturnType<typeof containerKind>>,
  options: SplitOptions,
  stop: AbortSignal,
): AsyncGenerator<FoundPart> {
  const { shardItems } = options;
  switch (kind) {
    case "manifest":
    case "list":
      for await (const { part, lines } of splitLines(path, shardItems, stop)) yield [part, lines];
      return;
    case "archive":
      for await (const _ of splitFiles(path, shardItems, stop)) yield [{ kind: "archive", path }, null];
      return;
    case "table": {
      const groups = await groupsOf(path, stop);
      if (groups !== undefined) yield* rowParts(path, groups, shardItems);
      // The rows of a text table cannot be read from the middle, because a cell may contain line ends.
      else yield* namedParts(path, options, stop);
      return;
    }
    default:
      kind satisfies never;
  }
}

/** Names each image of a file. */
async function* namedParts(path: string, { listing, shardItems, s3, copies }: SplitOptions, stop: AbortSignal): AsyncGenerator<FoundPart> {
  const inputs = given(listInputs({ paths: [path], ...listing, s3, copies })(stop));
  for await (const { content, items } of givenShards(inputs, { listing, shardItems })) yield [content["part"] as ShardPart, items];
}

async function groupsOf(path: string, stop: AbortSignal) {
  const table = await openTable({ path, uri: fileUri(path) }, stop).catch((cause: unknown) => {
    if (!HeadraceError.is(cause)) throw cause;
    throw new HeadraceError("source_failed", cause.message, { item: path, hint: cause.hint, cause });
  });
  try {
    return table.groups;
  } finally {
    await table.close();
  }
}

function* rowParts(path: string, groups: readonly { readonly start: number; readonly end: number }[], shardItems: number) {
  let start = 0;
  for (const [at, { end }] of groups.entries()) {
    const next = groups[at + 1];
    if (next !== undefined && next.end - start <= shardItems) continue;
    if (end > start) yield [{ kind: "rows", path, range: { start, end } }, end - start] as const satisfies FoundPart;
    start = end;
  }
}

/** Throws `input_invalid` for an image that is given as bytes. */
export function givenInput({ id, ref }: IngestInput): GivenInput {
  if (ref.data !== undefined) {
    throw new HeadraceError("input_invalid", `${ref.uri}: expected an image that workers can read themselves, found its bytes`, {
      item: ref.uri,
      hint: "Write it to a file that all workers see.",
    });
  }
  const { uri, location, scheme, root, metadata, line, refused } = ref;
  return {
    id: String(id),
    ...(typeof id === "bigint" ? { idType: "int64" } : {}),
    ref: { uri, location, scheme, root, metadata, ...(line === undefined ? {} : { line }) },
    ...(refused === undefined ? {} : { refused: refused.kind === "skip" ? refused : { kind: "fail", error: refused.error.toJSON() } }),
  };
}
