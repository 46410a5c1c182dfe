/**
 * The health check of the container images. It asks `headrace serve` whether it lives; a container that runs another command is healthy.
 * The port is that of `--port`, else of HEADRACE_SERVER__PORT, else 8080. The only argument is the process to look at, by default the first.
 */
import { readFileSync } from "node:fs";

const args = readFileSync(`/proc/${process.argv[2] ?? "1"}/cmdline`, "utf8").split("\0");
if (args.includes("serve")) {
  const port = portOf(args) ?? process.env["HEADRACE_SERVER__PORT"] ?? "8080";
  const { status } = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(4_000) });
  if (status !== 200) throw new Error(`/health/live: expected 200, found ${status}`);
}

function portOf(args) {
  const at = args.findIndex((arg) => arg === "--port" || arg.startsWith("--port="));
  return at < 0 ? undefined : (args[at].split("=")[1] ?? args[at + 1]);
}
