/** Loads Fastify when a server starts. */
import type { fastifyCompress } from "@fastify/compress";
import type { fastifyMultipart } from "@fastify/multipart";
import type { fastifyRateLimit } from "@fastify/rate-limit";
import type { fastify as makeFastify } from "fastify";
import { HeadraceError } from "../../contracts/index.js";

interface Vendor {
  readonly fastify: typeof makeFastify;
  readonly multipart: typeof fastifyMultipart;
}

/** Throws `part_missing` with the command that installs it. */
export async function loadFastify(): Promise<Vendor> {
  try {
    const [{ fastify }, { fastifyMultipart: multipart }] = await Promise.all([import("fastify"), import("@fastify/multipart")]);
    return { fastify, multipart };
  } catch (cause) {
    throw new HeadraceError("part_missing", "serving: expected the packages fastify and @fastify/multipart, found none", {
      hint: "Run: npm install fastify @fastify/multipart",
      cause,
    });
  }
}

/** Throws `part_missing` with the command that installs it. */
export async function loadRateLimit(): Promise<typeof fastifyRateLimit> {
  try {
    return (await import("@fastify/rate-limit")).fastifyRateLimit;
  } catch (cause) {
    throw new HeadraceError("part_missing", "server.rate_limit: expected the package @fastify/rate-limit, found none", {
      hint: "Run: npm install @fastify/rate-limit",
      cause,
    });
  }
}

/** Throws `part_missing` with the command that installs it. */
export async function loadCompress(): Promise<typeof fastifyCompress> {
  try {
    return (await import("@fastify/compress")).fastifyCompress;
  } catch (cause) {
    throw new HeadraceError("part_missing", "serving: expected the package @fastify/compress, found none", {
      hint: "Run: npm install @fastify/compress",
      cause,
    });
  }
}
