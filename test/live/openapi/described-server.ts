/** A server that has all the examples of its OpenAPI document, and Schemathesis, which asks it with one key after the other. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HeadraceError, type Reader } from "../../../src/contracts/index.js";
import { allRoutes } from "../../../src/server/routes.js";
import { jobParams } from "../../../src/server/wire/wire-jobs.js";
import { uploadParams } from "../../../src/server/wire/wire-uploads.js";
import { exampleVectors } from "../../../src/server/wire/wire-vectors.js";
import { base64, damaged, type LogLine, TestServer } from "../../server/running.js";
import { installVenv, type Venv } from "../../support/services/venv.js";

const run = promisify(execFile);
const scopes = ["read", "write", "admin"] as const;
type Scope = (typeof scopes)[number];

/** Who asks: with a key of these scopes, or without a key. */
export const parties = { nobody: [], reader: ["read"], writer: ["write"], everything: scopes } as const satisfies Record<
  string,
  readonly Scope[]
>;
export type Party = keyof typeof parties;

/** Without them, a later request of the same run would find no upload, no job, no alias or no collection. They are tested last, each alone. */
const last = ["deleteUpload", "deleteJob", "deleteAlias", "deleteCollection", "pythonServiceDeleteCollection"] as const;

const hooks = fileURLToPath(new URL("../../../../test/live/openapi/hooks.py", import.meta.url));
const photoUrl = "https://example.com/cat.jpg";
const photoFile = join("test", "fidelity", "golden", "chelsea-portrait.png");
const secretOf = (party: Party): string => `${party}-0123456789abcdef`;

/** Names of 20,000 characters do not fit into an address. That they are refused with 431 is right, and so is 412 for another version of tus. */
const config = `[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 431]
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 406, 412, 415, 422]
`;

/** Made-up URLs are not asked for: the test stays on this machine. */
const offline: Reader = {
  name: "offline",
  schemes: ["http", "https"],
  read: async ({ uri }) => {
    if (uri === photoUrl) return { bytes: await readFile(photoFile), version: null };
    throw new HeadraceError("source_not_found", `${uri}: expected an image, found no network`);
  },
};

/** The job and the upload that the document gives as examples. */
const exampleJob = exampleOf(jobParams.shape.id);
const exampleUpload = exampleOf(uploadParams.shape.id);

export const installSchemathesis = (): Promise<Venv> => installVenv({ name: "schemathesis", installs: [["schemathesis==4.32.5"]] });

export interface Asking {
  readonly seed: number;
  /** Generated requests per operation, for the key with all scopes. */
  readonly maxExamples: number;
  /** The same for each other party. */
  readonly maxExamplesOfOthers: number;
  /** Default "memory". */
  readonly store?: "memory" | "lancedb";
}

/** A request that belongs to an operation of the document. */
export interface Asked {
  readonly party: Party;
  readonly operation: string;
  readonly scope: Scope | null;
  readonly status: number;
}

/**
 * Lets Schemathesis ask with each party, with all its checks and its chains of requests (stateful), and returns what the server was asked.
 * Fails with the report of Schemathesis if one of its checks fails.
 */
export async function askEverything({ seed, maxExamples, maxExamplesOfOthers, store = "memory" }: Asking): Promise<readonly Asked[]> {
  const { python } = await installSchemathesis();
  const folder = await mkdtemp(join(tmpdir(), "headrace-schemathesis-"));
  const keyed = (["reader", "writer", "everything"] as const).map((name) => ({ name, apiKey: secretOf(name), scopes: [...parties[name]] }));
  await using server = await TestServer.start({
    server: { keys: keyed },
    readers: [offline],
    store,
    embedder: { label: exampleVectors.embedder },
  });
  await writeFile(join(folder, "schemathesis.toml"), config);
  const asked: Asked[] = [];
  const ask = async (party: Party, examples: number, ...selection: string[]): Promise<void> => {
    server.logged.length = 0;
    const key = party === "nobody" ? [] : ["-H", `Authorization: Bearer ${secretOf(party)}`];
    const report = await schemathesis(python, folder, [
      `${server.url}/openapi.json`,
      ...key,
      ...["--seed", String(seed), "--max-examples", String(examples), "--checks", "all", "--exclude-checks", "positive_data_acceptance"],
      ...["--request-timeout", "20", "--no-color", ...selection],
    ]);
    const [, chained] = /API Links: +(\d+) covered/.exec(report) ?? [];
    if (party === "everything" && !selection.includes("--include-operation-id")) {
      assert.ok(Number(chained) > 10, `${chained} of the links between operations were followed`);
    }
    asked.push(...server.logged.flatMap((line) => askedBy(party, line)));
  };
  try {
    await fill(server, exampleJob);
    await ask("nobody", maxExamplesOfOthers);
    await ask("reader", maxExamplesOfOthers);
    await ask("everything", maxExamples, ...last.flatMap((name) => ["--exclude-operation-id", name]));
    for (const name of last) {
      await server.post("/v1/collections", { name: "pets" }, authorization);
      await ask("everything", maxExamples, "--include-operation-id", name);
      if (name === "deleteAlias") await deleteAliases(server);
    }
    await server.post("/v1/collections", { name: "pets" }, authorization);
    await ask("writer", maxExamplesOfOthers);
    return asked;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const authorization = { authorization: `Bearer ${secretOf("everything")}` };

function schemathesis(python: string, cwd: string, args: readonly string[]): Promise<string> {
  // The script of the package names the folder in which it was installed, which may have been moved.
  return run(python, ["-m", "schemathesis.cli", "run", ...args], {
    cwd,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, SCHEMATHESIS_HOOKS: hooks },
  }).then(
    ({ stdout }) => stdout,
    ({ message, stdout }: Error & { readonly stdout: string }) => assert.fail(`${stdout}\n${message}`),
  );
}

function exampleOf(schema: { meta(): unknown }): string {
  return String((schema.meta() as { readonly examples: readonly string[] }).examples[0]);
}

/** A collection with rows, a job that has ended, with a failure, and an upload without bytes. */
async function fill(server: TestServer, jobId: string): Promise<void> {
  assert.equal((await server.post("/v1/collections", { name: "pets" }, authorization)).status, 201);
  const dot = { base64: base64(1), id: "dot", metadata: { year: 2024 } };
  const photo = { base64: (await readFile(photoFile)).toString("base64"), id: "photo" };
  assert.equal((await server.post("/v1/collections/pets/images", { images: [dot, photo] }, authorization)).body.stored, 2);
  const { id } = (await server.post("/v1/jobs", { collection: "pets", images: [dot, { base64: damaged }] }, authorization)).body;
  await (await fetch(`${server.url}/v1/jobs/${id}/events`, { headers: authorization })).text();
  const tus = { ...authorization, "tus-resumable": "1.0.0", "upload-length": "100" };
  const upload = (await server.send("POST", "/v1/uploads", { headers: tus })).body;
  await server.stop();
  const jobs = join(server.dataFolder, "jobs");
  await renameRecorded({ folder: jobs, file: "job.json", from: id, to: jobId });
  await renameRecorded({ folder: join(jobs, ".uploads"), file: "upload.json", from: upload.id, to: exampleUpload });
  await server.restart();
}

interface Renaming {
  readonly folder: string;
  /** The record in the folder of the id. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

async function renameRecorded({ folder, file, from, to }: Renaming): Promise<void> {
  await rename(join(folder, from), join(folder, to));
  const record = join(folder, to, file);
  await writeFile(record, (await readFile(record, "utf8")).replace(from, to));
}

/** A collection with an alias is not deleted. */
async function deleteAliases(server: TestServer): Promise<void> {
  const { aliases } = (await server.get("/v1/aliases", authorization)).body as { readonly aliases: readonly { readonly alias: string }[] };
  for (const { alias } of aliases) {
    assert.equal((await server.send("DELETE", `/v1/aliases/${alias}`, { headers: authorization })).status, 204);
  }
}

function askedBy(party: Party, line: LogLine): readonly Asked[] {
  if (line.event !== "request") return [];
  const matching = allRoutes.filter(({ method, path }) => method === line["method"] && patternOf(path).test(String(line["path"])));
  // A path without parameters goes before one with them.
  const [found] = matching.sort((a, b) => a.path.split("{").length - b.path.split("{").length);
  return found === undefined ? [] : [{ party, operation: found.name, scope: found.scope, status: Number(line["status"]) }];
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`);
