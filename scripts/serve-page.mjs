/**
 * `npm run page`: serves the page while its sources change, and loads it again after each change. Requests for the service go to a
 * `headrace serve` on its usual port.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { context } from "esbuild";
import { bundling, withFiles } from "./build-page.mjs";

const folder = join(".cache", "page-served");
const port = 5173;
const service = { hostname: "127.0.0.1", port: 8080 };

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
cpSync("web/src/style/icon.svg", join(folder, "icon.svg"));
writeFileSync(join(folder, "index.html"), withFiles("web/index.html", { icon: "./icon.svg", styles: "./index.css", script: "./index.js" }));

const building = await context({
  ...bundling("web/src/main.tsx", folder),
  minify: false,
  sourcemap: true,
  banner: { js: 'new EventSource("/esbuild").addEventListener("change", () => location.reload());' },
});
await building.watch();
const files = await building.serve({ servedir: folder, host: "127.0.0.1" });

createServer((incoming, outgoing) => {
  const isForService = /^\/(v1|health)\b/.test(incoming.url ?? "");
  const target = isForService ? service : { hostname: "127.0.0.1", port: files.port };
  const passedOn = request(
    { ...target, path: incoming.url, method: incoming.method, headers: { ...incoming.headers, host: `${target.hostname}:${target.port}` } },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  passedOn.on("error", (error) => {
    if (!outgoing.headersSent) outgoing.writeHead(502);
    outgoing.end(`${target.hostname}:${target.port} gives no answer: ${error.message}\n`);
  });
  outgoing.on("close", () => passedOn.destroy());
  incoming.pipe(passedOn);
}).listen(port, "127.0.0.1", () => process.stdout.write(`The page is at http://127.0.0.1:${port}.\n`));
