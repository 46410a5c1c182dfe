/** A process that builds a collection's index and kills itself (-9) after a step: `node killed-exchange.js HOST PORT NAME STEP`. */
import { milvusStore } from "../../../src/adapters/milvus/index.js";
import { connectionOf } from "../../support/milvus-connections.js";

const [host = "", port = "", name = "", step = ""] = process.argv.slice(2);
const { signal } = new AbortController();
const store = milvusStore({ host, port: Number(port), indexType: "HNSW" });
await store.open(signal);
const { client } = connectionOf(store);
const original = Reflect.get(client, step).bind(client) as (...args: unknown[]) => Promise<{ readonly error_code?: string }>;
Reflect.set(client, step, async (...args: unknown[]) => {
  const answer = await original(...args);
  // The first creation only asks whether the server would take the index, and is refused because the place is taken.
  if (answer.error_code === "Success") process.kill(process.pid, "SIGKILL");
  return answer;
});
const collection = await store.openCollection(name, "write");
await collection.upkeep("owed", signal);
