/** Turns a shard into the images that it names. */
import { HeadraceError, type ImageRef, type IngestInput, type Refusal, type Shard } from "../contracts/index.js";
import { keyOf, urlRef } from "../kit/index.js";
import {
  bucketInputs,
  type ContainerPart,
  containedInputs,
  type FileRefs,
  isRemoteContainer,
  type ListingRequest,
  makeFileRefs,
  makeListing,
  refuseDuplicates,
} from "../sources/index.js";
import { linesOfPart } from "./line-parts.js";
import { contentOf, type GivenInput, type ShardContent, type ShardListing } from "./shard-content.js";

/** What this machine needs to list a shard. */
export type ListingNeeds = Required<Pick<ListingRequest, "s3" | "copies">> & Pick<ListingRequest, "idType">;

/** Throws `source_failed` if the source cannot be listed on this machine. */
export async function* shardInputs(shard: Shard, near: ListingNeeds, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const content = contentOf(shard);
  const inputs = inputsOf(content, near, stop);
  yield* content.part.kind === "files" || content.part.kind === "objects" ? inputs : refuseDuplicates(inputs);
}

async function* inputsOf({ part, listing }: ShardContent, near: ListingNeeds, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const { s3 } = near;
  const fileRefs = await makeFileRefs();
  switch (part.kind) {
    case "files": {
      const files = await makeListing([part.input], {
        ...(listing.naming === undefined ? {} : { naming: listing.naming }),
        ...(part.range === null ? {} : { range: part.range }),
      });
      for await (const ref of files.list(stop)) yield { id: keyOf(ref.uri), ref };
      return;
    }
    case "objects": {
      const uri = part.address;
      const ref: ImageRef = { uri, location: uri, scheme: "s3", root: uri, version: null, sizeBytes: null, metadata: null };
      yield* bucketInputs(ref, { s3, ...(part.range === null ? {} : { range: part.range }) }, stop);
      return;
    }
    case "lines":
      yield* fileInputs(part.path, listing, near, stop, { kind: "lines", lines: linesOfPart(part), firstLine: part.firstLine });
      return;
    case "rows":
      yield* fileInputs(part.path, listing, near, stop, { kind: "rows", range: part.range });
      return;
    case "archive":
      yield* fileInputs(part.path, listing, near, stop);
      return;
    case "given":
      for (const given of part.inputs) {
        if (stop.aborted) return;
        yield await givenInput(given, fileRefs);
      }
      return;
    default:
      part satisfies never;
  }
}

/** Unlike in an ingestion, a file that cannot be opened is not one failed image: another worker may be able to read it. */
async function* fileInputs(
  path: string,
  { badLines, columns = {} }: ShardListing,
  { copies, idType }: ListingNeeds,
  stop: AbortSignal,
  part?: ContainerPart,
): AsyncGenerator<IngestInput> {
  const ref = isRemoteContainer(path) ? urlRef(path) : await (await makeFileRefs())(path);
  for await (const input of containedInputs(
    ref,
    { badLines: badLines ?? "fail", columns, copies, ...(idType === undefined ? {} : { idType }), ...(part === undefined ? {} : { part }) },
    stop,
  )) {
    const { refused, uri, unlisted } = input.ref;
    if (refused?.kind === "fail" && uri === ref.uri && unlisted?.isCut !== true) {
      throw new HeadraceError("source_failed", refused.error.message, { item: path, cause: refused.error });
    }
    yield input;
  }
}

async function givenInput({ id, idType, ref, refused }: GivenInput, fileRefs: FileRefs): Promise<IngestInput> {
  const { location, version, sizeBytes } =
    ref.scheme === "file" ? await fileRefs(ref.location) : { location: ref.location, version: null, sizeBytes: null };
  return {
    id: idType === "int64" ? BigInt(id) : id,
    ref: { ...ref, location, version, sizeBytes, ...(refused === undefined ? {} : { refused: refusalOf(refused) }) },
  };
}

function refusalOf(refused: NonNullable<GivenInput["refused"]>): Refusal {
  return refused.kind === "skip" ? refused : { kind: "fail", error: HeadraceError.fromRecord(refused.error) };
}
