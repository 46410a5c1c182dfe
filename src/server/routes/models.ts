/** The model of the server, in the form of OpenAI's list of models. */
import { basename, win32 } from "node:path";
import type { z } from "zod";
import type { Settings } from "../../app/index.js";
import { type Route, route } from "../requests/route.js";
import { Refused } from "../wire/problems.js";
import * as wire from "../wire/wire-openai.js";

export const modelRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/models",
    name: "listModels",
    summary: "Lists the model of the server, in the form of OpenAI's models.",
    tag: "Embeddings",
    scope: "read",
    limitedKeys: "allowed",
    errors: "openai",
    answers: { 200: { description: "The one model that there is.", schema: wire.modelList } },
    answer: async ({ settings }) => ({ status: 200, body: { object: "list", data: [described(settings)] } }),
  }),
  route<z.output<typeof wire.modelParams>>({
    method: "GET",
    path: "/v1/models/{id}",
    name: "describeModel",
    summary: "Describes the model of the server, in the form of OpenAI's models.",
    tag: "Embeddings",
    scope: "read",
    limitedKeys: "allowed",
    errors: "openai",
    params: wire.modelParams,
    answers: { 200: { description: "The model.", schema: wire.model } },
    answer: async ({ settings, params }) => {
      refuseOtherModel(settings, params.id);
      return { status: 200, body: described(settings) };
    },
  }),
];

/** Throws `model_not_found` unless the model of the server has this name. */
export function refuseOtherModel(settings: Settings, model: string): void {
  const name = modelName(settings);
  // Clients may know the model as the configuration writes it.
  if (model === "default" || model === name || model === configuredName(settings)) return;
  throw new Refused("model_not_found", `model: expected default or ${name}, found ${model.slice(0, 100)}.`);
}

/** The name that clients use for the embedder, besides `default`. */
export function modelName(settings: Settings): string {
  return withoutFolder(configuredName(settings));
}

function configuredName({ triton, embedder }: Settings): string {
  return embedder.kind === "onnx" || triton === null ? embedder.model : triton.modelName;
}

/** Clients need not know the folders of the server. A Windows path has folders wherever the server runs. */
function withoutFolder(model: string): string {
  return win32.basename(basename(model));
}

/** No file says when a model was made. The time is that of the start of the process. */
function described(settings: Settings): object {
  return { id: modelName(settings), object: "model", created: Math.floor(performance.timeOrigin / 1000), owned_by: "headrace" };
}
