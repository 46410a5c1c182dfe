/** Small pictures of images, for people. */
import type { z } from "zod";
import { isRemoteMemberUri } from "../../kit/index.js";
import { storedInput } from "../insertions/sources.js";
import { type Answer, type Call, type Route, route, type ServerContext } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import { cacheControl, factsOfRow } from "../wire/stored-row.js";
import * as wire from "../wire/wire.js";

const sourceTimeoutMs = 20_000;
const largeSidePixels = 1600;

type ImageParams = z.output<typeof wire.imageParams>;
type ThumbnailQuery = z.output<typeof wire.thumbnailQuery>;

export const pictureRoutes: readonly Route[] = [
  route<ImageParams, undefined, ThumbnailQuery>({
    method: "GET",
    path: "/v1/collections/{name}/images/{id}/thumbnail",
    name: "imageThumbnail",
    summary: "Returns a picture of a stored image, at most 320 pixels wide and high, or 1600 if asked for.",
    tag: "Images",
    scope: "read",
    params: wire.imageParams,
    query: wire.thumbnailQuery,
    answers: { 200: { description: "A JPEG.", schema: wire.picture, mediaType: "image/jpeg" } },
    answer: async (call) => jpeg(await thumbnailOf(call), cacheControl(call.query.content)),
  }),
  route<undefined, undefined, z.output<typeof wire.sourceQuery>>({
    method: "GET",
    path: "/v1/thumbnail",
    name: "sourceThumbnail",
    summary: "Returns a small picture of an image that is not stored, such as one that failed. The server reads only what it may.",
    tag: "Images",
    scope: "read",
    limitedKeys: "allowed",
    query: wire.sourceQuery,
    answers: { 200: { description: "A JPEG.", schema: wire.picture, mediaType: "image/jpeg" } },
    answer: async (call) => jpeg(await pictureOfSource(call, call.query.source), "private, max-age=60"),
  }),
];

const jpeg = (picture: Uint8Array, caching: string): Answer => ({
  status: 200,
  content: { mediaType: "image/jpeg", data: Buffer.from(picture) },
  headers: { "cache-control": caching },
});

type Readers = Pick<ServerContext, "pipeline" | "settings" | "uploads" | "urlBytes">;

/** A member of an archive elsewhere has no picture: the server would copy the whole archive for anybody who names one. */
function pictureOfSource({ thumbnails, ...call }: Call<undefined, undefined, unknown>, source: string): Promise<Uint8Array> {
  if (isRemoteMemberUri(source))
    throw new Refused("picture_unavailable", "An image inside an archive elsewhere has a picture once it is stored.");
  const limit = AbortSignal.timeout(sourceTimeoutMs);
  return thumbnails
    .unkept((signal) => made(call, { source }, AbortSignal.any([signal, limit])), call.signal)
    .catch((error: unknown) => {
      if (!limit.aborted || call.signal.aborted) throw error;
      throw new Refused("picture_unavailable", `The image could not be read within ${sourceTimeoutMs / 1_000} seconds.`);
    });
}

interface Wanted {
  readonly source: string;
  /** Default: that of a small picture. */
  readonly maxSidePixels?: number;
}

async function made({ pipeline, settings, uploads, urlBytes }: Readers, wanted: Wanted, signal: AbortSignal): Promise<Uint8Array> {
  const { source, ...size } = wanted;
  const input = (await uploads.read(source)) ?? (await storedInput(source, settings.server));
  const picture = await pipeline.thumbnail(input, { urlBytes, signal, ...size });
  if (picture === null) throw new Refused("picture_unavailable", "The file does not exist any more, or is not an image any more.");
  return picture;
}

/** Looks at the row first: it may have been deleted or replaced since its picture was made. */
async function thumbnailOf(call: Call<ImageParams, undefined, ThumbnailQuery>): Promise<Uint8Array> {
  const {
    thumbnails,
    pipeline,
    params: { name, id },
    query,
    signal,
  } = call;
  const { source, content } = await factsOfRow(pipeline, { name, id, content: query.content });
  // One that a person looks at closely would take the place of ten others.
  if (query.size === "large") return thumbnails.unkept((making) => made(call, { source, maxSidePixels: largeSidePixels }, making), signal);
  return thumbnails.picture(JSON.stringify([name, id, content]), (making) => made(call, { source }, making), signal);
}
