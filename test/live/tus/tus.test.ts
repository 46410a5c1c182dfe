/** The tus client of Python against `/v1/uploads`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { JobServer } from "../../server/job-server.js";
import { image } from "../../server/running.js";
import { writeZip } from "../../support/archives.js";
import { skipUnless } from "../../support/services/required.js";
import { installVenv, type Venv } from "../../support/services/venv.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../../../test/live/tus/upload.py", import.meta.url));
const images = 20;

let venv: Venv;
const install = async () => {
  venv = await installVenv({ name: "tus", installs: [["tuspy==1.1.0"]] });
};

describe("the tus client of Python", { skip: await skipUnless("the tus client", install) }, () => {
  test("sends an archive over connections that break, goes on after it was ended, and a job stores its images", async () => {
    await using jobs = await JobServer.start();
    const path = join(jobs.folder, "photos.zip");
    const files = Array.from({ length: images }, (_, at) => ({
      name: `${at}.jpg`,
      bytes: Buffer.concat([image(at + 1), randomBytes(50_000)]),
    }));
    await writeZip(path, files);
    const { length } = readFileSync(path);
    assert.ok(length > images * 50_000);
    const broken = { count: 0 };
    const proxy = await breakingProxy(Number(new URL(jobs.server.url).port), broken);
    try {
      const { port } = proxy.address() as AddressInfo;
      const send = async (end: number): Promise<readonly string[]> => {
        const { stdout } = await run(venv.python, [
          script,
          `http://127.0.0.1:${port}/v1/uploads`,
          path,
          join(jobs.folder, "urls.json"),
          String(end),
        ]);
        return stdout.trim().split(" ");
      };
      const [begin, id = ""] = await send(500_000);
      const [continued, same] = await send(length);
      assert.deepEqual([begin, continued, same], ["0", "500000", id]);
      assert.ok(broken.count >= 10, `${broken.count} connections were broken`);
      const { body } = await jobs.server.post("/v1/jobs", { collection: "pets", images: [{ upload: id }] });
      const { state, counts } = await jobs.ended(body.id);
      assert.deepEqual([state, counts.stored, counts.failed], ["completed", images, 0]);
    } finally {
      proxy.close();
    }
  });
});

/** Passes bytes on to `port`, and breaks a connection when it has passed 60 kB. The server gets what was passed, or the client would never come further. */
async function breakingProxy(port: number, broken: { count: number }): Promise<Server> {
  const maxBytes = 60_000;
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    let passed = 0;
    client.on("error", () => undefined).on("close", () => server.end());
    server.on("error", () => undefined).on("close", () => client.destroy());
    client.on("data", (bytes) => {
      passed += bytes.length;
      server.write(bytes);
      if (passed <= maxBytes) return;
      broken.count += 1;
      client.destroy();
    });
    server.on("data", (bytes) => client.write(bytes));
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  return proxy;
}
