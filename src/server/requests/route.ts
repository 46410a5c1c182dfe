/** What a route is: its schemas, its scope, and the function that answers. The server and the OpenAPI document are both made from it. */

import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { z } from "zod";
import type { ImageEmbeddingPipeline, Settings, UrlBytes } from "../../app/index.js";
import type { Insertions } from "../insertions/insertions.js";
import type { Jobs } from "../jobs/jobs.js";
import type { KeptAnswers } from "../kept/kept-answers.js";
import type { KeptUploads } from "../kept/kept-uploads.js";
import type { ReadinessCheck } from "../kept/readiness.js";
import type { Thumbnails } from "../kept/thumbnails.js";
import type { RunStart } from "../telemetry/run-span.js";
import type { Telemetry } from "../telemetry/telemetry.js";
import type { ErrorForm } from "../wire/error-forms.js";
import type { ProblemStatus } from "../wire/problem-reasons.js";
import type { Admission } from "./admission.js";
import type { CollectionAccess } from "./collection-access.js";

/** The media types of JSON lines. */
export const linesTypes = ["application/x-ndjson", "application/jsonl"];

export const scopes = ["read", "write", "admin"] as const;
/** What a request needs: `read` searches, `write` inserts and deletes rows, `admin` creates and deletes collections. */
export type Scope = (typeof scopes)[number];

/** What all routes use: the parts of the running server. */
export interface ServerContext {
  readonly pipeline: ImageEmbeddingPipeline;
  readonly settings: Settings;
  readonly jobs: Jobs;
  readonly telemetry: Telemetry;
  readonly readiness: ReadinessCheck;
  readonly insertions: Insertions;
  readonly thumbnails: Thumbnails;
  readonly uploads: KeptUploads;
  /** Limits the images that requests read from URLs. */
  readonly urlBytes: UrlBytes;
  /** The version of the package. */
  readonly version: string;
  readonly admission: Admission;
  readonly keptAnswers: KeptAnswers;
  /** What the API key of a request allows: all scopes on a server without keys. Throws `key_missing`. */
  readonly scopesOf: (authorization: string | undefined) => readonly Scope[];
  /** Describes all routes, as JSON and as HTML. */
  readonly reference: { readonly document: Uint8Array; readonly page: Uint8Array };
  /** True from the first stop signal on: open requests are finished, and new ones are refused. */
  readonly isStopping: () => boolean;
}

/** One file of a multipart body. */
export interface UploadedFile {
  readonly bytes: Uint8Array;
}

/** A multipart body: its files, and its text fields by name. */
export interface Form {
  readonly files: readonly UploadedFile[];
  readonly fields: Readonly<Record<string, string>>;
}

/** A body that is read as it arrives. */
export type Incoming =
  /** A multipart body: fields and files in the order in which they were sent. Each file must be read before the next part. */
  | { readonly kind: "parts"; readonly parts: AsyncIterable<IncomingPart> }
  | { readonly kind: "lines"; readonly chunks: AsyncIterable<Uint8Array> };

export type IncomingPart =
  | { readonly kind: "field"; readonly name: string; readonly value: string }
  | { readonly kind: "file"; readonly chunks: AsyncIterable<Uint8Array> };

export interface Call<P, B, Q = undefined> extends ServerContext {
  readonly params: P;
  readonly body: B;
  readonly query: Q;
  /** Names of headers are in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Name of the API key; null without API keys. */
  readonly client: string | null;
  /** The collections that the request may use. The name in the path has been checked; all others are the route's to check. */
  readonly access: CollectionAccess;
  /** The id of the request in the log. */
  readonly requestId: string;
  /** The span of the request; empty without traces. */
  readonly spans: RunStart["requests"];
  /** Fires when the client has gone away, or when the time to drain is over. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** The body, which is written as JSON. Without it, the body is `content`; without both, the answer has none. */
  readonly body?: unknown;
  /** A body that is not JSON. A stream is aborted when the client goes away. */
  readonly content?: { readonly mediaType: string; readonly data: string | Uint8Array | Readable };
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that the OpenAPI document describes. */
export interface DescribedAnswer {
  readonly description: string;
  /** Absent: the answer has no body. */
  readonly schema?: z.ZodType;
  /** Media type of the body, or all that it can have. Default: `application/json`. */
  readonly mediaType?: string | readonly string[];
  /** What the headers of this answer say, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The groups of operations in the OpenAPI document. */
export const tags = {
  Health: "Whether the server works.",
  Collections: "Sets of images with one model, and their other names.",
  Images: "The images of a collection.",
  Embeddings: "Vectors of images and texts that are not stored.",
  Search: "Similar images.",
  Uploads: "Large files that are sent in parts, for jobs.",
  Jobs: "Ingestions and snapshots that the server runs by itself.",
  "Python service": "The paths of the Python service, for its clients.",
  Reference: "What this server can do.",
} as const;
export type Tag = keyof typeof tags;

export interface RouteOptions<P, B, Q = undefined> {
  readonly method: "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The path with parameters in braces, as OpenAPI writes it. */
  readonly path: string;
  /** The name of the operation. No two routes have the same. */
  readonly name: string;
  readonly summary: string;
  readonly tag: Tag;
  /** null: no API key is needed. */
  readonly scope: Scope | null;
  /**
   * Whether keys of some collections may use a route without `{name}` in its path. "allowed": it checks `access` itself, or uses no collection.
   * Default "refused".
   */
  readonly limitedKeys?: "allowed" | "refused";
  /** "nothing": the route uses neither the model nor the store, and changes nothing. Default "model and store". */
  readonly needs?: "model and store" | "nothing";
  /** "long": the answer is a stream that stays open. It counts for `server.max_streams` only. Default "short". */
  readonly duration?: "short" | "long";
  /** The schema of the path's parameters is an object, and each parameter has an example. */
  readonly params?: z.ZodObject & z.ZodType<P>;
  /** The schema of the parameters after the question mark is an object. */
  readonly query?: z.ZodObject & z.ZodType<Q>;
  /** Headers with a meaning of their own, by their names in lower case, for the OpenAPI document. The route checks them itself. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType<B>;
  /** Bodies that succeed, by name, for the OpenAPI document. Its test sends all of them. */
  readonly examples?: Readonly<Record<string, object>>;
  /** Set when the route also takes `multipart/form-data`. `fields` are the text fields. `toBody` makes the body that JSON would have. */
  readonly form?: { readonly fields: z.ZodObject; readonly toBody: (form: Form) => B };
  /** Set when the route also takes JSON lines. `line` is one of them. `toBody` makes the body that JSON would have. */
  readonly lines?: { readonly line: z.ZodType; readonly toBody: (lines: readonly unknown[], query: Q) => B };
  /** The form of errors. Default: problem details (RFC 9457). */
  readonly errors?: ErrorForm;
  /** Set when the route also takes bodies that are too large for memory: `multipart/form-data` and JSON lines (`application/x-ndjson`). */
  readonly stream?: {
    /** The text fields of the multipart body. */
    readonly fields: z.ZodObject;
    /** One line of the JSON lines. */
    readonly line: z.ZodType;
    readonly receive: (incoming: Incoming, call: Call<P, undefined, Q>) => Promise<B>;
    /** Deletes what `receive` has made. Called instead of `answer`, when the client has gone away or its time is over before. */
    readonly discard: (body: B) => Promise<void>;
  };
  /** Set when the body is bytes that are read as they arrive. */
  readonly bytes?: {
    readonly mediaType: string;
    readonly receive: (chunks: Readable, call: Call<P, undefined, Q>) => Promise<B>;
  };
  /** Statuses of problems that only this route has, beside those of all routes of its kind. */
  readonly problems?: readonly ProblemStatus[];
  readonly answers: Readonly<Record<number, DescribedAnswer>>;
  readonly answer: (call: Call<P, B, Q>) => Promise<Answer>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of routes has routes of all types
export type Route = RouteOptions<any, any, any>;

/** Lets the compiler infer the types of the parameters and the body from their schemas. */
export function route<P = undefined, B = undefined, Q = undefined>(options: RouteOptions<P, B, Q>): Route {
  return options;
}
