/** `embedImages` and `embedStream`: embed images without storing them. */
import type { VectorFile } from "../../adapters/npy/index.js";
import { decodePixels, vectorize } from "../../chain/index.js";
import { HeadraceError, type Key, type Outcome, type Run } from "../../contracts/index.js";
import { mebibyte, rowBytes } from "../../kit/index.js";
import { embed } from "../../operations/index.js";
import {
  checkInputs,
  expectCopies,
  type ImageInput,
  type InputStream,
  type Inputs,
  ingestInputs,
  makeFileRefs,
} from "../../sources/index.js";
import { refuseUnknownOptions } from "../collections/call-options.js";
import { ingestWidths, runOptions } from "../wiring/lanes.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { makeVectorFile } from "../wiring/registry.js";
import { useImage } from "./read-image.js";
import type { UrlBytes } from "./url-bytes.js";

/** Options of `embedImages`. */
export interface EmbedOptions {
  /** Hard stop: the call rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Options of `embedImage`. */
export interface EmbedImageOptions extends EmbedOptions {
  /** Limits that an image behind a URL shares with those of other calls. Default: none but `preprocess.max_file_mb`. */
  readonly urlBytes?: UrlBytes;
}

/** The embeddings of a list of inputs. */
export interface Embedded {
  /** One vector per input, in the order of the inputs. Null for an input that failed or was skipped. */
  readonly vectors: readonly (Float32Array | null)[];
  /** Dimension of the vectors. */
  readonly dimension: number;
  /** The inputs that failed. `index` is the position of the input, from 0. */
  readonly failures: readonly { readonly index: number; readonly source: string; readonly code: string; readonly message: string }[];
}

/** What to embed, and where the vectors go. */
export interface EmbedRequest extends EmbedOptions {
  readonly inputs: InputStream;
  /** Called for each embedded image, in the order of the inputs. The vector may be used only until the returned promise resolves. */
  readonly write: (row: {
    readonly seq: number;
    readonly id: Key;
    readonly source: string;
    readonly vector: Float32Array;
  }) => Promise<void>;
  readonly onOutcome?: (outcome: Outcome) => void;
}

export async function startEmbedding(parts: PipelineParts, request: EmbedRequest): Promise<Run> {
  const { settings } = parts;
  const { signal, onOutcome } = request;
  const waiting = signal ?? new AbortController().signal;
  const chain = parts.runChain(await parts.chain(waiting));
  const lanes = ingestWidths(settings, chain.embedder, {});
  parts.expectBatches(lanes.embedParallel);
  const uses = parts.copies.uses.ofRun();
  const run = embed({
    inputs: expectCopies(request.inputs, uses),
    readers: await parts.runReaders("wait", waiting),
    chain,
    maxFileBytes: settings.preprocess.maxFileMb * mebibyte,
    reserveBytes: rowBytes(chain.embedder.input) + chain.embedder.dimension * Float32Array.BYTES_PER_ELEMENT,
    lanes,
    writer: { write: request.write },
    settle: (outcome) => {
      uses.settle(outcome.facts.listed);
      onOutcome?.(outcome);
    },
    options: runOptions(settings, { schedule: "overlapped", ...(signal === undefined ? {} : { signal }) }),
  });
  void run.done.then(uses.end);
  return run;
}

/** Begins the file that an embedding is written into. */
export function createVectorFile(path: string, dimension: number): Promise<VectorFile> {
  return makeVectorFile(path, dimension);
}

/** Reads and embeds one image with the steps of a query. */
export async function embedInput(parts: PipelineParts, input: ImageInput, options: EmbedImageOptions): Promise<Float32Array> {
  refuseUnknownOptions("embedImage", options, { signal: true, urlBytes: true });
  const { urlBytes, signal = new AbortController().signal } = options;
  const pixels = await useImage(parts, input, { urlBytes, signal }, async (image) => {
    const chain = await parts.chain(signal);
    return parts.openCalls.during(() => decodePixels(chain, image, signal));
  });
  const chain = await parts.chain(signal);
  const [vector = new Float32Array()] = await parts.openCalls.during(() => vectorize(chain, [pixels], signal));
  return vector;
}

export async function embedInputs(parts: PipelineParts, inputs: Inputs, options: EmbedOptions): Promise<Embedded> {
  refuseUnknownOptions("embedImages", options, { signal: true });
  checkInputs(inputs);
  const vectors: (Float32Array | null)[] = [];
  const failures: Embedded["failures"][number][] = [];
  const { embedder } = await parts.chain(options.signal ?? new AbortController().signal);
  const fileRefs = await makeFileRefs();
  const run = await startEmbedding(parts, {
    ...options,
    inputs: (stop) => ingestInputs(inputs, {}, fileRefs, stop),
    write: async ({ seq, vector }) => {
      vectors[seq] = vector.slice();
    },
    onOutcome: ({ kind, seq, facts, ...rest }) => {
      if (kind === "stored") return;
      vectors[seq] = null;
      if ("error" in rest) failures.push({ index: seq, source: facts.source, code: rest.error.code, message: rest.error.message });
    },
  });
  const report = await run.done;
  if (report.error !== undefined) throw report.error;
  if (report.ended === "aborted") throw new HeadraceError("aborted", "the caller stopped the embedding");
  return { vectors, dimension: embedder.dimension, failures };
}
