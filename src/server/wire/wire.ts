/** The JSON that clients send and get. Names are in snake_case, and ids of rows are text in answers. */
import * as z from "zod";

const base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/]+={0,2}$/, "expected base64")
  .describe("The bytes of an image file, in base64.");
/** `file:` is not a URL here, and neither is a member of an archive: the server would read its own disk. */
export const imageUrl = z
  .string()
  .regex(/^(https?:\/\/|data:)/i, "expected a URL that begins with http://, https:// or data:")
  .max(64 * 1024 * 1024)
  .describe("A web URL or a data URL. Web URLs of private networks are refused.");
const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !text.includes("\0"), "expected a path without NUL")
  .refine((text) => !/^[a-z][a-z0-9+.-]+:/i.test(text), "expected a path, found a URL")
  .describe("A file on the server, below a folder of `server.allowed_roots`.");
export const sourceFields = { url: imageUrl.optional(), base64: base64.optional(), path: path.optional() };

export type WireSource = { readonly url?: string | undefined; readonly base64?: string | undefined; readonly path?: string | undefined };

/** Returns a check that exactly one of the fields is given. */
export const exactlyOne = (names: readonly string[]) => ({
  check: (value: object) => names.filter((name) => (value as Record<string, unknown>)[name] !== undefined).length === 1,
  message: `expected exactly one of ${names.join(", ")}`,
});
export const oneSource = exactlyOne(["url", "base64", "path"]);
const oneEmbeddable = exactlyOne(["url", "base64", "path", "text"]);
const oneSelection = exactlyOne(["ids", "filter"]);

export const id = z.union([z.string().min(1).max(1024), z.int()]).describe("The id of a row: text, or a whole number.");
export const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export const filter = z.string().min(1).max(100_000).describe("A filter in the filter language, such as `year >= 2020`.");

export const collectionName = z
  .string()
  .min(1)
  .max(64)
  .describe("The name of the collection.")
  .meta({ examples: ["pets"] });
export const collectionParams = z.strictObject({ name: collectionName });

/** A grey square of 8 × 8 pixels, as PNG. */
export const exampleDataUrl =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mNogAIGyhgAgIQgARDoahcAAAAASUVORK5CYII=";

export const newCollection = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(64)
      .describe("Letters, digits and _, not starting with a digit.")
      .meta({ pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$" }),
    dimension: z.int().min(1).optional().describe("Must be the dimension of the model. Default: that dimension."),
    metric: z.enum(["cosine", "ip", "l2"]).optional().describe("Default: the configured metric, otherwise cosine."),
    index: z.string().min(1).max(64).optional().describe("Kind of the vector index, by the name that the store uses."),
    id_type: z.enum(["text", "int64"]).optional().describe("Default: text."),
  })
  .meta({ id: "NewCollection" });

export const collection = z
  .strictObject({
    name: z.string(),
    aliases: z.array(z.string()).describe("Its other names, which paths take too."),
    count: z.int(),
    dimension: z.int(),
    metric: z.enum(["cosine", "ip", "l2"]),
    id_type: z.enum(["text", "int64"]),
    index: z.string(),
    indexed_keys: z.array(z.string()),
    indexable_keys: z.array(z.string()).describe("The metadata keys that an index for filters can be built on."),
    made_with: z.record(z.string(), z.string()).nullable().describe("Names of the model and the preprocessing. null: not known yet."),
  })
  .meta({ id: "Collection" });
export const collections = z.strictObject({ collections: z.array(collection) });

export const insertion = z
  .strictObject({
    images: z
      .array(
        z
          .strictObject({ ...sourceFields, id: id.optional(), metadata: metadata.nullable().optional() })
          .refine(oneSource.check, oneSource.message),
      )
      .min(1),
  })
  .meta({ id: "Insertion" });
/** The text fields of an upload. Both are JSON lists with one entry per file. */
export const insertionForm = z.strictObject({ ids: z.string().optional(), metadata: z.string().optional() });
export const insertionColumns = z.strictObject({ ids: z.array(id).optional(), metadata: z.array(metadata.nullable()).optional() });

/** Most texts in one request, as many as OpenAI's embeddings take. */
export const maxTexts = 2048;
export const searchText = z.string().min(1).max(10_000);

const encoding = z
  .enum(["float", "base64"])
  .default("float")
  .describe("float: vectors are lists of numbers. base64: they are base64 of little-endian float32.");
const embeddable = z
  .strictObject({ ...sourceFields, text: searchText.optional().describe("A text, for models that have words.") })
  .refine(oneEmbeddable.check, oneEmbeddable.message);
export const dimensions = z
  .int()
  .min(1)
  .describe("The length of the vectors: the dimension of the model, or one of `embedder.matryoshka`. Default: the dimension of the model.");
export const embedding = z
  .strictObject({
    images: z.array(embeddable).min(1).describe("Images: at most `server.max_images`. Texts: at most 2,048."),
    encoding,
    dimensions: dimensions.optional(),
  })
  .meta({ id: "Embedding" });
export const embeddingForm = z.strictObject({ encoding, dimensions: z.coerce.number().pipe(dimensions).optional() });

export const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    hint: z.string().optional(),
    request_id: z.string().optional(),
    suggestions: z.array(z.string()).optional().describe("What could be given instead, the most similar first."),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });

export const inserted = z
  .strictObject({
    stored: z.int().describe("Images whose rows were written by this request."),
    unchanged: z.int().describe("Images that were stored already."),
    failed: z.int(),
    items: z
      .array(z.strictObject({ index: z.int(), id: z.string(), status: z.enum(["stored", "failed"]), problem: problem.optional() }))
      .describe("One entry per image, in the order of the request. `stored` includes images that were stored already."),
  })
  .meta({ id: "InsertionResult" });

export const embedded = z
  .strictObject({
    dimension: z.int(),
    embedded: z.int(),
    failed: z.int(),
    items: z.array(
      z.strictObject({
        index: z.int(),
        status: z.enum(["embedded", "failed"]),
        vector: z.union([z.array(z.number()), z.string()]).optional(),
        problem: problem.optional(),
      }),
    ),
  })
  .meta({ id: "Embeddings" });
export const storedRow = {
  id: z.string(),
  source: z.string(),
  width: z.int(),
  height: z.int(),
  content: z.string().describe("SHA-256 of the image file, in hex."),
  metadata,
};
export const imageParams = collectionParams.extend({
  id: z
    .string()
    .min(1)
    .max(1024)
    .describe("The id of a row.")
    .meta({ examples: ["photo"] }),
});
export const picture = z.string().describe("The bytes of a JPEG.").meta({ format: "binary" });
export const original = z.string().describe("The bytes of the image.").meta({ format: "binary" });
export const originalQuery = z.strictObject({
  content: z
    .string()
    .regex(/^[0-9a-f]{16,64}$/, "expected the first 16 to 64 hexadecimal digits of the content")
    .optional()
    .describe(
      "The first 16 digits of the row's `content`, or more. Clients then keep the picture, because another picture has another address.",
    ),
});
export const thumbnailQuery = originalQuery.extend({
  size: z.enum(["small", "large"]).default("small").describe("small: at most 320 pixels wide and high. large: at most 1600."),
});

export const sourceQuery = z.strictObject({
  source: z
    .string()
    .min(1)
    .max(4096)
    .describe("The source of an image, as rows and failures name it.")
    .meta({ examples: ["https://example.com/cat.jpg"] }),
});

export const deletion = z
  .strictObject({ ids: z.array(id).min(1).max(10_000).optional(), filter: filter.optional() })
  .refine(oneSelection.check, oneSelection.message)
  .meta({ id: "Deletion" });
export const deleted = z.strictObject({ deleted: z.int() });

export const live = z
  .strictObject({
    live: z.boolean(),
    stalled: z
      .array(z.strictObject({ job: z.string(), stage: z.string(), busy_seconds: z.number() }))
      .describe("Stages with a worker that has been on one batch for longer than `server.stall_timeout` seconds."),
  })
  .meta({ id: "Liveness" });
export const ready = z
  .strictObject({
    ready: z.boolean(),
    parts: z.array(z.strictObject({ name: z.string(), kind: z.string(), ok: z.boolean(), code: z.string().nullable() })),
  })
  .meta({ id: "Readiness" });

export const openApi = z.looseObject({ openapi: z.literal("3.1.0"), paths: z.record(z.string(), z.unknown()) });
export const page = z.string();

export const service = z
  .strictObject({
    version: z.string(),
    default_collection: z.string().describe("The collection of the configuration. It may not exist yet."),
    max_images: z.int().describe("Maximum number of images in one request."),
    max_body_mb: z.int().describe("Maximum MiB of the body of a request."),
    image_extensions: z.array(z.string()).describe("Extensions of the names of image files, without the dot, in lower case."),
    text_search: z.boolean().describe("Whether searches can use words."),
    texts: z
      .enum(["any", "labels", "none"])
      .describe(
        "The words of searches. any: descriptions in free text. labels: only the labels of the model. none: the model has no words.",
      ),
    scopes: z
      .array(z.enum(["read", "write", "admin"]))
      .describe("What the API key of the request allows. A server without keys allows all."),
  })
  .meta({ id: "Service" });
