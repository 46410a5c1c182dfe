/** Finds settings of the served model that reduce throughput, and suggests config.pbtxt lines that fix them. */
import type { Finding, HeadraceError } from "../../contracts/index.js";
import type { Link } from "./link.js";
import { usualBatch } from "./model.js";
import type { Address } from "./transport/address.js";

export interface Diagnosed {
  readonly address: Address;
  readonly link: Link | null;
  /** The error because of which the server gets no requests. Null: the server works. */
  readonly away: HeadraceError | null;
}

export function findingsOf({ address, link, away }: Diagnosed): readonly Finding[] {
  const part = `triton ${address.text}`;
  const findings: Finding[] = [];
  if (away !== null) findings.push({ severity: "problem", part, message: away.message, hint: away.hint });
  if (link === null) return findings;
  const advise = (message: string, hint: string) => findings.push({ severity: "advice", part, message, hint });
  const { plan, description, connection, reason } = link;
  const { configuration, dynamicBatching, platform } = description;
  if (plan.maxBatch === 1) {
    advise("the model takes one image per request", "In config.pbtxt: set max_batch_size: 32, and leave the batch out of the dims.");
  } else if (configuration === "read" && dynamicBatching === null && platform !== "ensemble") {
    advise(
      "the model has no dynamic batching, so concurrent requests run one after the other",
      "In config.pbtxt: set dynamic_batching { max_queue_delay_microseconds: 0 }",
    );
  } else if (dynamicBatching?.preferred.includes(plan.preferredBatch) && plan.preferredBatch < Math.min(usualBatch, plan.maxBatch)) {
    advise(
      `preferred_batch_size limits batches to ${plan.preferredBatch}, but the model takes ${plan.maxBatch}`,
      `In config.pbtxt: set preferred_batch_size: [ ${Math.min(usualBatch, plan.maxBatch)} ], or leave it out. Or set preprocess.batch_size.`,
    );
  }
  if (dynamicBatching !== null && dynamicBatching.maxQueueDelayUs > 0) {
    advise(
      `the batcher waits ${dynamicBatching.maxQueueDelayUs} µs for more requests, but batches are already full`,
      "In config.pbtxt: set max_queue_delay_microseconds: 0",
    );
  }
  if (plan.input.dtype !== "uint8") {
    const times = plan.input.dtype === "float32" ? "four" : "two";
    advise(
      `the model takes ${plan.input.dtype}: requests are ${times} times as large as with uint8`,
      "Move the normalisation into the model, or serve an ensemble: `headrace triton export --ensemble` writes one.",
    );
  }
  if (connection.kind !== "shm")
    advise(`tensors travel over ${connection.kind}: ${reason}`, "Run both on one machine: shared memory is several times faster.");
  return findings;
}
