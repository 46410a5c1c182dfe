/** What tests of fleets with real servers share: files, a distribution, and workers in processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryDecoder, memoryEmbedder } from "../../src/adapters/memory/index.js";
import { type DistributionCounts, ImageEmbeddingPipeline, openQueue, ServiceConfig } from "../../src/app/index.js";
import type { WorkStatus } from "../../src/contracts/index.js";

export interface FleetYardOptions {
  readonly queueUrl: string;
  readonly milvusAddress: string;
  readonly collectionName: string;
  readonly leaseMs: number;
  /** Time that the model takes for a batch of 32. */
  readonly batchMs: number;
  /** `insert.flush` of the workers. Default "auto". */
  readonly flush?: "auto" | "end";
}

export interface WorkerReport {
  readonly ended: string;
  readonly read: number;
  readonly stored: number;
  readonly reused: number;
  readonly skipped: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly embedded: number;
  readonly error: string | null;
}

export interface FleetWorker {
  readonly child: ChildProcess;
  /** Resolves when it takes shards. */
  readonly working: Promise<void>;
  /** null: it was killed. */
  readonly report: Promise<WorkerReport | null>;
}

export class FleetYard {
  readonly folder = mkdtempSync(join(tmpdir(), "headrace-fleet-"));
  readonly photos = join(this.folder, "photos");
  readonly #batches = join(this.folder, "batches");
  readonly #children = new Set<ChildProcess>();

  constructor(readonly options: FleetYardOptions) {
    mkdirSync(this.#batches);
  }

  /** Writes files with different contents, whose versions are settled, 1,000 in a folder. */
  files(count: number): void {
    for (let at = 0; at < count; at += 1) {
      const folder = join(this.photos, String(Math.floor(at / 1000)).padStart(4, "0"));
      if (at % 1000 === 0) mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${String(at).padStart(6, "0")}.jpg`), `image ${at} of ${this.options.collectionName}`);
    }
  }

  async distribute(shardItems: number): Promise<DistributionCounts> {
    const { queueUrl: url, collectionName, milvusAddress } = this.options;
    const [host = "", port = ""] = milvusAddress.split(":");
    const config = new ServiceConfig({ milvus: { host, port: Number(port), indexType: "FLAT" } });
    const own = { decoder: memoryDecoder(), embedder: memoryEmbedder() };
    const pipeline = await ImageEmbeddingPipeline.open(config, { parts: "lazy", own });
    const { queue, close } = await openQueue({ url, collectionName });
    try {
      return await pipeline.fleet.distribute(queue, { sources: [this.photos], collectionName, shardItems });
    } finally {
      await close();
      await pipeline.close();
    }
  }

  async status(): Promise<WorkStatus> {
    const { queueUrl: url, collectionName } = this.options;
    const { queue, close } = await openQueue({ url, collectionName });
    try {
      return await queue.status();
    } finally {
      await close();
    }
  }

  start(): FleetWorker {
    const { queueUrl, collectionName, milvusAddress, leaseMs, batchMs, flush = "auto" } = this.options;
    const script = fileURLToPath(new URL("fleet-worker.js", import.meta.url));
    const args = [queueUrl, collectionName, milvusAddress, String(leaseMs), String(batchMs), this.#batches, flush];
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.add(child);
    let output = "";
    const working = new Promise<void>((resolve) => {
      child.stdout?.on("data", (text) => {
        output += String(text);
        if (output.startsWith("working\n")) resolve();
      });
    });
    const report = once(child, "close").then(() => {
      this.#children.delete(child);
      const line = output.split("\n").find((each) => each.startsWith("{"));
      return line === undefined ? null : (JSON.parse(line) as WorkerReport);
    });
    return { child, working, report };
  }

  /** Number of images that all workers have embedded, or the one with this process id, also if they were killed. Probe images do not count. */
  embedded(pid?: number): number {
    const files = pid === undefined ? readdirSync(this.#batches) : [String(pid)];
    return files.reduce((sum, file) => sum + this.#embeddedBy(file), 0);
  }

  #embeddedBy(file: string): number {
    const [, ...batches] = existsSync(join(this.#batches, file)) ? readFileSync(join(this.#batches, file), "utf8").trim().split("\n") : [];
    return batches.reduce((sum, rows) => sum + Number(rows), 0);
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
