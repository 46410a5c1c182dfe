/** Files in parts: the tus protocol 1.0.0, with its extensions creation, expiration and termination. */
import type { Readable } from "node:stream";
import type * as z from "zod";
import { mebibyte } from "../../kit/index.js";
import { type Answer, type Call, type Route, type RouteOptions, route } from "../requests/route.js";
import { checked } from "../requests/validation.js";
import type { Upload } from "../uploads/upload.js";
import { Refused } from "../wire/problems.js";
import * as wire from "../wire/wire-uploads.js";

type Params = z.output<typeof wire.uploadParams>;
type AnyCall = Call<unknown, unknown, unknown>;
type IdCall = Call<Params, unknown, unknown>;

const version = { "tus-resumable": wire.tusVersion };
const hasVersion = { "Tus-Resumable": "The version of the tus protocol." };
const hasExpiry = { ...hasVersion, "Upload-Expires": "When the server deletes the upload." };
const hasOffset = { ...hasExpiry, "Upload-Offset": "How many bytes are on the disk of the server." };

const extensions = "creation,expiration,termination";

const partOfTus = { tag: "Uploads", scope: "write", limitedKeys: "allowed", needs: "nothing" } as const;
const onePart = { ...partOfTus, params: wire.uploadParams, path: "/v1/uploads/{id}" } as const;

export const uploadRoutes: readonly Route[] = [
  route({
    method: "OPTIONS",
    path: "/v1/uploads",
    name: "describeUploads",
    summary: "Tells what the server can do of the tus protocol.",
    tag: "Uploads",
    scope: null,
    needs: "nothing",
    answers: {
      204: {
        description: "The headers say it.",
        headers: {
          ...hasVersion,
          "Tus-Version": "All versions that the server knows.",
          "Tus-Extension": "The extensions that the server knows.",
          "Tus-Max-Size": "The largest file in bytes.",
        },
      },
    },
    answer: async ({ settings }) => {
      const maxBytes = String(settings.server.maxJobMb * mebibyte);
      const known = { "tus-version": wire.tusVersion, "tus-extension": extensions, "tus-max-size": maxBytes };
      return { status: 204, headers: { ...version, ...known } };
    },
  }),
  tusRoute({
    ...partOfTus,
    method: "POST",
    path: "/v1/uploads",
    name: "createUpload",
    summary: "Begins the upload of an image, or of an archive with images, in parts. A job uses it afterwards.",
    headers: wire.creationHeaders,
    problems: [412, 413, 422],
    answers: {
      201: {
        description: "The upload, without bytes yet.",
        schema: wire.upload,
        headers: { ...hasExpiry, Location: "The path of the upload." },
      },
    },
    answer: async (call) => {
      const { "upload-length": length, "upload-metadata": metadata = "" } = headersOf(wire.creationHeaders, call);
      const upload = await call.jobs.uploads.create({ client: clientOf(call), lengthBytes: Number(length), metadata });
      return { status: 201, body: viewOf(upload), headers: { ...expiryOf(upload), location: `/v1/uploads/${upload.record.id}` } };
    },
  }),
  route({
    ...partOfTus,
    method: "GET",
    path: "/v1/uploads",
    name: "listUploads",
    summary: "Lists the uploads of this API key that no job has used yet, the oldest first.",
    answers: { 200: { description: "The uploads.", schema: wire.uploads } },
    answer: async (call) => ({ status: 200, body: { uploads: call.jobs.uploads.list(clientOf(call)).map(viewOf) } }),
  }),
  tusRoute<Params>({
    ...onePart,
    method: "HEAD",
    name: "uploadOffset",
    summary: "Tells from which byte on an upload continues. Ends an earlier request that still sends.",
    headers: wire.versionHeaders,
    problems: [412, 423],
    answers: {
      200: {
        description: "The headers say it.",
        headers: { ...hasOffset, "Upload-Length": "The size of the file.", "Upload-Metadata": "As it came with the creation." },
      },
    },
    answer: async (call) => {
      headersOf(wire.versionHeaders, call);
      const upload = uploadOf(call);
      await upload.inTurn(async () => undefined);
      const { lengthBytes, metadata } = upload.record;
      const described = { "upload-length": String(lengthBytes), ...(metadata === "" ? {} : { "upload-metadata": metadata }) };
      return { status: 200, headers: { ...expiryOf(upload), ...offsetOf(upload), ...described } };
    },
  }),
  tusRoute<Params, Upload>({
    ...onePart,
    method: "PATCH",
    name: "continueUpload",
    summary: "Sends more bytes of an upload. What has arrived is kept, also when the connection is lost.",
    headers: wire.partHeaders,
    problems: [408, 409, 412, 413, 415, 423, 507],
    bytes: { mediaType: wire.partType, receive: receivePart },
    answers: { 204: { description: "All bytes of this request are on the disk.", headers: hasOffset } },
    answer: async ({ body }) => ({ status: 204, headers: { ...expiryOf(body), ...offsetOf(body) } }),
  }),
  tusRoute<Params>({
    ...onePart,
    method: "DELETE",
    name: "deleteUpload",
    summary: "Deletes an upload, whether it is complete or not. Jobs that use it have its bytes.",
    headers: wire.versionHeaders,
    problems: [412, 423],
    answers: { 204: { description: "The upload is deleted.", headers: hasVersion } },
    answer: async (call) => {
      headersOf(wire.versionHeaders, call);
      await call.jobs.uploads.delete(uploadOf(call));
      return { status: 204 };
    },
  }),
];

async function receivePart(chunks: Readable, call: Call<Params, undefined>): Promise<Upload> {
  const offsetBytes = Number(headersOf(wire.partHeaders, call)["upload-offset"]);
  const { uploads } = call.jobs;
  const upload = uploadOf(call);
  await upload.inTurn((signal) => {
    const length = Number(call.headers["content-length"] ?? 0);
    if (offsetBytes === upload.record.offsetBytes && offsetBytes + length > upload.record.lengthBytes) {
      throw new Refused(
        "body_too_large",
        `body: expected at most ${upload.record.lengthBytes - offsetBytes} bytes, found ${length}.`,
        closing,
      );
    }
    return upload.append(offsetBytes, chunks, uploads.expiry, signal);
  });
  return upload;
}

const closing = { headers: { connection: "close" } };

/** Every answer of the protocol names its version, also one with a problem. */
function tusRoute<P = undefined, B = undefined>(options: RouteOptions<P, B>): Route {
  const { bytes } = options;
  return route<P, B>({
    ...options,
    ...(bytes === undefined ? {} : { bytes: { ...bytes, receive: (chunks, call) => named(bytes.receive(chunks, call)) } }),
    answer: (call) => named<Answer>(options.answer(call).then((answer) => ({ ...answer, headers: { ...version, ...answer.headers } }))),
  });
}

async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(error.code, error.detail, { ...error.more, headers: { ...error.more.headers, ...version } });
  }
}

/** Throws `tus_version` and `request_invalid`. */
function headersOf<T extends z.ZodRawShape>(schema: z.ZodObject<T>, { headers }: Pick<AnyCall, "headers">): z.output<z.ZodObject<T>> {
  if (!wire.versionHeaders.safeParse(headers).success) {
    throw new Refused("tus_version", "Tus-Resumable: expected 1.0.0, found another value or none.", {
      headers: { "tus-version": wire.tusVersion },
    });
  }
  return checked(schema, headers);
}

const clientOf = ({ client }: Pick<AnyCall, "client">): string => client ?? "";

function uploadOf(call: Pick<IdCall, "jobs" | "client" | "params">): Upload {
  return call.jobs.uploads.get(call.params.id, clientOf(call));
}

const expiryOf = ({ record }: Upload) => ({ "upload-expires": new Date(record.expiresAt).toUTCString() });

const offsetOf = ({ record }: Upload) => ({ "upload-offset": String(record.offsetBytes) });

function viewOf({ record }: Upload): z.output<typeof wire.upload> {
  const { id, lengthBytes, offsetBytes, metadata, createdAt, expiresAt } = record;
  return {
    id,
    length: lengthBytes,
    offset: offsetBytes,
    filename: wire.filenameIn(metadata),
    created_at: createdAt,
    expires_at: expiresAt,
  };
}
