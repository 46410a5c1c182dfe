/** Compressed answers and bodies, in the encodings of this Node: gzip and Brotli, and zstd from Node 22.15 on. */
import type { FastifyInstance } from "fastify";
import { Refused } from "../wire/problems.js";
import { partType } from "../wire/wire-uploads.js";
import { loadCompress } from "./vendor.js";

/** Pictures are compressed already, and an event must arrive at once. */
const compressible = /^(?:text\/(?!event-stream)|application\/(?:problem\+json|json|x-ndjson)|image\/svg\+xml)/;
const encodings: ("zstd" | "br" | "gzip")[] = ["zstd", "br", "gzip"];
const leastBytes = 1024;
const isPlain = (mediaType: string): boolean => mediaType.startsWith("multipart/") || mediaType.startsWith(partType);

/** Routes that are added afterwards compress their answers if the client asks for it, and unpack bodies up to the limit of their route. */
export async function compressBodies(app: FastifyInstance): Promise<void> {
  // The parser of multipart bodies reads the connection itself, so it would see compressed bytes. The offset of a part counts plain bytes.
  app.addHook("onRequest", async ({ headers: { "content-encoding": encoding, "content-type": type } }) => {
    if (encoding === undefined || encoding === "identity" || !isPlain(type ?? "")) return;
    throw new Refused("media_type_unsupported", "content-encoding: expected none for files, found one.");
  });
  app.addHook("onRoute", (route) => {
    const others = [route.preParsing ?? []].flat();
    // A body that is refused in the middle is not unpacked to its end: 10 kB can become 10 MB.
    route.preParsing = [
      ...others,
      (request, reply, payload, done) => {
        if (payload !== request.raw) reply.raw.once("close", () => payload.destroy());
        done(null, payload);
      },
    ];
  });
  await app.register(await loadCompress(), { customTypes: compressible, threshold: leastBytes, encodings, requestEncodings: encodings });
}
