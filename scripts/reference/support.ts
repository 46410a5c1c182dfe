/** The table of adapters in `docs/reference/support.md`: from the folders of the adapters and the lock file, and what was verified. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { globSync } from "tinyglobby";
import { type ReferencePage, replaceMarked, table } from "./page.js";

interface Verification {
  /** What the tests run the adapter against. */
  readonly against: string;
  /** What nobody has seen it run on. */
  readonly not: string;
}

const folder = join("src", "adapters");

/** What was verified, of each adapter. People write this; the rest of the table comes from the code. */
const verifications: Readonly<Record<string, Verification>> = {
  bmp: { against: "Pillow's pixels, and damaged images", not: "–" },
  bullmq: {
    against: "Redis 7.0, killed, paused and restarted in runs of several workers",
    not: "Valkey, clusters, other servers with the interface of Redis",
  },
  csv: { against: "tables of pandas 3.1 with all types, with commas, semicolons and tabs", not: "files of other writers" },
  data: { against: "the suite of readers; images as bytes, base64 and data URLs", not: "–" },
  exif: {
    against: "exiftool 12.57, writing 7 formats with EXIF, XMP and IPTC; 2,000 damaged headers",
    not: "notes of makers (lenses that only they name), RAW formats",
  },
  fs: { against: "ext4 on Linux", not: "network file systems, macOS, Windows" },
  hub: {
    against: "a server on this machine that answers as the hub does, which the Python package huggingface_hub 2.4 can use too",
    not: "huggingface.co itself",
  },
  heif: { against: "Pillow's pixels, and damaged images", not: "images of many tiles" },
  http: {
    against: "servers on this machine: slow, endless, cut off, 429, redirects, gzip; 53 spellings of private addresses",
    not: "proxies, HTTP/2",
  },
  jax: { against: "WebAssembly", not: "WebGPU (`use_gpu`)" },
  jxl: { against: "Pillow's pixels, and damaged images", not: "animations" },
  lancedb: { against: "a local disk", not: "object stores: not offered" },
  memory: { against: "the same suites as the real ones", not: "–" },
  milvus: { against: "Milvus 2.3.5 standalone", not: "2.4 and later, clusters, Zilliz Cloud, GPU indexes" },
  native: { against: "Pillow and NumPy", not: "–" },
  npy: { against: "numpy 2", not: "–" },
  onnx: { against: "the CPU", not: "other execution providers: not offered" },
  parquet: {
    against: "pyarrow 26.0.1, reading ours; tables of pyarrow, pandas 3.1 and DuckDB 2.0 with all types",
    not: "files of other writers",
  },
  postgres: {
    against: "PostgreSQL 18.4 with pgvector 0.8.5",
    not: "earlier versions (13 to 17, pgvector 0.7), connection poolers, hosted services",
  },
  s3: { against: "moto 5.2, also behind a server that refuses and cuts off requests", not: "AWS itself, MinIO, other servers" },
  sharp: {
    against: "Pillow's pixels for the images in `test/fidelity/reference`; 2,000 damaged images (`npm run fuzz`)",
    not: "–",
  },
  tar: { against: "archives of the package tar, and shards of Python's webdataset 1.0.2", not: "–" },
  tokenizers: { against: "the Python library, on 10,000 texts", not: "models of other kinds than CLIP and SigLIP" },
  triton: {
    against: "Triton 2.51 (nvidia-pytriton 0.7.0) with its python backend, on a CPU",
    not: "onnxruntime, TensorRT and PyTorch backends; a GPU; CUDA shared memory: not offered",
  },
  zip: { against: "archives made by the package yazl", not: "encrypted archives: refused" },
};

export const supportPage: ReferencePage = {
  path: "docs/reference/support.md",
  render: (current) => replaceMarked(current, "adapters", adapterTable(readdirSync(folder).sort())),
};

/** The rows of the adapters. Throws for an adapter of which nobody has said what was verified, and for one that is gone. */
export function adapterTable(adapters: readonly string[]): string {
  const gone = Object.keys(verifications).filter((name) => !adapters.includes(name));
  if (gone.length > 0)
    throw new Error(`Expected an adapter in ${folder} for each entry of scripts/reference/support.ts, found none for ${gone.join()}.`);
  const rows = adapters.map((name) => {
    const verified = verifications[name];
    if (verified === undefined)
      throw new Error(`Expected what was verified of the adapter ${name} in scripts/reference/support.ts, found nothing.`);
    return [`\`${name}\``, purposeOf(name), packagesOf(name), verified.against, verified.not];
  });
  return table(["adapter", "what it is", "packages", "verified against", "not verified"], rows);
}

/** The first sentence of the adapter's index. */
function purposeOf(name: string): string {
  const index = readFileSync(join(folder, name, "index.ts"), "utf8");
  return /^\/\*\* ([\s\S]*?)\.(?: |\n)/.exec(index)?.[1]?.replace(/\n \* /g, " ") ?? "";
}

/** The vendors' packages that the adapter imports, in the versions that the tests ran with. */
function packagesOf(name: string): string {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  const texts = globSync(`${folder}/${name}/**/*.ts`, { ignore: "**/*.test.ts" }).map((path) => readFileSync(path, "utf8"));
  const imported = texts.flatMap((text) => [...text.matchAll(/(?:from |import\()"((?:@[\w-]+\/)?[\w-]+)/g)]);
  const vendors = [...new Set(imported.map(([, found = ""]) => found))].filter((found) => found !== "zod");
  const names = vendors.filter((found) => packages[`node_modules/${found}`] !== undefined);
  return (
    names
      .sort()
      .map((found) => `${found} ${packages[`node_modules/${found}`]?.version}`)
      .join(", ") || "–"
  );
}
