/** The images of rows as they were embedded: those that were sent to the server, and files that it may read. */
import type { z } from "zod";
import { formatOf, mebibyte } from "../../kit/index.js";
import { sha256Of, storedFile } from "../insertions/sources.js";
import { originalFile } from "../kept/original-file.js";
import { type Route, route } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import { cacheControl, factsOfRow } from "../wire/stored-row.js";
import * as wire from "../wire/wire.js";

interface SentFormat {
  readonly mediaType: string;
  readonly extension: string;
  /** "attachment": browsers save the file. A text format could be a page with a script. */
  readonly disposition: "inline" | "attachment";
}

const shown = (mediaType: string, extension: string): SentFormat => ({ mediaType, extension, disposition: "inline" });
const formats = new Map<string | undefined, SentFormat>([
  ["JPEG", shown("image/jpeg", "jpg")],
  ["PNG", shown("image/png", "png")],
  ["GIF", shown("image/gif", "gif")],
  ["WebP", shown("image/webp", "webp")],
  ["AVIF", shown("image/avif", "avif")],
  ["TIFF", shown("image/tiff", "tiff")],
  ["HEIC", shown("image/heic", "heic")],
  ["JPEG XL", shown("image/jxl", "jxl")],
  ["BMP", shown("image/bmp", "bmp")],
]);
const otherFormat: SentFormat = { mediaType: "application/octet-stream", extension: "bin", disposition: "attachment" };

export const originalRoutes: readonly Route[] = [
  route<z.output<typeof wire.imageParams>, undefined, z.output<typeof wire.originalQuery>>({
    method: "GET",
    path: "/v1/collections/{name}/images/{id}/original",
    name: "originalImage",
    summary: "Returns the image of a row as it was embedded: one that was sent and is kept, or a file below an allowed folder.",
    tag: "Images",
    scope: "read",
    params: wire.imageParams,
    query: wire.originalQuery,
    answers: {
      200: {
        description: "The bytes of the image. Browsers save them as a file if the format is unknown.",
        schema: wire.original,
        mediaType: ["image/*", otherFormat.mediaType],
      },
    },
    answer: async ({ pipeline, uploads, settings, params, signal, query: { content } }) => {
      const facts = await factsOfRow(pipeline, { ...params, content });
      const path = uploads.file(facts.source) ?? (await storedFile(facts.source, settings.server));
      const maxBytes = settings.preprocess.maxFileMb * mebibyte;
      const file = path === null ? null : await originalFile(path, { content: facts.content, maxBytes, signal });
      if (file === null) throw new Refused("picture_unavailable", reasonFor(facts.source, path));
      const { mediaType, extension, disposition } = formats.get(formatOf(file.head)?.name) ?? otherFormat;
      return {
        status: 200,
        content: { mediaType, data: file.stream() },
        headers: {
          "content-length": String(file.sizeBytes),
          "cache-control": cacheControl(content),
          "content-disposition": `${disposition}; filename="${facts.content.slice(0, 16)}.${extension}"`,
        },
      };
    },
  }),
];

function reasonFor(source: string, path: string | null): string {
  if (path !== null) return "The file does not exist any more, or has other bytes now.";
  return sha256Of(source) === null
    ? "The image is no file of the server. The source of its row says where it is."
    : "The image was sent and is not kept any more.";
}
