/** A decode worker that waits instead of decoding, one image after the other, and then hands over a real picture. */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { sharpDecoder } from "../src/adapters/sharp/index.js";
import type { DecodeAnswer, DecodeRequest, DecodeSettings } from "../src/app/decode-workers/protocol.js";
import { fingerprint, serveWorker } from "../src/kit/index.js";

/** How long one image occupies the worker, as decoding a large photo would. */
const decodeMs = 20;
const photo = new URL("../../test/fidelity/golden/rocket.jpg", import.meta.url);
const geometry = { kind: "crop", shorterSide: 256, width: 224, height: 224, filter: "bicubic" } as const;

await serveWorker<DecodeSettings, null, DecodeRequest, DecodeAnswer>(async () => {
  const encoded = new Uint8Array(await readFile(photo));
  const content = fingerprint(encoded);
  const { width, height, data, original } = await sharpDecoder().decode(
    { bytes: encoded, version: null },
    geometry,
    new AbortController().signal,
  );
  let turn: Promise<void> = Promise.resolve();
  return {
    ready: null,
    handle: async (request) => {
      if (request.kind === "read") {
        const bytes = new Uint8Array(encoded);
        return { answer: { kind: "read", bytes, version: request.ref.version, content }, transfer: [bytes.buffer] };
      }
      turn = turn.then(() => delay(decodeMs));
      await turn;
      const pixels = new Uint8Array(request.spare?.byteLength === data.byteLength ? request.spare : new ArrayBuffer(data.byteLength));
      pixels.set(data);
      const picture = { width, height, data: pixels, original };
      if (request.kind === "decode") return { answer: { kind: "decoded", ...picture }, transfer: [pixels.buffer], keeps: "buffer" };
      return { answer: { kind: "read-and-decoded", version: request.ref.version, content, ...picture }, transfer: [pixels.buffer] };
    },
    close: async () => undefined,
  };
});
