/** Build and search parameters of each index type. */
import { HeadraceError } from "../../../contracts/index.js";
import { type IndexSettings, type IndexType, indexTypes } from "../options.js";

export type Parameters = Readonly<Record<string, string | number | boolean>>;

const defaults = { nlist: 128, nprobe: 16, M: 16, efConstruction: 256, ef: 64, nbits: 8, searchList: 100 } as const;

/** Throws `config_conflict` for parameters that contradict each other. */
export function buildParameters(type: IndexType, settings: IndexSettings, dimension: number): Parameters {
  switch (type) {
    case "AUTOINDEX":
    case "FLAT":
    case "DISKANN":
      return {};
    case "GPU_BRUTE_FORCE":
      return given({ cache_dataset_on_device: flag(settings.cacheDatasetOnDevice) });
    case "IVF_FLAT":
    case "IVF_SQ8":
    case "SCANN":
      return { nlist: settings.nlist ?? defaults.nlist };
    case "GPU_IVF_FLAT":
      return given({ nlist: settings.nlist ?? defaults.nlist, cache_dataset_on_device: flag(settings.cacheDatasetOnDevice) });
    case "IVF_PQ":
    case "GPU_IVF_PQ":
      return {
        nlist: settings.nlist ?? defaults.nlist,
        m: parts(settings.m, dimension),
        nbits: settings.nbits ?? defaults.nbits,
      };
    case "HNSW":
      return { M: settings.M ?? defaults.M, efConstruction: settings.efConstruction ?? defaults.efConstruction };
    case "GPU_CAGRA":
      return cagra(settings);
    default:
      throw unknownType(type);
  }
}

/** Returns no parameters for an unknown index type. The server then uses its own defaults. */
export function searchParameters(
  { type, nlist }: { readonly type: string; readonly nlist: number | null },
  settings: IndexSettings,
  topK: number,
): Parameters {
  switch (type) {
    case "AUTOINDEX":
    case "FLAT":
    case "GPU_BRUTE_FORCE":
      return {};
    case "IVF_FLAT":
    case "IVF_SQ8":
    case "IVF_PQ":
    case "GPU_IVF_FLAT":
    case "GPU_IVF_PQ":
      return { nprobe: clustersSearched(settings, nlist) };
    case "SCANN":
      return {
        nprobe: clustersSearched(settings, nlist),
        ...given({ reorder_k: settings.reorderK === null ? null : Math.max(settings.reorderK, topK) }),
      };
    case "DISKANN":
      return { search_list: Math.max(settings.searchList ?? defaults.searchList, topK) };
    case "HNSW":
      return { ef: Math.max(settings.ef ?? defaults.ef, topK) };
    case "GPU_CAGRA":
      return given({
        itopk_size: settings.itopkSize === null ? null : Math.max(settings.itopkSize, topK),
        search_width: settings.searchWidth,
        min_iterations: settings.minIterations,
        max_iterations: settings.maxIterations,
        team_size: settings.teamSize,
      });
    default:
      return {};
  }
}

function clustersSearched({ nprobe, nlist }: IndexSettings, indexed: number | null): number {
  return Math.min(nprobe ?? defaults.nprobe, indexed ?? nlist ?? defaults.nlist);
}

function cagra(settings: IndexSettings): Parameters {
  const { intermediateGraphDegree: before, graphDegree: after } = settings;
  if (before !== null && after !== null && after > before) {
    throw new HeadraceError(
      "config_conflict",
      `milvus.graph_degree: expected at most milvus.intermediate_graph_degree ${before}, found ${after}`,
    );
  }
  return given({
    intermediate_graph_degree: before,
    graph_degree: after,
    build_algo: settings.buildAlgo,
    cache_dataset_on_device: flag(settings.cacheDatasetOnDevice),
  });
}

function parts(m: number | null, dimension: number): number {
  if (m === null) return [8, 4, 2].map((share) => dimension / share).find(Number.isInteger) ?? dimension;
  if (dimension % m === 0) return m;
  throw new HeadraceError("config_conflict", `milvus.m: expected a divisor of the dimension ${dimension}, found ${m}`);
}

/** Milvus expects the boolean `cache_dataset_on_device` as text. */
function flag(value: boolean | null): string | null {
  return value === null ? null : String(value);
}

function given(parameters: Readonly<Record<string, string | number | boolean | null>>): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter((entry): entry is [string, string | number | boolean] => entry[1] !== null));
}

function unknownType(type: never): HeadraceError {
  return new HeadraceError("config_invalid", `milvus.index_type: expected one of ${indexTypes.join(", ")}, found ${String(type)}`);
}
