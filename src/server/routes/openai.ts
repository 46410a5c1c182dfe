/** Embeddings of images and texts in the form of OpenAI's interface, so that its clients work. */

import { type Route, route } from "../requests/route.js";
import * as wire from "../wire/wire-openai.js";
import { embedAll, encoded, shortened } from "./embeddings.js";
import { modelName, refuseOtherModel } from "./models.js";

export const openAiRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/embeddings",
    name: "createEmbeddings",
    summary: "Computes the vectors of texts and images, in the form of OpenAI's embeddings. If one fails, the request fails.",
    tag: "Embeddings",
    scope: "read",
    limitedKeys: "allowed",
    errors: "openai",
    body: wire.embeddingRequest,
    examples: { images: { model: "default", modality: "image", input: [wire.exampleDataUrl] } },
    answers: { 200: { description: "One vector per input, in the order of the request.", schema: wire.embeddingList } },
    answer: async ({ body: { input, model, modality, encoding_format: encoding, dimensions }, signal, ...context }) => {
      const { settings } = context;
      refuseOtherModel(settings, model);
      const shorten = await shortened(context, dimensions);
      const given = [input].flat().map((each) => (wire.isImage(each, modality) ? { url: each } : { text: each }));
      const embedded = await embedAll(context, given, signal);
      const data = embedded.map((each, index) => {
        if ("error" in each) throw each.error;
        return { object: "embedding", index, embedding: encoded(shorten(each.vector), encoding) };
      });
      return { status: 200, body: { object: "list", data, model: modelName(settings), usage: { prompt_tokens: 0, total_tokens: 0 } } };
    },
  }),
];
