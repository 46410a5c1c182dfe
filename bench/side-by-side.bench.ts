/** The embedded default beside Daft and Ray Data: the same photos and the same model file, whole processes in turn. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { installVenv } from "../test/support/services/venv.js";
import { atLeast, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureTree, type TreeRun } from "./process-tree.js";
import { vgaJpegs } from "./vga-jpegs.js";

const photos = 1_000;
const rounds = 3;
const packages = ["daft[lance]==0.7.26", "ray[data]==2.60.0", "onnxruntime==1.32.0", "pillow==13.0.0", "numpy==2.4.6"];
const names = ["float", "int8", "daft", "ray"] as const;

type Name = (typeof names)[number];

export async function sideBySide(): Promise<BenchSection> {
  const { python } = await installVenv({ name: "side-by-side", installs: [packages] });
  const corpus = await vgaJpegs(photos);
  const model = resolve("models", "efficientnet-lite0-uint8.onnx");
  const runs: Record<Name, TreeRun[]> = { float: [], int8: [], daft: [], ray: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) runs[name].push(await measured(name, { python, corpus, model }));
  }
  const speed = (name: Name) => runs[name].map(({ elapsedMs }) => (photos / elapsedMs) * 1000);
  const peakMb = (name: Name) => runs[name].map(({ peakBytes }) => peakBytes / 1e6);
  const faster: Name = median(speed("daft")) >= median(speed("ray")) ? "daft" : "ray";
  const ratio = (name: Name) => median(speed(name)) / median(speed(faster));
  return {
    name: "side-by-side",
    title: `Headrace, Daft and Ray Data: ${photos} VGA JPEGs to vectors in a table, the same model file, whole processes in turn`,
    command: "npm run bench -- side-by-side",
    figures: [
      plain("images/s: Headrace, model in floats", spread(speed("float"), 1)),
      plain("images/s: Headrace, `builtin-int8`", spread(speed("int8"), 1)),
      plain("images/s: Daft, model in floats", spread(speed("daft"), 1)),
      plain("images/s: Ray Data, model in floats", spread(speed("ray"), 1)),
      atLeast(`floats ÷ the faster of both, ${faster}`, ratio("float"), 1.2, 2),
      atLeast(`int8 ÷ the faster of both, ${faster}`, ratio("int8"), 1.7, 2),
      plain("peak memory, MB: Headrace in floats, int8, Daft, Ray Data", names.map((name) => median(peakMb(name)).toFixed(0)).join(", ")),
      atMost(`peak memory, floats ÷ ${faster}`, median(peakMb("float")) / median(peakMb(faster)), 0.6, 2),
      plain("load of the machine in the last minute", `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`),
    ],
  };
}

interface Inputs {
  readonly python: string;
  readonly corpus: string;
  readonly model: string;
}

async function measured(name: Name, { python, corpus, model }: Inputs): Promise<TreeRun> {
  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const table = join(folder, "table");
  const embedder = { float: "builtin", int8: "builtin-int8" };
  try {
    const run =
      name === "daft" || name === "ray"
        ? await measureTree(python, [`bench/${name}-ingest.py`, corpus, model, table])
        : await measureTree(process.execPath, [
            ...["dist/cli/launcher.js", "ingest", corpus, "--json", "--quiet"],
            ...["--set", `lancedb.path=${table}`, "--set", `embedder.model=${embedder[name]}`],
          ]);
    const last = run.output.trim().split("\n").at(-1) ?? "";
    const stored = Number(last.startsWith("{") ? (JSON.parse(last) as { stored: number }).stored : last);
    if (stored !== photos) throw new Error(`${name}: ${stored} of ${photos} photos were stored`);
    return run;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
