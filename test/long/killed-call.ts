/** Makes one call of the library in a process that a test kills: `node killed-call.js JSON`. Prints a line for each image that has ended. */
import { writeSync } from "node:fs";
import {
  type ServiceConfig as Config,
  ImageEmbeddingPipeline,
  type ListingRequest,
  listInputs,
  ServiceConfig,
} from "../../src/app/index.js";

/** What to call. */
export interface KilledCall {
  readonly verb: "ingest" | "sync" | "retry";
  readonly source: ListingRequest;
  readonly collectionName: string;
  readonly config: ConstructorParameters<typeof Config>[0];
}

/** The last line: how the call ended. */
export interface CallEnd {
  readonly ended: string;
  readonly deadLetterPath: string;
}

const call = JSON.parse(process.argv[2] ?? "") as KilledCall;
const { verb, source, collectionName } = call;
const onOutcome = (): void => {
  writeSync(1, "settled\n");
};
await using pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig(call.config), { parts: "lazy" });
const run = await start();
const { ended, upkeepError } = await run.done;
const end: CallEnd = { ended: upkeepError?.message ?? ended, deadLetterPath: run.deadLetterPath };
writeSync(1, `${JSON.stringify(end)}\n`);

function start() {
  switch (verb) {
    case "ingest":
      return pipeline.ingest({ inputs: listInputs(source), collectionName, schedule: "overlapped", onOutcome });
    case "sync":
      return pipeline.sync({ source, collectionName, missing: "delete", onOutcome });
    case "retry":
      return pipeline.retryFailures({ collectionName, onOutcome });
    default:
      return verb satisfies never;
  }
}
