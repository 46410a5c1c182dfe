/** What must not compile for users of the package; an expectation that is not met is an error of the compiler. */
import { errorCodes, HeadraceError, ImageEmbeddingPipeline, type Insertion, ServiceConfig } from "headrace";

export async function wrong(): Promise<void> {
  const config = new ServiceConfig({ asyncPipeline: { preprocessWorkers: 4 } });
  // @ts-expect-error: a key that is not there
  new ServiceConfig({ asyncPipeline: { preprocessWorker: 4 } });
  // @ts-expect-error: text for a number
  config.asyncPipeline.queueMaxsize = "100";
  // @ts-expect-error: not one of the metrics
  new ServiceConfig({ milvus: { metricType: "HAMMING" } });
  // @ts-expect-error: snake_case is for files
  config.async_pipeline;
  new ServiceConfig({ collections: [{ name: "pets", searchParams: { nprobe: 32 } }] });
  // @ts-expect-error: snake_case is for files, in lists too
  new ServiceConfig({ collections: [{ name: "pets", search_params: { nprobe: 32 } }] });

  await using pipeline = await ImageEmbeddingPipeline.open(config);
  // @ts-expect-error: made by open()
  new ImageEmbeddingPipeline(config);
  // @ts-expect-error: the inputs are missing
  await pipeline.insertImagesAsync({ collectionName: "pets" });
  // @ts-expect-error: inputs are paths, URLs or bytes
  await pipeline.insertImagesAsync({ inputs: [1], collectionName: "pets" });
  // @ts-expect-error: one image goes into an array too
  await pipeline.insertImagesAsync({ inputs: "cat.jpg", collectionName: "pets" });
  // @ts-expect-error: metadata values are text, numbers, true or false, or null
  await pipeline.insertImagesAsync({ inputs: [{ input: "a.jpg", metadata: { at: new Date() } }], collectionName: "pets" });
  // @ts-expect-error: topK is a number
  await pipeline.searchImages("cat.jpg", { collectionName: "pets", topK: "5" });
  // @ts-expect-error: a misspelt option
  await pipeline.searchImages("cat.jpg", { collectionName: "pets", topk: 5 });

  const insertion: Insertion = await pipeline.insertImages({ inputs: ["cat.jpg"], collectionName: "pets" });
  // @ts-expect-error: results are read, not changed
  insertion.ids = [];
  // @ts-expect-error: not a code
  new HeadraceError("no_such_code", "message");
  // @ts-expect-error: not a code
  errorCodes.no_such_code;
}
