/** Makes one call of a history in a process of its own, and kills it (-9) before the n-th call of the store: `node killed-call.js JSON`. */
import { writeSync } from "node:fs";
import { lancedbStore } from "../../../src/adapters/lancedb/index.js";
import { Clock } from "./clock.js";
import { interruptedStore } from "./interrupted-store.js";
import type { KilledCall } from "./kills.js";
import { makeCall, openPipeline } from "./product.js";

const { call, folder, nth, aheadMs } = JSON.parse(process.argv[2] ?? "") as KilledCall;
using _clock = new Clock(aheadMs === 0 ? "real" : "ahead", aheadMs);
let calls = 0;
const store = interruptedStore(lancedbStore({ path: folder }), async () => {
  calls += 1;
  if (calls === nth) process.kill(process.pid, "SIGKILL");
});
await using pipeline = await openPipeline(folder, store);
writeSync(1, JSON.stringify(await makeCall(pipeline, call)));
