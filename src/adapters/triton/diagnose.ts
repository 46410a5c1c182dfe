/** What a server's model configuration costs, and the lines that fix it. */
import type { Feed, Finding, HeadraceError } from "../../contracts/index.js";
import type { Address } from "./address.js";
import type { Link } from "./link.js";
import { usualBatch } from "./model.js";

export interface Diagnosed {
  readonly address: Address;
  readonly link: Link | null;
  /** Why it is left out; null when it works. */
  readonly away: HeadraceError | null;
  readonly feed: Feed;
}

export function findingsOf({ address, link, away, feed }: Diagnosed): readonly Finding[] {
  const part = `triton ${address.text}`;
  const findings: Finding[] = [];
  if (away !== null) findings.push({ severity: "problem", part, message: away.message, hint: away.hint });
  if (link === null) return findings;
  const advise = (message: string, hint: string) => findings.push({ severity: "advice", part, message, hint });
  const { plan, description, connection, reason } = link;
  const { configuration, dynamicBatching, instances, platform } = description;
  if (plan.maxBatch === 1) {
    advise("the model takes one image at a time", "In config.pbtxt: max_batch_size: 32, and input and output dims without the batch.");
  } else if (configuration === "read" && dynamicBatching === null && platform !== "ensemble") {
    advise(
      "the model has no dynamic batching: requests that come together are computed one after the other",
      "In config.pbtxt: dynamic_batching { max_queue_delay_microseconds: 0 }",
    );
  } else if ((dynamicBatching?.preferred.length ?? 0) > 0 && plan.preferredBatch < Math.min(usualBatch, plan.maxBatch)) {
    advise(
      `batches of ${plan.preferredBatch} are sent, as preferred_batch_size says, though the model takes ${plan.maxBatch}`,
      `In config.pbtxt: preferred_batch_size: [ ${Math.min(usualBatch, plan.maxBatch)} ], or leave it out.`,
    );
  }
  if (dynamicBatching !== null && dynamicBatching.maxQueueDelayUs > 0) {
    advise(
      `the batcher waits ${dynamicBatching.maxQueueDelayUs} µs for more, though full batches are sent`,
      "In config.pbtxt: max_queue_delay_microseconds: 0",
    );
  }
  if (instances > feed.parallel) {
    advise(
      `the model has ${instances} instances, and ${feed.parallel} requests are open at once`,
      "Raise async_pipeline.inflight_per_worker, or lower instance_group's count.",
    );
  }
  if (plan.input.dtype !== "uint8") {
    const times = plan.input.dtype === "float32" ? "four" : "two";
    advise(
      `the model takes ${plan.input.dtype}: ${times} times the bytes of uint8 on the way`,
      "Put the normalisation into the model, or a step before it: `headrace triton export --ensemble` writes such a model repository.",
    );
  }
  if (connection.kind !== "shm")
    advise(`tensors travel over ${connection.kind}: ${reason}`, "On the same machine, shared memory is several times faster.");
  return findings;
}
