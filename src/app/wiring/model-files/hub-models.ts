/** Models by name: finds the files of `hf:ORG/NAME` on this machine, and fetches them if they are not there. */
import type { FetchProgress, ModelHub } from "../../../contracts/index.js";
import { embedderKind } from "../../configuration/kinds.js";
import type { Settings } from "../../configuration/settings.js";

export type OnFetch = (progress: FetchProgress) => void;

/** Retries of a file. The count begins again when more of the file has arrived. */
const maxRetries = 6;

/** Returns the settings with the model's folder in place of its name. Throws `model_unavailable` and `config_invalid`. */
export async function withLocalModel(settings: Settings, onFetch: OnFetch | undefined, signal: AbortSignal): Promise<Settings> {
  const { model, precision } = settings.embedder;
  if (embedderKind(settings) !== "onnx" || !model.startsWith("hf:")) return settings;
  const hub = await openHub(settings);
  const folder = await hub.folder(model, { precision, onProgress: onFetch }, signal);
  return { ...settings, embedder: { ...settings.embedder, model: folder } };
}

/** The hub that the variables of its own tools name. Its token goes to its host alone. */
export async function openHub({ http }: Pick<Settings, "http">): Promise<ModelHub> {
  const { hubOptions, modelHub } = await import("../../../adapters/hub/index.js");
  const options = await hubOptions(process.env);
  const { hostname, port, protocol } = new URL(options.endpoint);
  const headersFor = [`${hostname}:${port || (protocol === "https:" ? 443 : 80)}`];
  const headers = options.token === null ? {} : { authorization: `Bearer ${options.token}` };
  return modelHub(options, async () => {
    const { httpReader } = await import("../../../adapters/http/index.js");
    return httpReader({ ...http, network: "any", maxRetries, headers, headersFor });
  });
}
