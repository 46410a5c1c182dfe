/** The server of `killed-server.ts`, in a process of its own. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./killed-server.js", import.meta.url));

export interface KillableServer {
  readonly child: ChildProcess;
  readonly url: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
  get(path: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
  post(path: string, body: object): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
  send(path: string, body: string, type: string): Promise<any>;
}

/** The server ends at the latest with the test whose signal this is, or the runner would wait for it. */
export async function start(signal: AbortSignal, data: string, root: string, batchMs: number): Promise<KillableServer> {
  const child = spawn(process.execPath, [script, data, root, String(batchMs)], {
    stdio: ["ignore", "pipe", "inherit"],
    signal,
    killSignal: "SIGKILL",
  });
  child.on("error", () => undefined);
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  const send = async (path: string, body: string, type: string): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, { method: "POST", body, headers: { "content-type": type } });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  return {
    child,
    url,
    get: async (path) => (await fetch(`${url}${path}`)).json(),
    post: (path, body) => send(path, JSON.stringify(body), "application/json"),
    send,
  };
}

/** Waits for the end of a job. Fails if the server ends before. */
// biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
export async function endOf(server: KillableServer, id: string): Promise<any> {
  for await (const _ of eventsOf(server, id));
  return server.get(`/v1/jobs/${id}`);
}

// biome-ignore lint/suspicious/noExplicitAny: tests compare what came with what they expect
export async function* eventsOf({ url }: KillableServer, id: string): AsyncGenerator<any> {
  const ending = new AbortController();
  const response = await fetch(`${url}/v1/jobs/${id}/events`, { signal: ending.signal });
  let text = "";
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) if (block.includes("data: ")) yield JSON.parse(block.slice(block.indexOf("data: ") + 6));
    }
  } finally {
    ending.abort();
  }
}
