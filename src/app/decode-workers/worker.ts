/** The code of a decode worker: reads files and members of archives, and decodes images with the configured decoder. */
import type { Encoded, ImageDecoder, Reader } from "../../contracts/index.js";
import { fingerprint, serveWorker, type WorkerAnswer, type WorkerService } from "../../kit/index.js";
import type { DecodeAnswer, DecodeRequest, DecodeSettings } from "./protocol.js";

/** The pool ignores the answers of aborted calls, so the calls themselves are not aborted. */
const calm = new AbortController().signal;

await serveWorker(async ({ preprocess }: DecodeSettings): Promise<WorkerService<null, DecodeRequest, DecodeAnswer>> => {
  const { sharpDecoder } = await import("../../adapters/sharp/index.js");
  const readers = new Map<string, Promise<Reader>>();
  const decoder = sharpDecoder(preprocess);
  await decoder.open?.(calm);
  return {
    ready: null,
    handle: (request, buffer) => (request.kind === "read" ? read(readers, request) : decode(decoder, request, buffer)),
    close: () => Promise.resolve(),
  };
});

/** The readers of `workerSchemes`, imported when an image needs them. */
const makeReaders: Readonly<Record<string, () => Promise<Reader>>> = {
  file: async () => (await import("../../adapters/fs/index.js")).fileReader(),
  tar: async () => (await import("../../adapters/tar/index.js")).tarReader(),
  zip: async () => (await import("../../adapters/zip/index.js")).zipReader(),
};

async function read(
  readers: Map<string, Promise<Reader>>,
  { ref, maxBytes }: DecodeRequest & { kind: "read" },
): Promise<WorkerAnswer<DecodeAnswer>> {
  const reader = await (readers.get(ref.scheme) ?? makeReaders[ref.scheme]!());
  readers.set(ref.scheme, Promise.resolve(reader));
  const { bytes, version } = await reader.read({ ...ref, metadata: null }, { maxBytes }, calm);
  const own = ownBuffer(bytes);
  return { answer: { kind: "read", bytes: own, version, content: fingerprint(own) }, transfer: [own.buffer] };
}

async function decode(
  decoder: ImageDecoder,
  { target, byteLength, maxPeakBytes, spare }: DecodeRequest & { kind: "decode" },
  buffer: ArrayBuffer,
): Promise<WorkerAnswer<DecodeAnswer>> {
  const image: Encoded = { bytes: new Uint8Array(buffer, 0, byteLength), version: null };
  const { peakBytes } = await decoder.measure(image);
  if (peakBytes > maxPeakBytes) {
    return { answer: { kind: "too-heavy", peakBytes, encoded: buffer }, transfer: [buffer], keeps: "buffer" };
  }
  const { width, height, data, original } = await decoder.decode(image, target, calm);
  // The memory of libvips cannot be transferred to another thread.
  const pixels = new Uint8Array(spare?.byteLength === data.byteLength ? spare : new ArrayBuffer(data.byteLength));
  pixels.set(data);
  return { answer: { kind: "decoded", width, height, data: pixels, original }, transfer: [pixels.buffer], keeps: "buffer" };
}

/** Returns bytes that are alone in their buffer, so that the buffer can be transferred. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
