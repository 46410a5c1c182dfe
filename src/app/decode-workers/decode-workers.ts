/** A pool of threads that read, hash, measure and decode images. The main thread only passes on what the threads return. */
import type { ReadAndDecode } from "../../chain/index.js";
import { type Encoded, type Geometry, HeadraceError, type ImageRef, type Metadata, type Part, type Pixels } from "../../contracts/index.js";
import { mebibyte, Semaphore, WorkerPool } from "../../kit/index.js";
import type { DecodeAnswer, DecodedPixels, DecodeRequest, DecodeSettings, FileRef } from "./protocol.js";
import { shortageHint } from "./shortage.js";

/** Maximum number of unused buffers of pixels. */
const maxSpares = 128;
/** The pool gives up after this many deaths of workers without an answer in between. */
const maxDeaths = 10;
/**
 * A small young generation is collected often, and with it the images that a worker no longer needs. V8 would otherwise keep up to 32 MB of
 * them in each worker. Measured with two workers: 456 MB for the whole process instead of 518 MB.
 */
const maxYoungGenerationSizeMb = 2;

export interface DecodeWorkersOptions {
  readonly settings: DecodeSettings;
  /** Number of workers. */
  readonly size: number;
  /** Number of images that one worker decodes at the same time. */
  readonly imagesPerWorker: number;
  /** The main module of a worker. Default: the worker that reads files and decodes with sharp. */
  readonly worker?: URL;
}

export class DecodeWorkers implements Part {
  readonly name = "decode workers";
  readonly #pool: WorkerPool<null, DecodeRequest, DecodeAnswer>;
  /** Limits the memory of all concurrent decodes. */
  readonly #memory: Semaphore;
  /** The share of the memory that an image gets at first. If decoding needs more, the image waits until so much memory is free. */
  #shareBytes: number;
  readonly #options: Pick<DecodeWorkersOptions, "size" | "imagesPerWorker">;
  /** Images that a worker has read. Only the run has their bytes, so the bytes can be transferred to a worker instead of copied. */
  readonly #transferable = new WeakSet<Encoded>();
  /** Buffers of pixels that are no longer used. Without reuse, garbage collection would have to free 150 kB per image. */
  readonly #spares: ArrayBuffer[] = [];

  constructor({ settings, size, imagesPerWorker, worker = new URL("./worker.js", import.meta.url) }: DecodeWorkersOptions) {
    const budgetBytes = settings.preprocess.decodeBudgetMb * mebibyte;
    this.#memory = new Semaphore(budgetBytes);
    this.#shareBytes = budgetBytes / (size * imagesPerWorker);
    this.#options = { size, imagesPerWorker };
    this.#pool = new WorkerPool({
      name: this.name,
      url: worker,
      settings,
      size,
      minSize: 1,
      callsPerWorker: Number.POSITIVE_INFINITY,
      death: (why, cause) =>
        new HeadraceError("image_crashed_decoder", `image: expected an answer of the decode worker, but the worker died: ${why}`, {
          cause,
        }),
      giveBack: () => undefined,
      maxDeaths,
      resourceLimits: { maxYoungGenerationSizeMb },
    });
  }

  /** Opens as many of the workers as the system allows. Throws if that is none. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#pool.open(signal);
    this.#shareBytes *= this.#options.size / this.#pool.size;
  }

  /** What the user should know if fewer workers than wanted have started, otherwise null. */
  get shortage(): string | null {
    const { size, refusal } = this.#pool;
    return refusal === null || size === this.#options.size
      ? null
      : `${size} of ${this.#options.size} decode workers have started and do all the work: ${refusal.message}. ${shortageHint}`;
  }

  /** Reads a file and computes its fingerprint. See `Reader.read`. */
  async read(ref: ImageRef, { maxBytes }: { readonly maxBytes: number }, signal: AbortSignal): Promise<Encoded> {
    const answer = await this.#pool.call({ kind: "read", ref: fileRefOf(ref), maxBytes }, null, signal);
    if (answer.kind !== "read") throw wrongAnswer("read", answer);
    return this.#encoded(answer);
  }

  /** Reads and decodes a file with one message to a worker and one back. */
  readonly readAndDecode: ReadAndDecode = async (ref, { maxBytes, target }, signal) => {
    const answer = await this.#memory.run(this.#shareBytes, signal, "decoding", () => {
      const spare = this.#spares.pop() ?? null;
      const request = { kind: "read-and-decode", ref: fileRefOf(ref), maxBytes, target, maxPeakBytes: this.#shareBytes, spare } as const;
      return this.#pool.call(request, null, signal, spare === null ? [] : [spare]);
    });
    if (answer.kind === "read") {
      const pixels = await this.decode(this.#encoded(answer), target, signal);
      return { pixels, version: answer.version, content: answer.content };
    }
    if (answer.kind !== "read-and-decoded") throw wrongAnswer("read-and-decoded", answer);
    return { pixels: new WorkerPixels(answer, this.#spares), version: answer.version, content: answer.content };
  };

  /** Decodes an image. See `ImageDecoder.decode`. The bytes of an image that `read` has returned cannot be used afterwards. */
  async decode(image: Encoded, target: Geometry, signal: AbortSignal): Promise<Pixels> {
    const { buffer, byteLength } = this.#transferable.has(image) ? image.bytes : new Uint8Array(image.bytes);
    const decodeWithin = (encoded: ArrayBuffer, maxPeakBytes: number, reservedBytes: number, spare: ArrayBuffer | null) =>
      this.#memory.run(reservedBytes, signal, "decoding", () =>
        this.#pool.call({ kind: "decode", target, byteLength, maxPeakBytes, spare }, encoded, signal, spare === null ? [] : [spare]),
      );
    let answer = await decodeWithin(buffer as ArrayBuffer, this.#shareBytes, this.#shareBytes, this.#spares.pop() ?? null);
    if (answer.kind === "too-heavy") answer = await decodeWithin(answer.encoded, Number.POSITIVE_INFINITY, answer.peakBytes, null);
    if (answer.kind !== "decoded") throw wrongAnswer("decoded", answer);
    return new WorkerPixels(answer, this.#spares);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #encoded({ kind: _, ...encoded }: DecodeAnswer & { kind: "read" }): Encoded {
    this.#transferable.add(encoded);
    return encoded;
  }
}

class WorkerPixels implements Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly original: Pixels["original"];
  readonly damaged: boolean;
  readonly pictureMetadata?: Metadata;
  readonly #spares: ArrayBuffer[];

  constructor({ width, height, data, original, damaged = false, pictureMetadata }: DecodedPixels, spares: ArrayBuffer[]) {
    this.width = width;
    this.height = height;
    this.data = data;
    this.original = original;
    this.damaged = damaged;
    if (pictureMetadata !== undefined) this.pictureMetadata = pictureMetadata;
    this.#spares = spares;
  }

  release(): void {
    if (this.#spares.length < maxSpares) this.#spares.push(this.data.buffer);
  }
}

/** Only these fields are copied to the worker: metadata can be large. */
function fileRefOf({ uri, location, scheme, root, version, sizeBytes }: ImageRef): FileRef {
  return { uri, location, scheme, root, version, sizeBytes };
}

function wrongAnswer(expected: DecodeAnswer["kind"], { kind }: DecodeAnswer): HeadraceError {
  return new HeadraceError("contract_broken", `decode worker: expected the answer "${expected}", found "${kind}"`);
}
