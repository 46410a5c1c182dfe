/** `headrace serve` as a user starts it, with some photos stored, and a browser that watches what the page does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { ended, type Workspace, workspace } from "../flow/command.js";
import { makeCorpus } from "../support/corpus/corpus.js";

export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly space: Workspace;
  /** Photos that are not stored unless a test stores them. */
  readonly photos: string;
  /** Kills the server as a failure of its machine would, calls `meanwhile`, and starts it again at the same address. */
  readonly restart: (meanwhile: () => Promise<void>) => Promise<void>;
}

export interface ServedOptions {
  /** Number of photos that are stored in the collection `photos` before the server starts. */
  readonly stored: number;
  /** More arguments of `headrace serve`. */
  readonly args?: readonly string[];
  /** Folders whose pictures the server may show. Default: the photos. */
  readonly allowed?: readonly string[];
  /** "workspace": the server may also read the folder that it runs in. */
  readonly alsoAllowed?: "workspace";
}

const corpusSize = 500;

/** Photos of the generated corpus, with a subject and a year as metadata. */
export async function serve({ stored, args = [], allowed, alsoAllowed }: ServedOptions): Promise<Served> {
  const photos = resolve(".cache", "page-photos");
  const corpus = await makeCorpus({ folder: photos, count: corpusSize, seed: 7, sizes: "vga" });
  const space = await workspace();
  if (stored > 0) {
    const lines = corpus.photos
      .slice(0, stored)
      .map(({ file, subject }, index) =>
        JSON.stringify({ input: join(photos, file), metadata: { subject, year: 2000 + (index % 25), digits: String(index) } }),
      );
    await writeFile(join(space.folder, "photos.jsonl"), `${lines.join("\n")}\n`);
    const { code, stderr } = await space.run("ingest", "photos.jsonl", "--collection", "photos");
    assert.equal(code, 0, stderr);
  }
  const roots = JSON.stringify([...(allowed ?? [photos]), ...(alsoAllowed === undefined ? [] : [space.folder])]);
  const startAt = async (port: string) => {
    const child = space.start("serve", "--port", port, "--set", `server.allowed_roots=${roots}`, ...args);
    const end = ended(child);
    const [line] = (await once(createInterface(child.stdout!), "line")) as [string];
    const stop = async (signal: NodeJS.Signals): Promise<void> => {
      child.kill(signal);
      await end;
    };
    return { url: line.replace("Listening on ", ""), stop };
  };
  let running = await startAt("0");
  return {
    url: running.url,
    space,
    photos,
    restart: async (meanwhile) => {
      await running.stop("SIGKILL");
      await meanwhile();
      running = await startAt(new URL(running.url).port);
    },
    [Symbol.asyncDispose]: async () => {
      await running.stop("SIGTERM");
      await space[Symbol.asyncDispose]();
    },
  };
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

/** A page that notes each error in its console and each request to another server. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly errors: readonly string[];
  readonly foreign: readonly string[];
  /** Bytes of the files of the page itself. */
  readonly bytes: () => number;
}

/** Opens the page of a server, or a page that is a file. */
export async function openPage(browser: Browser, url: string, hash = "", options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-US", ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  let bytes = 0;
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => {
    if (![url, "blob:", "data:"].some((own) => request.url().startsWith(own))) foreign.push(request.url());
  });
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (pathname === "/" || pathname.startsWith("/assets/")) bytes += Number(response.headers()["content-length"] ?? 0);
  });
  await page.goto(url.startsWith("file:") ? url : `${url}/${hash}`);
  return { page, errors, foreign, bytes: () => bytes, [Symbol.asyncDispose]: () => context.close() };
}

const axeSource = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Returns what axe-core finds wrong at level A and AA, one line per rule. `rules`: only these. */
export async function violationsOf(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  // A colour that is on its way from light to dark is not a fault.
  await page.emulateMedia({ reducedMotion: "reduce" });
  // The policy of the page lets no other script in, so it runs through the debugger.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(await readFile(axeSource, "utf8"));
  const results = await page.evaluate(
    (rules) =>
      (window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({
        runOnly: rules ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        resultTypes: ["violations"],
      }),
    rules,
  );
  await page.emulateMedia({ reducedMotion: null });
  return results.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`,
  );
}

/** Keeps a picture of the page for people, outside the repository. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = resolve(".cache", "page-screenshots");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
