/** A converter worker that dies of images with a mark, and gives all others the same size. */
import type { ConvertAnswer, ConvertRequest } from "../../src/app/converter-worker/protocol.js";
import { serveWorker, type WorkerService } from "../../src/kit/index.js";

const deadlyMark = 0xdd;

await serveWorker(
  async (): Promise<WorkerService<null, ConvertRequest, ConvertAnswer>> => ({
    ready: null,
    handle: async (_, buffer) => {
      if (new Uint8Array(buffer)[0] === deadlyMark) process.exit(11);
      return { answer: { kind: "measured", width: 3, height: 2 }, transfer: [] };
    },
    close: () => Promise.resolve(),
  }),
);
