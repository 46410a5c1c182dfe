/** Translates what goes wrong between here and Triton; the only file that knows the vendor's errors. */
import { type ErrorOptions, HeadraceError } from "../../contracts/index.js";

/** Which server and model a call was for. */
export interface Target {
  /** The address as it was configured. */
  readonly server: string;
  readonly model: string;
}

/** What a server said about a request that it refused, whatever the protocol. */
export interface Refusal {
  /** "busy": asks for less. "invalid": blames the request. "missing": knows no such thing. "away": something between us and the model is down. "failed": the model raised. */
  readonly kind: "busy" | "invalid" | "missing" | "away" | "failed" | "forbidden";
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

const queueFull = /maximum queue size|queue is full|too many requests/i;
const modelGone = /unknown model|no available versions|not ready|is not found|not loaded|unavailable model/i;
const modelDied = /is not healthy|stub process|failed to (?:restart|launch)|backend .*unavailable/i;
const modelChanged =
  /unexpected inference (?:input|output)|data-type is|unexpected shape|batch-size must be|expected \d+ inputs|byte size mismatch/i;
const regionGone = /unable to find (?:system )?shared memory region/i;
const reload = "Load the model again (`POST /v2/repository/models/NAME/load`), or restart the server.";

/** True when a server does not know a region that was registered before: it was restarted. */
export function isRegionLost(error: unknown): boolean {
  return HeadraceError.is(error) && regionGone.test(error.message);
}

export function translateRefusal(refusal: Refusal, target: Target): HeadraceError {
  const { message, cause } = refusal;
  const text = `Triton ${target.server}, model ${target.model}: ${message || "no message"}`;
  const options: ErrorOptions = { ...(cause === undefined ? {} : { cause }) };
  if (refusal.kind === "busy" || queueFull.test(message)) {
    const { retryAfterMs } = refusal;
    return new HeadraceError("overloaded", text, { ...options, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }
  if (regionGone.test(message)) return new HeadraceError("embedder_unavailable", text, options);
  if (modelGone.test(message))
    return new HeadraceError("embedder_unavailable", text, { ...options, hint: `The model is not loaded. ${reload}` });
  if (modelDied.test(message)) {
    return new HeadraceError("embedder_unavailable", text, { ...options, hint: `The model's process has died. ${reload}` });
  }
  if (modelChanged.test(message)) {
    const hint = "The model is not what it was when this run began. Run again, so that its inputs and outputs are read anew.";
    return new HeadraceError("model_mismatch", text, { ...options, hint });
  }
  switch (refusal.kind) {
    case "away":
      return new HeadraceError("embedder_unavailable", text, options);
    case "forbidden":
      return new HeadraceError("config_invalid", text, {
        ...options,
        hint: "The server, or a proxy before it, refuses access: check triton.url.",
      });
    case "missing":
      return new HeadraceError("config_invalid", text, {
        ...options,
        hint: "This is no server of the KServe v2 protocol: check triton.url (Triton's HTTP port is 8000, its gRPC port 8001).",
      });
    case "invalid":
    case "failed":
      return new HeadraceError("inference_failed", text, options);
    default:
      return refusal.kind satisfies never;
  }
}

/** A connection that could not be made, or broke. */
export function translateBroken(error: unknown, target: Target): HeadraceError {
  if (HeadraceError.is(error)) return error;
  const code = codeOf(error);
  const reason = `${code} ${error instanceof Error ? error.message : String(error)}`.trim();
  const text = `Triton ${target.server}: ${reason}`;
  if (/^HPE_|HTTPParserError/.test(code)) {
    return new HeadraceError("config_invalid", text, {
      cause: error,
      hint: "The port does not speak HTTP/1.1: set triton.url to Triton's HTTP port (8000), or triton.transport to grpc.",
    });
  }
  if (/^ERR_(TLS|SSL)|CERT|SELF_SIGNED|EPROTO/.test(code)) {
    return new HeadraceError("config_invalid", text, {
      cause: error,
      hint: "TLS failed: check the scheme of triton.url; a private authority is named by NODE_EXTRA_CA_CERTS.",
    });
  }
  return new HeadraceError("embedder_unavailable", text, { cause: error });
}

/** A request whose time is up. "frozen": the server answers nothing else either, so nothing is wrong with the batch. */
export function translateLate(target: Target, afterMs: number, server: "alive" | "frozen"): HeadraceError {
  const text = `Triton ${target.server}, model ${target.model}: expected an answer within ${afterMs} ms (triton.timeout), found none`;
  return server === "alive"
    ? new HeadraceError("timed_out", text)
    : new HeadraceError("timed_out", `${text}; the server does not say that it is ready either`, { scope: "service" });
}

export function missingPackage(name: string, cause: unknown): HeadraceError {
  return new HeadraceError("part_missing", `embedding with Triton: expected the package ${name}, found none`, {
    hint: `npm install ${name}`,
    cause,
  });
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: unknown };
  if (typeof code === "string") return code;
  return codeOf(cause) || (typeof name === "string" && name !== "Error" ? name : "");
}
