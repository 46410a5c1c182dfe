/** Bytes in memory keep the reader's contract. */
import { dataReader } from "../../src/adapters/data/index.js";
import type { ImageRef } from "../../src/contracts/index.js";
import { bytesUri } from "../../src/kit/index.js";
import { type ReaderBench, readerConformance } from "./reader.js";

const make = async (): Promise<ReaderBench> => ({
  reader: dataReader(),
  put: async (name, bytes) => refTo(name, bytes),
  missing: () => {
    const { data: _, ...ref } = refTo("missing", new Uint8Array(1));
    return ref;
  },
  dispose: async () => {},
});

readerConformance("data", make, { cannot: ["forbid"] });

function refTo(name: string, data: Uint8Array): ImageRef & { readonly data: Uint8Array } {
  const uri = bytesUri(data);
  return { uri, location: name, scheme: "data", root: "data:", version: uri, sizeBytes: data.byteLength, metadata: {}, data };
}
