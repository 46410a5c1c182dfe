/** A decode worker that dies of some images: for the tests of what an image costs that crashes its decoder. */

import type { DecodeAnswer, DecodeRequest } from "../../src/app/decode-workers/protocol.js";
import { serveWorker } from "../../src/kit/index.js";

/** The first byte of an image that ends its worker. */
const deadlyMark = 0xdd;

await serveWorker<unknown, null, DecodeRequest, DecodeAnswer>(async () => ({
  ready: null,
  handle: async (request, buffer) => {
    if (request.kind !== "decode") throw new Error("this worker only decodes");
    if (new Uint8Array(buffer)[0] === deadlyMark) process.exit(11);
    const data = Uint8Array.from({ length: 12 }, (_, index) => index);
    const answer: DecodeAnswer = { kind: "decoded", width: 2, height: 2, data, original: { width: 2, height: 2 } };
    return { answer, transfer: [data.buffer], keeps: "buffer" };
  },
  close: async () => undefined,
}));
