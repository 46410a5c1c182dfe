/** The JSON of OpenAI's embeddings and models, as far as it makes sense here. */
import * as z from "zod";
import { dimensions, exampleDataUrl, imageUrl, maxTexts, searchText } from "./wire.js";

export { exampleDataUrl };

type Modality = "image" | "text" | undefined;

/** What looks like the URL of an image is one, unless the request says that it has texts. */
export function isImage(input: string, modality: Modality): boolean {
  return modality === undefined ? /^(https?:\/\/|data:)/i.test(input) : modality === "image";
}

const input = z
  .string()
  .min(1)
  .max(64 * 1024 * 1024);

/** What is wrong with an input; undefined for a right one. */
function problemOf(value: string, modality: Modality): string | undefined {
  const checked = (isImage(value, modality) ? imageUrl : searchText).safeParse(value);
  return checked.error?.issues[0]?.message;
}

export const embeddingRequest = z
  .strictObject({
    input: z
      .union([input, z.array(input).min(1).max(maxTexts)], "expected a text, the URL of an image, or a list of these")
      .describe(
        "One text or image, or several. An image is a data URL or a web URL; at most `server.max_images`. A text has at most 10,000 characters.",
      ),
    model: z.string().min(1).describe("`default`, or the configured name of the model."),
    encoding_format: z.enum(["float", "base64"]).default("float").describe("base64: little-endian float32."),
    dimensions: dimensions.optional(),
    user: z.string().optional().describe("Has no effect."),
    modality: z
      .enum(["image", "text"])
      .optional()
      .describe("What all inputs are. Default: those that begin with http://, https:// or data: are images, the others texts."),
  })
  .superRefine(({ input: given, modality }, context) => {
    const problem = [given].flat().flatMap((each) => problemOf(each, modality) ?? [])[0];
    if (problem !== undefined) context.addIssue({ code: "custom", path: ["input"], message: problem });
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
    usage: z.strictObject({ prompt_tokens: z.int(), total_tokens: z.int() }).describe("Tokens are not counted: always 0."),
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
