/** Makes the order of a job from a request: JSON, a multipart body or JSON lines. Images that are sent are kept on disk at once. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { z } from "zod";
import type { Key, Metadata } from "../../contracts/index.js";
import { keyOf, mebibyte, textLines } from "../../kit/index.js";
import { bytesOfDataUrl, inputOf } from "../insertions/sources.js";
import { allowedSource, refuseWideRanges, uploadUri } from "../jobs/allowed-sources.js";
import type { ArrivedFile } from "../jobs/arrived-files.js";
import type { Job, JobRequest, ListingChoices } from "../jobs/job.js";
import type { JobDraft } from "../jobs/job-draft.js";
import type { Call, Incoming, IncomingPart, ServerContext } from "../requests/route.js";
import { checked, parsedJson } from "../requests/validation.js";
import { Refused } from "../wire/problems.js";
import { insertionColumns } from "../wire/wire.js";
import * as wire from "../wire/wire-jobs.js";

export interface Order {
  readonly request: JobRequest;
  readonly draft: JobDraft;
  /** Hash of the request, for idempotency. */
  readonly digest: string;
}

type Accessing = Pick<Call<unknown, unknown>, "access">;
type Receiving = ServerContext & Pick<Call<unknown, unknown>, "client">;
type Sent = z.output<typeof wire.jobImage>;

type Ingestion = Omit<JobRequest, "kind" | "retry" | "snapshotOf">;

/** Runs `fill`, and deletes the draft if it fails. */
async function withDraft(
  { jobs, client }: Receiving,
  fill: (draft: JobDraft) => Promise<Ingestion>,
  retry: JobRequest["retry"] = null,
): Promise<Order> {
  const draft = await jobs.draft(client ?? "");
  try {
    const filled = await fill(draft);
    const asked = { ...filled, ...(draft.uploadIds.length === 0 ? {} : { uploads: draft.uploadIds }), retry };
    const digest = createHash("sha256").update(JSON.stringify(asked)).update(draft.digest.digest()).digest("hex");
    return { request: { kind: "ingest", ...asked, snapshotOf: null }, draft, digest };
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

export function orderOfJson(body: z.output<typeof wire.newJob>, context: Receiving & Accessing): Promise<Order> {
  context.access.check(body.collection);
  return withDraft(context, async (draft) => {
    refuseWideRanges(body.sources);
    const sources = await Promise.all(body.sources.map((source) => allowedSource(source, context.settings.server.allowedRoots)));
    for (const image of body.images) await addImage(draft, image, context);
    return { collection: body.collection, sources, listing: choicesOf(body.options) };
  });
}

/** Makes the order of an export, or of an import of the snapshot of `of`. */
export async function orderOfSnapshot(collection: string, of: Job | null, { jobs, client }: Receiving): Promise<Order> {
  const kind = of === null ? "export" : "import";
  const request: JobRequest = { kind, collection, sources: [], listing: {}, retry: null, snapshotOf: of?.id ?? null };
  const digest = createHash("sha256").update(JSON.stringify(request)).digest("hex");
  return { request, draft: await jobs.draft(client ?? ""), digest };
}

export function orderOfRetry(retry: NonNullable<JobRequest["retry"]>, collection: string, context: Receiving): Promise<Order> {
  return withDraft(context, async () => ({ collection, sources: [], listing: {} }), retry);
}

export function orderOfStream(incoming: Incoming, call: Call<undefined, undefined, z.output<typeof wire.newJobQuery>>): Promise<Order> {
  return withDraft(call, (draft) =>
    incoming.kind === "lines" ? addLines(draft, incoming.chunks, call) : addParts(draft, incoming.parts, call),
  );
}

async function addLines(
  draft: JobDraft,
  chunks: AsyncIterable<Uint8Array>,
  call: Call<undefined, undefined, z.output<typeof wire.newJobQuery>>,
): Promise<Ingestion> {
  const { collection } = call.query;
  if (collection === undefined) throw new Refused("request_invalid", "collection: expected a parameter in the URL, found none.");
  call.access.check(collection);
  let number = 0;
  const bounded = withShortLines(chunks, call.settings.server.maxBodyMb);
  for await (const line of textLines(Readable.from(bounded).setEncoding("utf8"))) {
    number += 1;
    if (line.trim() === "") continue;
    const where = `line ${number}`;
    await addImage(draft, checked(wire.jobImage, parsedJson(line, where), [where]), call);
  }
  if (draft.given === 0) throw new Refused("request_invalid", "body: expected at least one line, found none.");
  return { collection, sources: [], listing: {} };
}

/** A line is kept in memory as a whole. Throws `body_too_large`. */
async function* withShortLines(chunks: AsyncIterable<Uint8Array>, maxMb: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(lineFeed);
    bytes = end === -1 ? bytes + chunk.byteLength : chunk.byteLength - end;
    if (bytes > maxMb * mebibyte) throw new Refused("body_too_large", `lines: expected at most ${maxMb} MiB each, found more.`);
    yield chunk;
  }
}

const lineFeed = 0x0a;

async function addParts(draft: JobDraft, parts: AsyncIterable<IncomingPart>, { access }: Accessing): Promise<Ingestion> {
  const given = new Map<string, string>();
  const files: string[] = [];
  for await (const part of parts) {
    if (part.kind === "field" && part.name === "collection") access.check(part.value);
    if (part.kind === "field") given.set(part.name, part.value);
    else files.push(await draft.keep(part.chunks));
  }
  const { collection, options, ...columns } = checked(wire.newJobForm, Object.fromEntries(given));
  const { ids, metadata } = checked(
    insertionColumns,
    Object.fromEntries(Object.entries(columns).flatMap(([name, text]) => (text === undefined ? [] : [[name, parsedJson(text, name)]]))),
  );
  for (const [name, column] of Object.entries({ ids, metadata })) {
    if (column === undefined || column.length === files.length) continue;
    throw new Refused("request_invalid", `${name}: expected ${files.length} entries, one per file, found ${column.length}.`);
  }
  if (files.length === 0) throw new Refused("request_invalid", "files: expected at least one, found none.");
  for (const [at, sha256] of files.entries()) await addKept(draft, sha256, { id: ids?.[at], metadata: metadata?.[at] });
  const listing = options === undefined ? {} : choicesOf(checked(wire.jobOptions, parsedJson(options, "options")));
  return { collection, sources: [], listing };
}

async function addImage(draft: JobDraft, { id, metadata, upload, ...source }: Sent, { settings, jobs, client }: Receiving): Promise<void> {
  if (upload !== undefined) return addUpload(draft, upload, { id: id ?? null, metadata: metadata ?? null }, { jobs, client });
  const input = await inputOf(source, settings.server);
  if (input instanceof Uint8Array) return addKept(draft, await draft.keep([input]), { id, metadata });
  const text = String(input);
  if (text.startsWith("data:")) return addKept(draft, await draft.keep([bytesOfDataUrl(text)]), { id, metadata });
  await draft.addLine({ input: text, ...(id === undefined ? {} : { id }), ...(metadata === undefined ? {} : { metadata }) });
}

/** The upload belongs to the client until the job is accepted, so that a job that is refused takes nothing away. */
async function addUpload(
  draft: JobDraft,
  upload: string,
  given: Pick<ArrivedFile, "id" | "metadata">,
  { jobs, client }: Pick<Receiving, "jobs" | "client">,
): Promise<void> {
  if (jobs.hasUsed(upload, client ?? "")) return draft.noteUpload(upload, given);
  const found = jobs.uploads.get(upload, client ?? "");
  if (!found.isComplete) {
    const { offsetBytes, lengthBytes } = found.record;
    throw new Refused("upload_incomplete", `upload ${upload}: expected ${lengthBytes} bytes, found ${offsetBytes}.`);
  }
  await found.inTurn(() => draft.addUpload(found, given));
}

/** A file of the job gets the id that its content has in the library, so that it is known again wherever it is kept. */
async function addKept(
  draft: JobDraft,
  sha256: string,
  { id, metadata }: { readonly id?: string | number | undefined; readonly metadata?: Metadata | null | undefined },
): Promise<void> {
  const key: Key | number = id ?? keyOf(uploadUri(sha256));
  await draft.addLine({ input: `uploads/${sha256}`, id: key, ...(metadata === undefined ? {} : { metadata }) });
}

function choicesOf({ limit, on_bad_line, image_column, id_column, metadata_columns }: z.output<typeof wire.jobOptions>): ListingChoices {
  return { limit, badLines: on_bad_line, imageColumn: image_column, idColumn: id_column, metadataColumns: metadata_columns };
}
