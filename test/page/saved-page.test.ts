/** The pages of `search --open` and `dedupe --open` in a real browser, opened as files. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { SavedData } from "../../src/cli/pages/saved-data.js";
import { type Workspace, workspace } from "../flow/command.js";
import { savedData } from "../flow/saved-data.js";
import { makeCorpus } from "../support/corpus/corpus.js";
import { extent } from "../support/extent.js";
import { installChromium } from "../support/services/chromium.js";
import { skipUnless } from "../support/services/required.js";
import { launch, openPage, screenshot, violationsOf, type WatchedPage } from "./served.js";

let executable = "";
const install = async () => {
  executable = await installChromium();
};
const photos = resolve(".cache", "page-photos");
const stored = extent({ some: 60, all: 500 });

describe("a saved page", { skip: await skipUnless("Chromium", install), timeout: 600_000 }, () => {
  let space: Workspace;
  let browser: Browser;
  let query = "";
  before(async () => {
    const corpus = await makeCorpus({ folder: photos, count: 500, seed: 7, sizes: "vga" });
    query = join(photos, corpus.photos[0]!.file);
    space = await workspace();
    await space.json(0, "ingest", photos, "--limit", String(stored));
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await space?.[Symbol.asyncDispose]();
  });

  const tiles = (page: Page) => page.locator(".tile-main");
  const open = async (file: string, options?: BrowserContextOptions): Promise<WatchedPage> => {
    return openPage(browser, pathToFileURL(join(space.folder, file)).href, "", options);
  };

  for (const count of [5, stored]) {
    test(`shows ${count} hits with their pictures from one file, wide and narrow, light and dark, in both languages`, async () => {
      const file = `hits-${count}.html`;
      await space.json(0, "search", query, "--top-k", String(count), "--filter", "width > 0", "--open", file);
      for (const [width, colorScheme, locale] of [
        [1600, "light", "en-US"],
        [1600, "dark", "en-US"],
        [360, "light", "en-US"],
        [360, "dark", "zh-CN"],
      ] as const) {
        await using opened = await open(file, { viewport: { width, height: 800 }, colorScheme, locale });
        const { page, errors, foreign } = opened;
        await tiles(page).first().waitFor();
        assert.equal(await tiles(page).count(), count);
        await page.waitForFunction(() => (document.querySelector(".tile img") as HTMLImageElement | null)?.naturalWidth);
        assert.equal(await page.locator("h1").textContent(), query);
        assert.equal(await page.locator(".result-line code").textContent(), "width > 0");
        assert.ok(Number(await page.locator(".tile-score").first().textContent()) > 0.99);
        assert.deepEqual(await violationsOf(page), [], `${count} ${width} ${colorScheme}`);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "scrolls sideways");
        assert.deepEqual([errors, foreign], [[], []]);
        await screenshot(page, `saved-${count}-${width}-${colorScheme}`);
      }
    });
  }

  test("without its pictures it has fewer than 300 kB", async () => {
    await space.json(0, "search", query, "--top-k", "1", "--open", "small.html");
    const page = await readFile(join(space.folder, "small.html"), "utf8");
    const data = savedData(page) as Extract<SavedData, { kind: "search" }>;
    const pictures = [data.query.picture, ...data.hits.map(({ picture }) => picture)].reduce((sum, each) => sum + (each?.length ?? 0), 0);
    assert.ok(pictures > 1000 && page.length - pictures < 300_000, `${page.length - pictures} bytes`);
  });

  test("arrow keys move, Enter shows the details with a link to the image, Escape returns", async () => {
    await space.json(0, "search", query, "--top-k", "8", "--open", "keys.html");
    await using opened = await open("keys.html", { reducedMotion: "reduce" });
    const { page, errors } = opened;
    await tiles(page).first().focus();
    await page.keyboard.press("ArrowRight");
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    assert.equal(focused, await page.locator(".tile-name").nth(1).textContent());
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Score").waitFor();
    await screenshot(page, "saved-details");
    assert.deepEqual(await violationsOf(page), []);
    assert.equal(
      await dialog.getByRole("link", { name: "Open the image" }).getAttribute("href"),
      pathToFileURL(join(photos, focused!)).href,
    );
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), focused);
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByText("8 张照片").waitFor();
    assert.deepEqual(errors, []);
  });

  test("hostile names, ids and metadata stay text", async () => {
    const folder = join(space.folder, "hostile");
    await mkdir(folder);
    const script = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
    const names = ["<img src=x onerror=alert(1)>.jpg", "$&$'$`.jpg", "a\"onload='alert(1)'.jpg"];
    const lines = names.map(async (name, index) => {
      await copyFile(query, join(folder, name));
      return JSON.stringify({
        input: join(folder, name),
        id: `javascript:alert(${index})`,
        metadata: { note: script, other: "<!--<script>" },
      });
    });
    await writeFile(join(space.folder, "hostile.jsonl"), (await Promise.all(lines)).join("\n"));
    await space.json(0, "ingest", "--manifest", "hostile.jsonl", "--collection", "hostile");
    await space.json(0, "search", join(folder, names[0]!), "--collection", "hostile", "--open", "hostile.html");
    await using opened = await open("hostile.html");
    const { page, errors, foreign } = opened;
    await tiles(page).first().waitFor();
    assert.deepEqual((await page.locator(".tile-name").allTextContents()).sort(), [...names].sort());
    await tiles(page).first().click();
    await page.getByRole("dialog").getByText(script).waitFor();
    assert.match(await page.title(), /^.*hostile – Headrace$/);
    assert.equal(await page.locator("body script, .tile img[src=x]").count(), 0);
    assert.deepEqual([errors, foreign], [[], []]);
  });

  test("groups of duplicates have the image to keep first, and say which files are the same", async () => {
    const folder = join(space.folder, "copies");
    await mkdir(folder);
    for (const name of ["one.jpg", "two.jpg"]) await copyFile(query, join(folder, name));
    await space.json(0, "ingest", folder, "--collection", "copies");
    await space.json(0, "dedupe", "copies", "--open", "copies.html");
    await using opened = await open("copies.html", { viewport: { width: 360, height: 800 } });
    const { page, errors, foreign } = opened;
    await page.getByRole("heading", { name: "Duplicates in copies" }).waitFor();
    assert.deepEqual(await page.locator(".tile-score").allTextContents(), ["to keep", "same file"]);
    await page.waitForFunction(() => (document.querySelector(".tile img") as HTMLImageElement | null)?.naturalWidth);
    assert.deepEqual(await violationsOf(page), []);
    await screenshot(page, "saved-duplicates");
    assert.deepEqual([errors, foreign], [[], []]);
  });
});
