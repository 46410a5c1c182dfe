/** Explains why the first call to a server failed. Sends further requests to find out which setting is wrong. */
import { HeadraceError } from "../../contracts/index.js";
import { type PortProtocol, probePort } from "./port-probe.js";
import type { Address } from "./transport/address.js";
import type { Connection } from "./transport/transport.js";

export interface Wanted {
  readonly address: Address;
  readonly protocol: "http" | "grpc";
  readonly modelName: string;
  readonly modelVersion: string | null;
  /** The setting that names the model. */
  readonly modelSetting: string;
}

/** Returns an error that names the wrong setting. Returns `error` itself when no wrong setting is found. */
export async function explainFailure(
  error: HeadraceError,
  wanted: Wanted,
  connection: Connection,
  signal: AbortSignal,
): Promise<HeadraceError> {
  if (error.code === "part_missing" || error.code === "aborted" || error.code === "overloaded") return error;
  const listed = await connection.models(signal).catch((cause: unknown) => HeadraceError.from(cause));
  if (!HeadraceError.is(listed)) return explainModel(error, wanted, listed);
  const spoken = await probePort(wanted.address);
  return explainPort(error, wanted, spoken);
}

function explainModel(error: HeadraceError, wanted: Wanted, models: Awaited<ReturnType<Connection["models"]>>): HeadraceError {
  if (error.code !== "embedder_unavailable" && error.code !== "inference_failed") return error;
  const { address, modelName, modelVersion, modelSetting } = wanted;
  const found = models.filter(({ name }) => name === modelName);
  const ready = found.some(({ state }) => state === "READY");
  if (found.length === 0) {
    const names = [...new Set(models.map(({ name }) => name))].join(", ") || "none";
    return new HeadraceError(
      "model_mismatch",
      `Triton ${address.text}: expected a model "${modelName}" (${modelSetting}), found ${names}`,
      { cause: error, hint: `Set ${modelSetting} to one of: ${names}; or add "${modelName}" to the server's model repository.` },
    );
  }
  if (ready && modelVersion !== null) {
    return new HeadraceError(
      "model_mismatch",
      `Triton ${address.text}, model ${modelName}: expected version ${modelVersion} (triton.model_version), found another`,
      { cause: error, hint: "Leave triton.model_version out, or set it to a version on the server." },
    );
  }
  if (ready) return error;
  const states = found.map(({ state, reason }) => `${state || "not loaded"} ${reason}`.trim()).join("; ");
  return new HeadraceError("embedder_unavailable", `Triton ${address.text}, model ${modelName}: expected it loaded, found ${states}`, {
    cause: error,
    hint: `Load it (POST /v2/repository/models/${modelName}/load), or fix the problem in the server's log.`,
  });
}

function explainPort(error: HeadraceError, wanted: Wanted, spoken: PortProtocol): HeadraceError {
  const { address, protocol } = wanted;
  const expected = `${address.tls ? "TLS and " : ""}${protocol === "http" ? "HTTP" : "gRPC"}`;
  const where = `Triton ${address.text} (triton.url)`;
  const say = (found: string, hint: string) =>
    new HeadraceError("config_invalid", `${where}: expected ${expected}, found ${found}`, { cause: error, hint });
  switch (spoken) {
    case "nothing":
      return new HeadraceError(
        "embedder_unavailable",
        `${where}: expected a server, found nothing that listens at ${address.host}:${address.port}`,
        { cause: error, hint: "Start Triton at this address, or set triton.url to Triton's address." },
      );
    case "tls":
      if (address.tls) return error;
      return say("a port that expects TLS", `Add ${protocol === "http" ? "https" : "grpcs"}:// to triton.url.`);
    case "grpc":
      if (protocol === "grpc" && !address.tls) return error;
      if (protocol === "grpc") return say("gRPC without TLS", "Write triton.url with grpc:// instead of grpcs://.");
      return say("a port that speaks gRPC", "Set triton.transport to grpc, or triton.url to Triton's HTTP port (8000).");
    case "http":
      if (protocol === "grpc")
        return say("a port that speaks HTTP", "Set triton.transport to http, or triton.url to Triton's gRPC port (8001).");
      if (address.tls) return say("HTTP without TLS", "Write triton.url with http:// instead of https://.");
      return error;
    case "silent":
      return error;
    default:
      return spoken satisfies never;
  }
}
