/** Models of a hub, in a folder of this machine. A model that was pulled once is used without asking the hub. */
import { existsSync } from "node:fs";
import {
  HeadraceError,
  type LocalModel,
  type ModelHub,
  type ModelPrecision,
  type PullOptions,
  type Reader,
} from "../../contracts/index.js";
import { modelLayout, withShortLock } from "../../kit/index.js";
import { type HubAddress, parseHubAddress, shownAddress } from "./address.js";
import { fetchBlob } from "./blob.js";
import { ModelCache, type PulledModel, pulledRepositories } from "./cache.js";
import type { HubOptions } from "./environment.js";
import { fromRequest, unavailable } from "./errors.js";
import { type HubFile, listHubFiles } from "./repository-files.js";
import { wantedFiles } from "./wanted-files.js";

/** `readers`: makes a reader of web servers that sends the token to the hub alone. Asks nobody yet. */
export function modelHub(options: HubOptions, readers: () => Promise<Reader>): ModelHub {
  return new Hub(options, readers);
}

class Hub implements ModelHub {
  constructor(
    readonly options: HubOptions,
    readonly readers: () => Promise<Reader>,
  ) {}

  async folder(address: string, options: PullOptions, signal: AbortSignal): Promise<string> {
    const cache = this.#cache(parseHubAddress(address));
    const there = (await cache.pulled(options.precision))?.commit ?? (await this.#madeByOthers(cache, options.precision));
    if (there !== null) return cache.snapshot(there);
    return (await this.pull(address, options, signal)).folder;
  }

  async pull(given: string, options: PullOptions, signal: AbortSignal): Promise<LocalModel> {
    const address = parseHubAddress(given);
    if (this.options.network === "off") {
      const hint = `Run \`headrace model pull ${shownAddress(address)}\` where the hub can be reached, without HF_HUB_OFFLINE.`;
      throw unavailable(address, `expected it in ${this.options.cache}, found none, and HF_HUB_OFFLINE forbids to fetch it`, { hint });
    }
    const reader = await this.readers();
    const cache = this.#cache(address);
    try {
      const pulling = () => this.#pull(cache, reader, options, signal);
      const model = await withShortLock(cache.lock, pulling, { signal, life: "shown" });
      return localModel(cache, model, address);
    } finally {
      await reader.close?.();
    }
  }

  async list(): Promise<readonly LocalModel[]> {
    const models: LocalModel[] = [];
    for (const repository of await pulledRepositories(this.options.cache)) {
      const cache = this.#cache({ repository, revision: "main" });
      const current = await cache.commit();
      for (const model of await cache.records()) {
        models.push(localModel(cache, model, { repository, revision: model.commit === current ? "main" : model.commit }));
      }
    }
    return models;
  }

  async #pull(cache: ModelCache, reader: Reader, { precision, onProgress }: PullOptions, signal: AbortSignal): Promise<PulledModel> {
    const { address } = cache;
    const { commit, files } = await listHubFiles(address, this.options.endpoint, reader, signal);
    const wanted = wantedFiles(address, files, precision);
    const totalBytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let doneBytes = 0;
    for (const file of wanted) {
      const onBytes = (bytes: number): void =>
        onProgress?.({ model: shownAddress(address), file: file.path, bytes: doneBytes + bytes, totalBytes });
      await this.#fetch(cache, { commit, file, reader, onBytes }, signal);
      doneBytes += file.sizeBytes;
    }
    await cache.complete(commit, precision, wanted);
    return { commit, precision, files: [...wanted] };
  }

  async #fetch(
    cache: ModelCache,
    { commit, file, ...request }: { commit: string; file: HubFile; reader: Reader; onBytes: (bytes: number) => void },
    signal: AbortSignal,
  ): Promise<void> {
    const url = `${this.options.endpoint}/${cache.address.repository}/resolve/${commit}/${file.path}`;
    try {
      await fetchBlob({ ...request, url, file, path: cache.blob(file) }, signal);
    } catch (error) {
      if (HeadraceError.is(error) && error.code === "model_unavailable") throw unavailable(cache.address, error.message, error);
      throw fromRequest(cache.address, this.options.endpoint, error);
    }
  }

  /** A model that another tool has put into the cache, if the hub cannot be asked which files belong to it. */
  async #madeByOthers(cache: ModelCache, precision: ModelPrecision): Promise<string | null> {
    if (this.options.network === "allowed") return null;
    const commit = await cache.commit();
    if (commit === null) return null;
    return modelLayout(precision).vision.some((path) => existsSync(`${cache.snapshot(commit)}/${path}`)) ? commit : null;
  }

  #cache(address: HubAddress): ModelCache {
    return new ModelCache(this.options.cache, address);
  }
}

function localModel(cache: ModelCache, { commit, precision, files }: PulledModel, address: HubAddress): LocalModel {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { model: shownAddress(address), commit, precision, bytes, folder: cache.snapshot(commit) };
}
