/** `pullModel` and `listPulledModels`: models of a hub in the cache of this machine. */
import type { FetchProgress, LocalModel } from "../../contracts/index.js";
import type { ServiceConfig } from "../configuration/service-config.js";
import { openHub } from "../wiring/model-files/hub-models.js";

export interface PullModelOptions {
  /** Called with each piece that arrives. */
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Fetches what is missing of a model, or of its newer commit. `model`: `hf:ORG/NAME` or `hf:ORG/NAME@REVISION`. The precision is that of the
 * configuration. Throws `model_unavailable` and `config_invalid`.
 */
export async function pullModel(config: ServiceConfig, model: string, options: PullModelOptions = {}): Promise<LocalModel> {
  const settings = config.settings();
  const { precision } = settings.embedder;
  const signal = options.signal ?? new AbortController().signal;
  return (await openHub(settings)).pull(model, { precision, onProgress: options.onProgress }, signal);
}

/** The models of hubs that Headrace has fetched to this machine. Asks no hub. */
export async function listPulledModels(config: ServiceConfig): Promise<readonly LocalModel[]> {
  return (await openHub(config.settings())).list();
}
