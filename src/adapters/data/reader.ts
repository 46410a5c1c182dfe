/** Reads images that the caller passes as bytes. */
import { HeadraceError, type Reader } from "../../contracts/index.js";
import { checkAborted } from "../../kit/index.js";

/** Makes a reader for the scheme `data`. The bytes of an image never change, so the reader returns the version of the image reference. */
export function dataReader(): Reader {
  return {
    name: "data",
    schemes: ["data"],
    async read(ref, { maxBytes }, signal) {
      checkAborted(signal, "reading");
      if (ref.data === undefined)
        throw new HeadraceError("source_not_found", `${ref.uri}: expected the image's bytes, found none`, { item: ref.uri });
      if (ref.data.byteLength > maxBytes)
        throw new HeadraceError("source_too_large", `${ref.uri}: expected at most ${maxBytes} bytes, found ${ref.data.byteLength}`, {
          item: ref.uri,
        });
      const content = /^sha256:([0-9a-f]{64})$/.exec(ref.uri)?.[1];
      return { bytes: ref.data, version: ref.version, ...(content === undefined ? {} : { content }) };
    },
  };
}
