/** What a tool is, and how its result and its errors are told to the model that called it. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type * as z from "zod";
import type { ImageEmbeddingPipeline } from "../app/index.js";
import { HeadraceError } from "../contracts/index.js";

export interface Tool<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** Tells the model what the tool does and when to use it. */
  readonly description: string;
  readonly input: S;
  readonly call: (given: z.output<S>, context: ToolContext) => Promise<ToolResult>;
}

export interface ToolContext {
  readonly pipeline: ImageEmbeddingPipeline;
  /** Fires when the client no longer waits. */
  readonly signal: AbortSignal;
}

/** JSON, and a picture beside it if the tool has one. */
export interface ToolResult {
  readonly json: Readonly<Record<string, unknown>>;
  /** The bytes of a JPEG. */
  readonly jpeg?: Uint8Array;
}

/** Keeps the types of the input, which a list of tools forgets. */
export function tool<S extends z.ZodObject>(definition: Tool<S>): Tool {
  return definition as unknown as Tool;
}

/** The JSON goes out twice, because older clients read only texts. */
export function answerOf({ json, jpeg }: ToolResult): CallToolResult {
  const picture =
    jpeg === undefined ? [] : [{ type: "image" as const, data: Buffer.from(jpeg).toString("base64"), mimeType: "image/jpeg" }];
  return { content: [...picture, { type: "text", text: JSON.stringify(json) }], structuredContent: { ...json } };
}

/** An answer, not a failure of the protocol: the model can read it, and call the tool again with better arguments. */
export function answerOfError(thrown: unknown): CallToolResult {
  const { code, message, hint, suggestions } = HeadraceError.from(thrown).toJSON();
  const help = suggestions === undefined || suggestions.length === 0 ? hint : `${hint} Near: ${suggestions.join(", ")}.`;
  return { isError: true, content: [{ type: "text", text: `${code}: ${message}\n${help}`.trim() }] };
}
