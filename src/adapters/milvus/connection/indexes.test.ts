import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeadraceError } from "../../../contracts/index.js";
import { declaredCollection, declaredSettings, milvusSection } from "../options.js";
import { buildParameters, searchParameters } from "./indexes.js";

const conflict = (error: unknown) => HeadraceError.is(error) && error.code === "config_conflict";

describe("index parameters", () => {
  it("a type takes its own parameters alone, with their defaults", () => {
    const settings = milvusSection.parse({ nlist: 2048, nprobe: 32, M: 32, nbits: 8, efConstruction: 256 });
    assert.deepEqual(buildParameters("IVF_FLAT", settings, 768), { nlist: 2048 });
    assert.deepEqual(buildParameters("GPU_IVF_PQ", settings, 768), { nlist: 2048, m: 96, nbits: 8 });
    assert.deepEqual(buildParameters("HNSW", settings, 768), { M: 32, efConstruction: 256 });
    assert.deepEqual(buildParameters("FLAT", settings, 768), {});
    assert.deepEqual(buildParameters("AUTOINDEX", settings, 768), {});
    assert.deepEqual(searchParameters({ type: "IVF_FLAT", nlist: null }, settings, 10), { nprobe: 32 });
    assert.deepEqual(searchParameters({ type: "HNSW", nlist: null }, settings, 500), { ef: 500 });
    assert.deepEqual(searchParameters({ type: "FLAT", nlist: null }, settings, 10), {});
  });

  it("graph indexes on a GPU take theirs, and nothing that was not given", () => {
    const settings = milvusSection.parse({
      intermediateGraphDegree: 64,
      graphDegree: 32,
      buildAlgo: "NN_DESCENT",
      cacheDatasetOnDevice: true,
      itopkSize: 128,
      searchWidth: 4,
      maxIterations: 0,
      teamSize: 8,
    });
    const build = { intermediate_graph_degree: 64, graph_degree: 32, build_algo: "NN_DESCENT", cache_dataset_on_device: "true" };
    assert.deepEqual(buildParameters("GPU_CAGRA", settings, 8), build);
    assert.deepEqual(searchParameters({ type: "GPU_CAGRA", nlist: null }, settings, 200), {
      itopk_size: 200,
      search_width: 4,
      max_iterations: 0,
      team_size: 8,
    });
    assert.deepEqual(buildParameters("GPU_CAGRA", milvusSection.parse({}), 8), {});
    assert.deepEqual(buildParameters("GPU_BRUTE_FORCE", settings, 8), { cache_dataset_on_device: "true" });
  });

  it("indexes on disk, and those that compare candidates again, take theirs", () => {
    const settings = milvusSection.parse({ nlist: 256, nprobe: 300, reorderK: 50, searchList: 40 });
    assert.deepEqual(buildParameters("SCANN", settings, 8), { nlist: 256 });
    assert.deepEqual(searchParameters({ type: "SCANN", nlist: null }, settings, 10), { nprobe: 256, reorder_k: 50 });
    assert.deepEqual(searchParameters({ type: "SCANN", nlist: 1024 }, settings, 80), { nprobe: 300, reorder_k: 80 });
    assert.deepEqual(searchParameters({ type: "SCANN", nlist: null }, milvusSection.parse({}), 10), { nprobe: 16 });
    assert.deepEqual(buildParameters("DISKANN", settings, 8), {});
    assert.deepEqual(searchParameters({ type: "DISKANN", nlist: null }, settings, 10), { search_list: 40 });
    assert.deepEqual(searchParameters({ type: "DISKANN", nlist: null }, milvusSection.parse({}), 500), { search_list: 500 });
  });

  it("an index that somebody else built is searched with the server's defaults, and its own clusters bound nprobe", () => {
    const settings = milvusSection.parse({ nprobe: 512 });
    for (const type of ["HNSW_SQ", "IVF_RABITQ"]) assert.deepEqual(searchParameters({ type, nlist: null }, settings, 10), {});
    assert.deepEqual(searchParameters({ type: "IVF_FLAT", nlist: 4096 }, settings, 10), { nprobe: 512 });
    assert.deepEqual(searchParameters({ type: "IVF_FLAT", nlist: 64 }, settings, 10), { nprobe: 64 });
  });

  it("m is a divisor of the dimension, and is found when it is not given", () => {
    assert.equal(buildParameters("IVF_PQ", milvusSection.parse({}), 1280)["m"], 160);
    assert.equal(buildParameters("IVF_PQ", milvusSection.parse({}), 7)["m"], 7);
    assert.throws(() => buildParameters("IVF_PQ", milvusSection.parse({ m: 3 }), 8), conflict);
    assert.throws(() => buildParameters("GPU_CAGRA", milvusSection.parse({ graphDegree: 64, intermediateGraphDegree: 32 }), 8), conflict);
  });

  it("out of range, of another type or unknown is refused before anything is sent", () => {
    for (const bad of [
      { nlist: 0 },
      { nlist: 1.5 },
      { M: 1 },
      { nbits: 17 },
      { indexType: "HNWS" },
      { metricType: "DOT" },
      { port: 0 },
      { nprob: 1 },
    ]) {
      assert.equal(milvusSection.safeParse(bad).success, false, JSON.stringify(bad));
    }
    assert.equal(milvusSection.parse({ indexType: "hnsw", metricType: "ip" }).indexType, "HNSW");
  });

  it("a declared collection sets its own parameters, the section the others", () => {
    const declared = declaredCollection.parse({ name: "c", index: { params: { nlist: 4 } }, searchParams: { itopkSize: 64 } });
    assert.deepEqual(declaredSettings(declared), { nlist: 4, itopkSize: 64 });
  });
});
