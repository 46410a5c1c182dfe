/** The code of the converter worker: converts images that sharp cannot read. */
import { serveWorker, type WorkerService } from "../../kit/index.js";
import { makeConverters } from "../decode-workers/converters.js";
import type { ConvertAnswer, ConvertRequest } from "./protocol.js";

const converters = makeConverters();

await serveWorker(
  async (): Promise<WorkerService<null, ConvertRequest, ConvertAnswer>> => ({
    ready: null,
    handle: async (request, buffer) => {
      const converter = await converters.get(request.format)!();
      const bytes = new Uint8Array(buffer);
      if (request.kind === "measure") {
        const { width, height } = await converter.measure(bytes);
        return { answer: { kind: "measured", width, height }, transfer: [], keeps: "buffer" };
      }
      const { png, ...facts } = await converter.convert(bytes, request.damaged);
      const own = new Uint8Array(
        png.buffer instanceof ArrayBuffer && png.byteLength === png.buffer.byteLength ? png.buffer : png.slice().buffer,
      );
      return { answer: { kind: "converted", png: own, ...facts }, transfer: [own.buffer], keeps: "buffer" };
    },
    close: () => Promise.resolve(),
  }),
);
