/** A process that deletes or restores rows, and kills itself (-9) at a named point: `node killed-delete.js DATA VERB POINT N`. */
import { lancedbStore } from "../../src/adapters/lancedb/index.js";
import { ImageEmbeddingPipeline, ServiceConfig } from "../../src/app/index.js";
import { killableStore } from "../support/killable.js";

const [path = "", verb = "", point = "", count = "1"] = process.argv.slice(2);
const collectionName = "photos";
let left = Number(count);

/** Ends the process when the named point is reached for the n-th time. */
function reach(name: string): void {
  if (name !== point) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, "SIGKILL");
}

const own = { store: killableStore(lancedbStore({ path }), reach) };
await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ lancedb: { path } }), { parts: "lazy", own });
const has = (await pipeline.listCollections()).length > 0;
process.stdout.write("begun\n");
if (verb === "delete") await pipeline.deleteByFilter(collectionName, "number >= 100");
else if (verb === "drop" && has) await pipeline.dropCollection(collectionName);
else if (verb === "restore") {
  for (const { file } of await pipeline.deletedFiles(collectionName)) {
    const { ended, failed, error } = await (await pipeline.restore({ collectionName, file }).start()).done;
    if (ended !== "completed" || failed > 0) throw error ?? new Error(`${failed} rows failed`);
  }
}
