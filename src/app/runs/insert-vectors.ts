/** `insertVectors`: stores vectors that another program has made, without reading their images. */
import {
  type Collection,
  HeadraceError,
  type ImageRef,
  type IngestInput,
  type Key,
  type Observer,
  type Passport,
  type Refusal,
  type RunReport,
} from "../../contracts/index.js";
import { mebibyte, vectorVersion } from "../../kit/index.js";
import { batchRows, insertVectors } from "../../operations/index.js";
import { type DescribedInput, ingestInput, makeFileRefs } from "../../sources/index.js";
import { labelOf } from "../collections/addresses.js";
import { never, refuseUnknownOptions } from "../collections/call-options.js";
import { defaultCollection } from "../collections/declared.js";
import { withCollection } from "../collections/named-collection.js";
import { runOptions, writeWidths } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import type { InsertFailure } from "./insert-images.js";
import type { MoveReport } from "./move-run.js";

/** A vector, and the image that it was made of. The image is not read. */
export interface VectorRow extends Omit<DescribedInput, "input"> {
  /** Where the image is: a path, a web, `file:` or `s3:` URL, or a ref from `listImages`. */
  readonly source: string | URL | ImageRef;
  /** As many numbers as the dimension of the collection. */
  readonly vector: Float32Array | readonly number[];
}

/** The vectors to insert, and who made them. */
export interface InsertVectorsOptions {
  readonly rows: readonly VectorRow[];
  /** The model that made the vectors, by the name that the collection has for it: `stats.passport.labels.model`. */
  readonly embedder: string;
  /** Name of the collection, which must exist. Default: `milvus.collection_name`, otherwise "images". */
  readonly collectionName?: string;
  /** Hard stop: the call rejects with `aborted`. Rows that are already stored remain. */
  readonly signal?: AbortSignal;
  /** Receives every event of the run. The observer must be fast and must not throw. */
  readonly observer?: Observer;
}

/** The result of an insertion of vectors. */
export interface VectorInsertion {
  /** The ids of all rows, in the order of `rows`, including those that failed. */
  readonly ids: readonly Key[];
  /** The rows that failed, sorted by `index`. */
  readonly failures: readonly InsertFailure[];
  readonly stats: MoveReport;
}

const optionNames = { rows: true, embedder: true, collectionName: true, signal: true, observer: true } as const satisfies Record<
  keyof InsertVectorsOptions,
  true
>;

/** Rejects with the error of the run if it did not complete; rows that are already stored remain. */
export async function storeVectors(parts: PipelineParts, options: InsertVectorsOptions): Promise<VectorInsertion> {
  refuseUnknownOptions("insertVectors", options, optionNames);
  if (!Array.isArray(options.rows)) {
    throw new HeadraceError("input_invalid", `rows: expected an array, found ${options.rows === null ? "null" : typeof options.rows}`);
  }
  const { collectionName = defaultCollection(parts.settings), signal = never(), observer } = options;
  return withCollection(parts, collectionName, "write", async (collection) => {
    await collection.checkMayWrite?.(signal);
    const passport = await passportFor(parts, collection, options.embedder, signal);
    const ids: Key[] = [];
    const failures: InsertFailure[] = [];
    const given = await inputsOf(options.rows);
    const store = await parts.store(signal);
    const run = (): Promise<RunReport> =>
      insertVectors({
        collection,
        ...given,
        normalize: passport?.labels["normalize"] === "l2" ? "l2" : "none",
        ...writeWidths(parts.settings, store, { batchRows: batchRows(collection.dimension), dimension: collection.dimension }),
        writeMaxBytes: parts.settings.insert.maxBytesMb * mebibyte,
        checkStore: (waiting) => store.check(waiting),
        settle: (outcome) => {
          ids[outcome.seq] = outcome.id;
          if (outcome.kind !== "failed") return;
          const { code, message, hint } = outcome.error;
          failures.push({ index: outcome.seq, source: outcome.facts.source, code, message, hint });
        },
        options: runOptions(parts.settings, { schedule: "overlapped", signal, ...(observer === undefined ? {} : { observer }) }),
      }).done;
    const report = await parts.updateTurns.run(collection.name, run);
    const label = labelOf({ collection: collection.name }, parts.storeKind);
    const upkeepError = await parts.upkeep.after({ label, collection, ended: report.ended, signal, soft: signal, observer });
    if (report.ended === "aborted") {
      throw new HeadraceError("aborted", `the caller stopped the insertion after ${report.stored} of ${options.rows.length} vectors`, {
        cause: signal.reason,
      });
    }
    if (report.error !== undefined) throw report.error;
    const stats = { ...report, ...(upkeepError === null ? {} : { upkeepError }) };
    return { ids, failures: failures.sort((a, b) => a.index - b.index), stats };
  });
}

/**
 * Returns the passport of the collection. An empty collection without one gets that of the configured model. Throws `passport_mismatch` if
 * `embedder` is another model, and `passport_missing`.
 */
async function passportFor(parts: PipelineParts, collection: Collection, embedder: string, signal: AbortSignal): Promise<Passport | null> {
  const stored = collection.passport ?? (await collection.stats()).passport;
  if (stored !== null) {
    refuseOther(collection, stored.labels["model"] ?? "unknown", embedder);
    return stored;
  }
  const chain = await parts.chain(signal);
  if (await collection.isEmpty(signal)) refuseOther(collection, chain.embedder.label, embedder);
  await parts.passports.check(collection, chain, "write", signal);
  return (await collection.stats()).passport;
}

function refuseOther({ name }: Collection, expected: string, found: string): void {
  if (found === expected) return;
  throw new HeadraceError("passport_mismatch", `collection ${name}: expected vectors of "${expected}", found those of "${found}"`, {
    item: name,
    hint: "Name the model that made the vectors. Vectors of another model need a collection of their own.",
  });
}

interface GivenInputs {
  readonly inputs: (stop: AbortSignal) => AsyncGenerator<IngestInput>;
  readonly vectors: readonly Float32Array[];
}

/** What is wrong with a row fails only this row. */
async function inputsOf(rows: readonly VectorRow[]): Promise<GivenInputs> {
  const vectors = rows.map(({ vector }) => Float32Array.from(vector));
  const fileRefs = await makeFileRefs();
  const inputs = async function* (stop: AbortSignal): AsyncGenerator<IngestInput> {
    const ids = new Set<Key>();
    for (const [index, { source, vector: _, ...more }] of rows.entries()) {
      if (stop.aborted) return;
      const { id, ref } = await ingestInput({ ...more, input: source }, fileRefs);
      const refused = ref.refused ?? refusalOf(id, ref, ids);
      ids.add(id);
      const known = { ...ref, version: vectorVersion(vectors[index]!, ref.uri), sizeBytes: 0 };
      yield { id, ref: refused === null ? known : { ...known, refused } };
    }
  };
  return { inputs, vectors };
}

/** `ids`: of the rows before. */
function refusalOf(id: Key, { uri, scheme }: ImageRef, ids: ReadonlySet<Key>): Refusal | null {
  if (scheme === "data" || uri.startsWith("sha256:")) {
    const message = "source: expected where the image is, found the image itself";
    return { kind: "fail", error: new HeadraceError("input_invalid", message, { scope: "item", item: uri }) };
  }
  if (!ids.has(id)) return null;
  const message = `id ${JSON.stringify(String(id))}: expected one vector, found a second: ${uri}`;
  return { kind: "fail", error: new HeadraceError("id_duplicate", message, { item: uri }) };
}
