/** The JSON of OpenAI's embeddings, as far as it makes sense for images. */
import * as z from "zod";
import { exampleDataUrl, imageUrl } from "./wire.js";

export { exampleDataUrl };

export const embeddingRequest = z
  .strictObject({
    input: z
      .union([imageUrl, z.array(imageUrl).min(1).max(2048)])
      .describe("One image or several, each as a data URL or a web URL. At most `server.max_images`."),
    model: z.string().min(1).describe("`default`, or the configured name of the model."),
    encoding_format: z.enum(["float", "base64"]).default("float").describe("base64: little-endian float32."),
    dimensions: z.int().min(1).optional().describe("Must be the dimension of the model."),
    user: z.string().optional().describe("Has no effect."),
    modality: z.literal("image").optional().describe("Clients of other servers for images send it."),
  })
  .meta({ id: "OpenAiEmbeddingRequest" });

export const embeddingList = z
  .strictObject({
    object: z.literal("list"),
    data: z.array(
      z.strictObject({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    model: z.string(),
    usage: z.strictObject({ prompt_tokens: z.int(), total_tokens: z.int() }).describe("Images have no tokens: always 0."),
  })
  .meta({ id: "OpenAiEmbeddings" });

export const model = z
  .strictObject({
    id: z.string().describe("The configured name of the model, without its folder."),
    object: z.literal("model"),
    created: z.int().describe("When the server was started, in seconds since the epoch."),
    owned_by: z.string(),
  })
  .meta({ id: "OpenAiModel" });
export const modelList = z.strictObject({ object: z.literal("list"), data: z.array(model) }).meta({ id: "OpenAiModels" });
export const modelParams = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(1024)
    .describe("`default`, or the name of the model.")
    .meta({ examples: ["default"] }),
});

export const error = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().describe("The code that a problem would have."),
    }),
  })
  .meta({ id: "OpenAiError" });
