/**
 * A decode worker that waits instead of decoding, one image after the other, and then hands over a picture of 150 kB. It imports only what
 * it needs: 64 of these run on two cores, where loading and collecting unused code would be most of the work.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { DecodeAnswer, DecodeRequest, DecodeSettings } from "../src/app/decode-workers/protocol.js";
import { serveWorker } from "../src/kit/workers/worker-service.js";

/** How long one image occupies the worker, as decoding a large photo would. */
const decodeMs = 20;
const side = 224;
const picture = Uint8Array.from({ length: side * side * 3 }, (_, at) => at & 0xff);
const content = "0".repeat(64);

await serveWorker<DecodeSettings, null, DecodeRequest, DecodeAnswer>(async () => {
  let turn: Promise<void> = Promise.resolve();
  return {
    ready: null,
    handle: async (request) => {
      if (request.kind !== "read-and-decode")
        throw new Error(`expected images that are read and decoded in one step, found "${request.kind}"`);
      turn = turn.then(() => delay(decodeMs));
      await turn;
      const { spare } = request;
      const data = new Uint8Array(spare?.byteLength === picture.byteLength ? spare : new ArrayBuffer(picture.byteLength));
      data.set(picture);
      const pixels = { width: side, height: side, data, original: { width: side, height: side } };
      return { answer: { kind: "read-and-decoded", version: request.ref.version, content, ...pixels }, transfer: [data.buffer] };
    },
    close: async () => undefined,
  };
});
