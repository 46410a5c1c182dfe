/** The code of a decode worker: reads files and members of archives, and decodes images with the configured decoder. */
import { fileReader } from "../../adapters/fs/index.js";
import { sharpDecoder } from "../../adapters/sharp/index.js";
import type { Encoded, ImageDecoder, Reader } from "../../contracts/index.js";
import { fingerprint, serveWorker, type WorkerAnswer, type WorkerService } from "../../kit/index.js";
import { makeConverters } from "./converters.js";
import { type Describe, describerOf } from "./describer.js";
import type { DecodeAnswer, DecodedPixels, DecodeOrder, DecodeRequest, DecodeSettings, FileRef } from "./protocol.js";

/** The pool ignores the answers of aborted calls, so the calls themselves are not aborted. */
const calm = new AbortController().signal;

await serveWorker(async ({ preprocess, metadata }: DecodeSettings): Promise<WorkerService<null, DecodeRequest, DecodeAnswer>> => {
  const [readerInPool, readerHere] = [readersOf("pool"), readersOf("here")];
  const decoder = sharpDecoder(preprocess, makeConverters());
  const describe = await describerOf({ metadata });
  await decoder.open?.(calm);
  return {
    ready: null,
    handle: async (request, buffer) => {
      switch (request.kind) {
        case "read":
          return read(await readerInPool(request), describe, request);
        case "decode":
          return decode(decoder, describe, request, buffer);
        case "read-and-decode":
          return readAndDecode(await readerHere(request), decoder, describe, request);
        default:
          return request satisfies never;
      }
    },
    close: () => Promise.resolve(),
  };
});

/** The readers of `workerSchemes`. Those of archives are imported when an image needs them. `calls`: where files are read. */
function readersOf(calls: "pool" | "here"): (request: { readonly ref: FileRef }) => Promise<Reader> {
  const made = new Map<string, Promise<Reader>>();
  const make: Readonly<Record<string, () => Promise<Reader>>> = {
    file: () => Promise.resolve(fileReader({ calls })),
    tar: async () => (await import("../../adapters/tar/index.js")).tarReader({ compression: "none" }),
    zip: async () => (await import("../../adapters/zip/index.js")).zipReader(),
  };
  return ({ ref: { scheme } }) => {
    const reader = made.get(scheme) ?? make[scheme]!();
    made.set(scheme, reader);
    return reader;
  };
}

async function read(
  reader: Reader,
  describe: Describe,
  { ref, maxBytes }: DecodeRequest & { kind: "read" },
): Promise<WorkerAnswer<DecodeAnswer>> {
  return readAnswer(await reader.read({ ...ref, metadata: null }, { maxBytes }, calm), describe);
}

function readAnswer({ bytes, version }: Encoded, describe: Describe): WorkerAnswer<DecodeAnswer> {
  const own = ownBuffer(bytes);
  return { answer: { kind: "read", bytes: own, version, content: fingerprint(own), ...describe(own) }, transfer: [own.buffer] };
}

async function decode(
  decoder: ImageDecoder,
  describe: Describe,
  request: DecodeRequest & { kind: "decode" },
  buffer: ArrayBuffer,
): Promise<WorkerAnswer<DecodeAnswer>> {
  const image: Encoded = { bytes: new Uint8Array(buffer, 0, request.byteLength), version: null };
  const { peakBytes } = await decoder.measure(image);
  if (peakBytes > request.maxPeakBytes) {
    return { answer: { kind: "too-heavy", peakBytes, encoded: buffer }, transfer: [buffer], keeps: "buffer" };
  }
  const pixels = await decodePixels(decoder, image, request);
  return { answer: { kind: "decoded", ...pixels, ...describe(image.bytes) }, transfer: [pixels.data.buffer], keeps: "buffer" };
}

async function readAndDecode(
  reader: Reader,
  decoder: ImageDecoder,
  describe: Describe,
  request: DecodeRequest & { kind: "read-and-decode" },
): Promise<WorkerAnswer<DecodeAnswer>> {
  const image = await reader.read({ ...request.ref, metadata: null }, { maxBytes: request.maxBytes }, calm);
  const { peakBytes } = await decoder.measure(image);
  if (peakBytes > request.maxPeakBytes) return readAnswer(image, describe);
  const pixels = await decodePixels(decoder, image, request);
  const { version, bytes } = image;
  const answer = { kind: "read-and-decoded", version, content: fingerprint(bytes), ...pixels, ...describe(bytes) } as const;
  return { answer, transfer: [pixels.data.buffer] };
}

async function decodePixels(decoder: ImageDecoder, image: Encoded, { target, spare }: DecodeOrder): Promise<DecodedPixels> {
  const { width, height, data, original, damaged = false } = await decoder.decode(image, target, calm);
  // The memory of libvips cannot be transferred to another thread.
  const own = new Uint8Array(spare?.byteLength === data.byteLength ? spare : new ArrayBuffer(data.byteLength));
  own.set(data);
  return { width, height, data: own, original, damaged };
}

/** Returns bytes that are alone in their buffer, so that the buffer can be transferred. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
