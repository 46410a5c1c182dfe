/** A server for tests of jobs, which can wait for the end of a job. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answered, TestServer, type TestServerOptions } from "./running.js";

/** A server with the collection `pets`, and a folder that jobs may read. */
export class JobServer implements AsyncDisposable {
  private constructor(
    readonly server: TestServer,
    readonly folder: string,
  ) {}

  static async start({ server, ...more }: TestServerOptions = {}): Promise<JobServer> {
    const folder = mkdtempSync(join(tmpdir(), "headrace-jobs-"));
    const started = await TestServer.start({ ...more, server: { allowedRoots: [folder], ...server } });
    await started.post("/v1/collections", { name: "pets" });
    return new JobServer(started, folder);
  }

  put(name: string, content: Uint8Array | string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Reads the events of a job until it has ended. */
  async watch(id: string, lastId?: string): Promise<readonly SentEvent[]> {
    const headers = lastId === undefined ? {} : { "last-event-id": lastId };
    const response = await fetch(`${this.server.url}/v1/jobs/${id}/events`, { headers });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    return eventsIn(await response.text());
  }

  /** Resolves to the job when it has ended. */
  async ended(id: string): Promise<Answered["body"]> {
    await this.watch(id);
    return (await this.server.get(`/v1/jobs/${id}`)).body;
  }

  async count(): Promise<number> {
    return (await this.server.get("/v1/collections/pets")).body.count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface SentEvent {
  readonly id: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
  readonly data: any;
}

function eventsIn(text: string): readonly SentEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("id: "))
    .map((block) => {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      return { id: fields.id ?? "", event: fields.event ?? "", data: JSON.parse(fields.data ?? "") };
    });
}
