/** Reads images that the caller handed over as bytes. */
import { HeadraceError, type Reader } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";

/** A reader of the scheme `data`. The bytes have no address that could change, so their version is the ref's own. */
export function dataReader(): Reader {
  return {
    name: "data",
    schemes: ["data"],
    async read(ref, { maxBytes }, signal) {
      checkAborted(signal, "reading");
      if (ref.data === undefined) throw new HeadraceError("source_not_found", `${ref.uri} came without its bytes`, { item: ref.uri });
      if (ref.data.byteLength > maxBytes)
        throw new HeadraceError("source_too_large", `${ref.uri} has ${ref.data.byteLength} bytes, the limit is ${maxBytes}`, {
          item: ref.uri,
        });
      return { bytes: ref.data, version: ref.version };
    },
  };
}
