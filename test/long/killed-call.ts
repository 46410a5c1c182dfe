/**
 * Makes one call of the library in a process that ends in the middle: `node killed-call.js JSON`. It kills itself (-9) at a named point, or
 * prints a line for each image that has ended, so that the parent can kill it. Without a kill, it prints how the call ended.
 */
import { writeSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { storeKind } from "../../src/app/configuration/kinds.js";
import { ServiceConfig } from "../../src/app/index.js";
import { makeStore } from "../../src/app/wiring/registry.js";
import { killableDecoder, killableEmbedder, killableStore } from "../support/killable.js";
import { type Call, fakeParts, makeCall } from "./call.js";

/** A call, and the point at which its process ends when it reaches it for the n-th time. */
export interface KilledCall extends Call {
  readonly point: string;
  readonly nth: number;
}

const call = JSON.parse(process.argv[2] ?? "") as KilledCall;
let left = call.nth;

function reach(point: string): void {
  if (point !== call.point) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, "SIGKILL");
}

watchDeadLetters();
const settings = new ServiceConfig(call.config).settings();
const { embedder, decoder } = fakeParts();
const end = await makeCall(call, {
  own: {
    store: killableStore(await makeStore(storeKind(settings), settings), reach),
    embedder: killableEmbedder(embedder, reach),
    decoder: killableDecoder(decoder, reach),
  },
  onOutcome: ({ kind }) => {
    writeSync(1, "settled\n");
    if (kind === "failed") reach("after a failure");
  },
});
writeSync(1, `${JSON.stringify(end)}\n`);

/** At the end of a run, the dead-letter file is replaced by a new one, or deleted. */
function watchDeadLetters(): void {
  const { rename, rm } = promises;
  const isDeadLetters = (path: unknown): boolean => /dead-letters.*\.jsonl$/.test(String(path));
  const around = async (path: unknown, work: () => Promise<void>): Promise<void> => {
    if (isDeadLetters(path)) reach("before the dead letters change");
    await work();
    if (isDeadLetters(path)) reach("after the dead letters change");
  };
  promises.rename = (from, to) => around(to, () => rename(from, to));
  promises.rm = (path, options) => around(path, () => rm(path, options));
  syncBuiltinESMExports();
}
