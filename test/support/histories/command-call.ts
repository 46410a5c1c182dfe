/** Makes the calls of a history with the command line, as a person does. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { cleanEnvironment, ended as endOf } from "../../flow/command.js";
import type { Call } from "./calls.js";
import { collectionName, type Ended } from "./product.js";

const launcher = resolve("dist", "cli", "launcher.js");

/** What the command prints with `--json`, as far as histories look at it. */
interface Document {
  readonly ended?: string;
  readonly failed?: number;
  readonly pruned?: number;
  readonly kept?: Ended["kept"];
  readonly error?: { readonly code: string; readonly message: string };
}

/** `killAfterMs`: when the process and all that it has started are killed (-9). Default: never. */
export async function commandCall(
  call: Call,
  { folder, killAfterMs }: { readonly folder: string; readonly killAfterMs?: number },
): Promise<Ended> {
  const settings = { HEADRACE_LANCEDB__PATH: folder, HEADRACE_PREPROCESS__DAMAGED: "keep" };
  const env = { ...cleanEnvironment(), ...settings, LIST: call.source.stdin ?? "" };
  // A list without a file is given as people do it: --manifest <(…)
  const program = [process.execPath, launcher, ...argumentsOf(call), "--json"];
  const [command = "", ...args] =
    call.source.stdin === undefined ? program : ["bash", "-c", 'exec "$0" "$@" --manifest <(printf %s "$LIST")', ...program];
  const child = spawn(command, args, { cwd: call.source.cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => process.kill(-child.pid!, "SIGKILL"), killAfterMs);
  const { code, stdout, stderr } = await endOf(child);
  clearTimeout(timer);
  if (code === null) return { completed: false, failed: 0, pruned: 0, kept: {}, error: "killed" };
  if (stdout === "") throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  const { ended = "completed", failed = 0, pruned = 0, kept = {}, error } = JSON.parse(stdout) as Document;
  if (error?.code === "usage_invalid") throw new Error(`${args.join(" ")}: ${error.message}`);
  return {
    completed: ended === "completed" && code !== 2 && (code !== 1 || error !== undefined),
    failed,
    pruned,
    kept,
    error: error?.code ?? null,
  };
}

function argumentsOf({ verb, source, share, containers, files }: Call): readonly string[] {
  const { paths, manifest, stdin } = source;
  const named = [
    ...paths,
    ...(manifest === undefined || stdin !== undefined ? [] : ["--manifest", manifest]),
    "--collection",
    collectionName,
  ];
  const limit = share === null ? [] : ["--max-deletions", `${share * 100}%`];
  switch (verb) {
    case "ingest":
    case "sync":
      return [verb, ...named];
    case "prune":
      return ["sync", ...named, "--prune", ...limit, ...(containers === "prune" ? ["--prune-containers"] : [])];
    case "verify":
      return ["verify", ...named, "--repair"];
    case "retry":
      return ["retry", collectionName];
    case "restore":
      return ["restore", collectionName, ...files];
    default:
      return verb satisfies never;
  }
}
