/** Serves the tools over two streams until the client closes them. */
import type { Readable, Writable } from "node:stream";
import type { McpServer } from "@modelcontextprotocol/server";
import type { ImageEmbeddingPipeline } from "../app/index.js";
import { Semaphore } from "../kit/index.js";
import { collectionTools } from "./collection-tools.js";
import { imageTool } from "./image-tool.js";
import { searchTool } from "./search-tool.js";
import { answerOf, answerOfError, type Tool } from "./tool.js";
import { loadMcp } from "./vendor.js";

export interface McpStreams {
  readonly input: Readable;
  readonly output: Writable;
}

export interface McpOptions extends McpStreams {
  /** Stays open. */
  readonly pipeline: ImageEmbeddingPipeline;
  readonly version: string;
  /** Ends the connection. */
  readonly signal: AbortSignal;
  /** Gets what is wrong with messages of the client. */
  readonly onError: (error: Error) => void;
}

const tools: readonly Tool[] = [...collectionTools, searchTool, imageTool];
const maxMessageBytes = 32 * 2 ** 20;
/** Decoded images take memory. */
const callsAtOnce = 4;
const instructions =
  "Headrace searches collections of images by what they show. Call list_collections, then describe_collection, then search_images, and get_image for the hits that you want to see. All tools only read.";

/** Resolves when the client has closed its end, or when `signal` fires. Throws `part_missing`. */
export async function serveMcp({ pipeline, version, input, output, signal, onError }: McpOptions): Promise<void> {
  const sdk = await loadMcp();
  const turns = new Semaphore(callsAtOnce);
  const makeServer = (): McpServer => {
    const server = new sdk.McpServer({ name: "headrace", title: "Headrace", version }, { instructions });
    for (const each of tools) register(server, each, { pipeline, turns });
    return server;
  };
  const transport = new sdk.StdioServerTransport(input, output, { maxBufferSize: maxMessageBytes });
  const handle = sdk.serveStdio(makeServer, { transport, onerror: onError });
  await new Promise<void>((resolve) => {
    for (const event of ["end", "close", "error"]) input.once(event, () => resolve());
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  await handle.close();
}

interface Calling {
  readonly pipeline: ImageEmbeddingPipeline;
  readonly turns: Semaphore;
}

function register(server: McpServer, { name, title, description, input, call }: Tool, { pipeline, turns }: Calling): void {
  const annotations = { readOnlyHint: true, openWorldHint: false };
  server.registerTool(name, { title, description, inputSchema: input, annotations }, async (given, { mcpReq }) => {
    try {
      const { signal } = mcpReq;
      return answerOf(await turns.run(1, signal, name, () => call(given, { pipeline, signal })));
    } catch (thrown) {
      return answerOfError(thrown);
    }
  });
}
