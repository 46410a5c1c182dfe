/** The JSON of vectors that clients insert. */
import * as z from "zod";
import { id, metadata } from "./wire.js";

/** Most vectors in one request. */
export const maxVectors = 1000;

const float32Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const vector = z
  .union([
    z.array(z.number()).min(1).max(65_536),
    z.string().min(1).max(349_528).regex(float32Text, "expected base64 of little-endian float32"),
  ])
  .describe("A list of numbers, or base64 of little-endian float32: as many numbers as the dimension of the collection.");

export const vectorRow = z
  .strictObject({
    source: z
      .string()
      .min(1)
      .max(4096)
      .refine((text) => !text.includes("\0"), "expected a source without NUL")
      .describe(
        "Where the image is, as rows name it: a web URL, or an absolute path or an `s3:` address below an entry of `server.allowed_roots`. The image is not read.",
      ),
    vector,
    id: id.optional(),
    metadata: metadata.nullable().optional(),
  })
  .meta({ id: "VectorRow" });

const embedder = z
  .string()
  .min(1)
  .max(1000)
  .describe("The model that made the vectors: `made_with.model` of the collection. The vectors of another model are refused.");
export const vectorInsertion = z.strictObject({ embedder, vectors: z.array(vectorRow).min(1) }).meta({ id: "VectorInsertion" });
export const vectorQuery = z.strictObject({
  embedder: embedder.optional().describe("Only for JSON lines: the model that made the vectors."),
});

/** A body for a collection of 16 dimensions. */
export const exampleVectors = {
  embedder: "clip-vit-base-patch32.onnx, ONNX Runtime",
  vectors: [
    {
      source: "https://example.com/cat.jpg",
      vector: "zczMPc3MTD6amZk+zczMPgAAAD+amRk/MzMzP83MTD9mZmY/AACAP83MzD3NzEw+mpmZPs3MzD4AAAA/mpkZPw==",
      metadata: { year: 2024 },
    },
  ],
};
