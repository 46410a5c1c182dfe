/** Schemathesis sends requests made from the OpenAPI document, valid and invalid ones, and checks every answer against it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { HeadraceError, type Reader } from "../../../src/contracts/index.js";
import { allRoutes } from "../../../src/server/routes.js";
import { jobParams } from "../../../src/server/wire/wire-jobs.js";
import { base64, damaged, TestServer } from "../../server/running.js";
import { skipUnless } from "../../support/services/required.js";
import { installVenv, type Venv } from "../../support/services/venv.js";

const run = promisify(execFile);
const key = "everything-0123456789";
/** Without them, a later request of the same run would find no job, no alias or no collection. They are tested last, each alone. */
const last = ["deleteJob", "deleteAlias", "deleteCollection", "pythonServiceDeleteCollection"] as const;

const photoUrl = "https://example.com/cat.jpg";
const photoFile = join("test", "fidelity", "golden", "chelsea-portrait.png");

/** Made-up URLs are not asked for: the test stays on this machine. */
const offline: Reader = {
  name: "offline",
  schemes: ["http", "https"],
  read: async ({ uri }) => {
    if (uri === photoUrl) return { bytes: await readFile(photoFile), version: null };
    throw new HeadraceError("source_not_found", `${uri}: expected an image, found no network`);
  },
};

/** The job that the document gives as an example. */
const exampleJob = String((jobParams.shape.id.meta() as { readonly examples: readonly string[] }).examples[0]);

async function renameJob(folder: string, from: string, to: string): Promise<void> {
  await rename(join(folder, from), join(folder, to));
  const record = join(folder, to, "job.json");
  await writeFile(record, (await readFile(record, "utf8")).replace(from, to));
}

/** A collection with an alias is not deleted. */
async function deleteAliases(server: TestServer, headers: Record<string, string>): Promise<void> {
  const { aliases } = (await server.get("/v1/aliases", headers)).body as { readonly aliases: readonly { readonly alias: string }[] };
  for (const { alias } of aliases) assert.equal((await server.send("DELETE", `/v1/aliases/${alias}`, { headers })).status, 204);
}

let venv: Venv;
const install = async () => {
  venv = await installVenv({ name: "schemathesis", installs: [["schemathesis==4.32.5"]] });
};

describe("Schemathesis", { skip: await skipUnless("Schemathesis", install) }, () => {
  test("finds no failure of the server and no answer outside its schema, and every operation succeeds", { timeout: 900_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "headrace-schemathesis-"));
    await using server = await TestServer.start({
      server: { keys: [{ name: "all", apiKey: key, scopes: ["read", "write", "admin"] }] },
      readers: [offline],
    });
    const authorization = { authorization: `Bearer ${key}` };
    assert.equal((await server.post("/v1/collections", { name: "pets" }, authorization)).status, 201);
    const dot = { base64: base64(1), id: "dot", metadata: { year: 2024 } };
    const photo = { base64: (await readFile(photoFile)).toString("base64"), id: "photo" };
    assert.equal((await server.post("/v1/collections/pets/images", { images: [dot, photo] }, authorization)).body.stored, 2);
    const { id } = (await server.post("/v1/jobs", { collection: "pets", images: [dot, { base64: damaged }] }, authorization)).body;
    await (await fetch(`${server.url}/v1/jobs/${id}/events`, { headers: authorization })).text();
    await server.stop();
    await renameJob(join(server.dataFolder, "jobs"), id, exampleJob);
    await server.restart();
    server.logged.length = 0;

    const schemathesis = (...selection: string[]) =>
      run(
        venv.python,
        [
          // The script of the package names the folder in which it was installed, which may have been moved.
          "-m",
          "schemathesis.cli",
          "run",
          `${server.url}/openapi.json`,
          "-H",
          `Authorization: Bearer ${key}`,
          "--seed",
          "1",
          "--max-examples",
          "25",
          "--no-color",
        ].concat("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--request-timeout", "20", ...selection),
        { cwd: folder, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, SCHEMATHESIS_HOOKS: "" } },
      ).catch(({ message, stdout }: Error & { readonly stdout: string }) => assert.fail(`${stdout}\n${message}`));
    await schemathesis(...last.flatMap((name) => ["--exclude-operation-id", name]));
    for (const name of last) {
      await server.post("/v1/collections", { name: "pets" }, authorization);
      await schemathesis("--include-operation-id", name);
      if (name === "deleteAlias") await deleteAliases(server, authorization);
    }

    const requests = server.logged.filter(({ event }) => event === "request");
    const succeeded = allRoutes.filter(({ method, path }) => {
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`);
      return (
        path.startsWith("/health/") ||
        requests.some((each) => each["method"] === method && pattern.test(String(each["path"])) && Number(each["status"]) < 300)
      );
    });
    assert.deepEqual(
      succeeded.map(({ name }) => name),
      allRoutes.map(({ name }) => name),
    );
    assert.ok(requests.length > 300, `${requests.length} requests`);
    await rm(folder, { recursive: true, force: true });
  });
});
