/** Runs on the page of `headrace serve`, in a real browser: started, watched, cancelled and tried again. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { installChromium } from "../support/services/chromium.js";
import { waitUntil } from "../support/services/process.js";
import { skipUnless } from "../support/services/required.js";
import { launch, openPage, type Served, screenshot, serve, violationsOf } from "./served.js";

let executable = "";
const install = async () => {
  executable = await installChromium();
};

describe("the pipeline on the page", { skip: await skipUnless("Chromium", install), timeout: 900_000 }, () => {
  let served: Served;
  let browser: Browser;
  before(async () => {
    served = await serve({
      stored: 0,
      alsoAllowed: "workspace",
      args: ["--set", "embedder.model=builtin-int8", "--set", "preprocess.max_file_mb=1"],
    });
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await served?.[Symbol.asyncDispose]();
  });

  async function start(page: Page, collection: string, source: string): Promise<void> {
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Into collection").selectOption({ label: "New collection…" });
    await page.getByLabel("Name").fill(collection);
    await page.getByLabel(/^Folders, files/).fill(source);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    // Until then, the page still shows the run before.
    await page.getByText(`into ${collection}`).waitFor();
  }
  const state = async (page: Page, text: string): Promise<void> => {
    await page
      .locator(text === "Running" ? ".state-running" : ".state-completed, .state-failed, .state-cancelled")
      .waitFor({ timeout: 300_000 });
    assert.equal(await page.locator(".state").textContent(), text);
  };
  /** The page first shows the newest run. A text file that failed in it has no picture, which the browser notes. */
  const isUnexpected = (text: string): boolean => !text.includes("404");

  /** Looks at the page with each queue drawn full, so that its number is read on the colour of the fill, however fast the run is. */
  async function violationsWithFullQueues(page: Page): Promise<readonly string[]> {
    const draw = (height: "" | "100%"): Promise<void> =>
      page.evaluate((height) => {
        for (const fill of document.querySelectorAll<HTMLElement>(".channel-water")) fill.style.setProperty("height", height, "important");
      }, height);
    await draw("100%");
    const found = await violationsOf(page);
    await draw("");
    return found;
  }

  test("a run of 500 photos is started, watched stage by stage, and reported", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline", { viewport: { width: 1600, height: 1000 } });
    const { page, errors, foreign } = opened;
    await page.getByText("No run yet").waitFor();
    await start(page, "photos", served.photos);
    await state(page, "Running");
    const stages = page.locator(".drawn-stage");
    await stages.first().waitFor();
    const names = await stages.locator(".drawn-name strong").allTextContents();
    for (const name of ["Decode", "Embed", "Store"]) assert.ok(names.includes(name), names.join());
    for (const text of await stages.allTextContents()) assert.match(text, /\d+ workers?.*busy/s);
    for (const seen of [1, 100, 200]) {
      await page.waitForFunction(
        (least) => Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow")) >= least,
        seen,
        { timeout: 300_000 },
      );
    }
    assert.deepEqual(await violationsWithFullQueues(page), []);
    await screenshot(page, "pipeline-running-1600-light");
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await violationsWithFullQueues(page), []);
    await screenshot(page, "pipeline-running-1600-dark");
    await page.setViewportSize({ width: 360, height: 780 });
    await page.locator(".drawing").scrollIntoViewIfNeeded();
    await screenshot(page, "pipeline-running-360-dark");
    assert.deepEqual(await violationsOf(page), []);
    await state(page, "Completed");
    await page.getByText("500 stored").first().waitFor();
    // The report follows the end of the run, so the sentence and the drawing are read together, after it has come.
    await page.waitForFunction(() => document.querySelector(".verdict p")?.textContent !== "A few seconds are needed to say.");
    const { sentence, limits } = await page.evaluate(() => ({
      sentence: document.querySelector(".verdict p")?.textContent ?? "",
      limits: [...document.querySelectorAll(".is-limit .drawn-name strong")].map((each) => each.textContent ?? ""),
    }));
    assert.equal(limits.length, / is the limit/.test(sentence) ? 1 : 0, sentence);
    for (const limit of limits) assert.ok(sentence.startsWith(`${limit.toLowerCase()} is the limit`), sentence);
    assert.equal(await page.getByRole("progressbar").getAttribute("aria-valuenow"), "500");
    await page.setViewportSize({ width: 1600, height: 1000 });
    await page.getByText("Nothing has failed.").waitFor();
    await screenshot(page, "pipeline-completed-1600-dark");
    assert.deepEqual(await violationsOf(page), []);
    assert.deepEqual([errors, foreign], [[], []]);
  });

  test("a run is cancelled: photos in flight are finished, and what is stored stays", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page, errors } = opened;
    await start(page, "cancelled", served.photos);
    await page.waitForFunction(() => Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow")) > 0);
    await Promise.all([
      page.getByText(/^Reads no more photos\. The \d+ in flight are finished first\.$/).waitFor(),
      page.getByRole("button", { name: "Cancel the run" }).click(),
    ]);
    await state(page, "Cancelled");
    const answer = (await (await fetch(`${served.url}/v1/collections/cancelled`)).json()) as { count: number };
    assert.ok(answer.count > 0 && answer.count < 500, `${answer.count} rows`);
    await page.getByText(`${answer.count} stored`).first().waitFor();
    await page.reload();
    await state(page, "Cancelled");
    assert.deepEqual(errors, []);
  });

  test("a page that shows a run lives again after the server was killed and started again", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page } = opened;
    await start(page, "killed", served.photos);
    await page.waitForFunction(() => Number(document.querySelector('[role="progressbar"]')?.getAttribute("aria-valuenow")) > 0);
    await page.evaluate(() => Object.assign(window, { isSamePage: true }));
    await served.restart(async () => {
      await page.getByText("The server does not answer.").waitFor();
      await page.getByRole("heading", { name: "page-photos" }).waitFor();
    });
    await state(page, "Completed");
    await page.getByText("started 2 times").waitFor();
    await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => "isSamePage" in window), true);
  });

  test("failures are listed by reason with what can be seen of them, and tried again", async () => {
    const folder = join(served.space.folder, "mixed");
    await mkdir(folder);
    const [photo = ""] = (await readdir(served.photos)).filter((name) => name.startsWith("coffee") && name.endsWith(".jpg"));
    const bytes = await readFile(join(served.photos, photo));
    await copyFile(join(served.photos, photo), join(folder, "whole.jpg"));
    await writeFile(join(folder, "torn.jpg"), bytes.subarray(0, bytes.length >> 1));
    await writeFile(join(folder, "text.jpg"), "this is not a photo");
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page, errors } = opened;
    await start(page, "mixed", folder);
    await state(page, "Completed, 2 failed");
    await page.waitForFunction(() => document.querySelectorAll(".run .dot-partial, .runs .dot-partial").length === 2);
    await page.locator(".failures").getByText("torn.jpg").waitFor();
    assert.match((await page.locator(".failures").textContent()) ?? "", /2 failed.*image_(corrupt|unsupported)/s);
    const torn = page.locator(".failed-pictures li", { hasText: "torn.jpg" });
    await torn.locator("img").evaluate((image) => (image as HTMLImageElement).decode());
    await torn.getByRole("button").click();
    await torn.locator("p").waitFor();
    await screenshot(page, "pipeline-failures-1280");
    assert.deepEqual(await violationsOf(page), []);
    await copyFile(join(served.photos, photo), join(folder, "torn.jpg"));
    await page.getByRole("button", { name: "Retry the failures" }).click();
    await page.getByRole("heading", { name: "Second try of failed photos" }).waitFor();
    await state(page, "Completed, 1 failed");
    await page.getByText("1 failed").first().waitFor();
    assert.deepEqual(errors.filter(isUnexpected), []);
  });

  test("photos of this computer are sent and stored, and a run that has ended can be forgotten", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page, errors } = opened;
    const names = (await readdir(served.photos)).filter((name) => /\.(jpe?g|png|webp)$/.test(name)).slice(0, 12);
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Into collection").selectOption({ label: "New collection…" });
    await page.getByLabel("Name").fill("sent");
    await page.getByLabel("From this computer").check();
    await page.getByLabel("Choose photos").setInputFiles(names.map((name) => join(served.photos, name)));
    await page.getByText(/^12 photos, /).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("heading", { name: "12 uploaded photos" }).waitFor();
    await state(page, "Completed");
    await page.getByText("12 stored").first().waitFor();
    await page.goto(`${served.url}/#/search/sent`);
    await page.waitForFunction(
      () => [...document.querySelectorAll<HTMLImageElement>(".tile img")].filter((each) => each.naturalWidth > 0).length === 12,
    );
    await page.goBack();
    await page.getByRole("button", { name: "Forget the run" }).click();
    await page.getByRole("heading", { name: "12 uploaded photos" }).waitFor({ state: "detached" });
    assert.deepEqual(errors.filter(isUnexpected), []);
  });

  test("photos are chosen by their names too, sent in portions, and after a failure only what is left is sent", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page } = opened;
    const photos = await Promise.all(
      Array.from({ length: 202 }, async (_, at) => ({
        name: at === 0 ? "IMG_0001.HEIC" : `${at}.png`,
        mimeType: at === 0 ? "" : "image/png",
        buffer: await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: at, g: 255 - at, b: 90 } } })
          .png()
          .toBuffer(),
      })),
    );
    const sent: number[] = [];
    await page.route("**/v1/jobs", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      sent.push(sent.length);
      return sent.length === 2 ? route.abort() : route.continue();
    });
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Into collection").selectOption({ label: "New collection…" });
    await page.getByLabel("Name").fill("portions");
    await page.getByLabel("From this computer").check();
    await page
      .getByLabel("Choose photos")
      .setInputFiles([...photos, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("x") }]);
    await page.getByText(/^202 photos, .*1 other file is no image, and is left out\.$/).waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("The server does not answer.").waitFor();
    await page.getByText(/ of .* sent$/).waitFor();
    // The rest belongs to what is sent already.
    for (const field of ["Into collection", "From this computer", "On the server"])
      assert.ok(await page.getByLabel(field).isDisabled(), field);
    await screenshot(page, "upload-stopped-1280");
    assert.deepEqual(await violationsOf(page), []);
    await page.getByRole("button", { name: "Go on", exact: true }).click();
    await page.getByRole("heading", { name: "2 uploaded photos" }).waitFor();
    await state(page, "Completed");
    await page.getByText("200 uploaded photos").first().waitFor();
    assert.equal(sent.length, 3);
    const count = async () => ((await (await fetch(`${served.url}/v1/collections/portions`)).json()) as { readonly count: number }).count;
    await waitUntil("all photos are stored", async () => (await count()) === 202, { timeoutMs: 60_000 });
  });

  test("a photo that is too large is named, and the others are stored without it", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page } = opened;
    const names = (await readdir(served.photos)).filter((name) => name.endsWith(".jpg")).slice(0, 4);
    const photos = await Promise.all(
      names.map(async (name) => ({ name, mimeType: "image/jpeg", buffer: await readFile(join(served.photos, name)) })),
    );
    const large = { name: "large.bmp", mimeType: "image/bmp", buffer: Buffer.alloc(3 * 1024 * 1024, 7) };
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Into collection").selectOption({ label: "New collection…" });
    await page.getByLabel("Name").fill("without_large");
    await page.getByLabel("From this computer").check();
    await page.getByLabel("Choose photos").setInputFiles([...photos.slice(0, 2), large, ...photos.slice(2)]);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("This photo was not taken:").waitFor();
    assert.deepEqual(await page.locator(".refused li").allTextContents(), ["large.bmp 3.0 MB"]);
    await page.getByText("body_too_large").waitFor();
    await screenshot(page, "upload-refused-1280");
    assert.deepEqual(await violationsOf(page), []);
    const again = page.waitForResponse((response) => response.status() === 413);
    await page.getByRole("button", { name: "Try again" }).click();
    await again;
    await page.getByText("This photo was not taken:").waitFor();
    await page.getByRole("button", { name: "Leave out and go on" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const count = async () =>
      ((await (await fetch(`${served.url}/v1/collections/without_large`)).json()) as { readonly count: number }).count;
    await waitUntil("the other photos are stored", async () => (await count()) === 4, { timeoutMs: 60_000 });
  });

  test("a source that the server may not read is refused with the reason, and another one starts the run", async () => {
    await using opened = await openPage(browser, served.url, "#/pipeline");
    const { page } = opened;
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Into collection").selectOption({ label: "New collection…" });
    await page.getByLabel("Name").fill("second_source");
    await page.getByLabel(/^Folders, files/).fill("/etc");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("path_refused").waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await page.getByLabel(/^Folders, files/).fill(join(served.photos, (await readdir(served.photos))[0] ?? ""));
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("into second_source").waitFor();
  });

  test("a snapshot of a collection is shown with its rows, and can be downloaded", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ kind: "export", collection: "sent" });
    const { id } = (await (await fetch(`${served.url}/v1/jobs`, { method: "POST", headers, body })).json()) as { readonly id: string };
    await using opened = await openPage(browser, served.url, `#/pipeline/${id}`);
    const { page, errors } = opened;
    await page.getByRole("heading", { name: "Snapshot of the collection" }).waitFor();
    await page.getByText("12 of 12").waitFor();
    await page.getByText("rows/s").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
    assert.equal(download.suggestedFilename(), "sent.parquet");
    assert.equal((await readFile(await download.path())).subarray(0, 4).toString(), "PAR1");
    assert.equal(await page.locator(".drawing, .verdict").count(), 0);
    await screenshot(page, "pipeline-snapshot-1280");
    assert.deepEqual(await violationsOf(page), []);
    await page.getByRole("button", { name: "Forget the run" }).click();
    await page.getByRole("heading", { name: "Snapshot of the collection" }).waitFor({ state: "detached" });
    assert.deepEqual(errors.filter(isUnexpected), []);
  });

  test("in Chinese, what limited each run is said in Chinese", async () => {
    const { jobs } = (await (await fetch(`${served.url}/v1/jobs`)).json()) as { readonly jobs: readonly { readonly id: string }[] };
    await using opened = await openPage(browser, served.url, "#/pipeline", { locale: "zh-CN" });
    const { page } = opened;
    for (const { id } of jobs) {
      await page.goto(`${served.url}/#/pipeline/${id}`);
      await page.waitForFunction(() => !["", "几秒后才能判断。", undefined].includes(document.querySelector(".verdict p")?.textContent));
      const sentence = (await page.locator(".verdict p").textContent()) ?? "";
      // Names of settings, with their values, stay as they are written in a configuration.
      assert.match(sentence.replace(/设置 [a-z_.]+ \S+ → \S+，/, ""), /^[^a-zA-Z]+。$/, sentence);
    }
    assert.ok(jobs.length > 5);
  });

  test("on a phone, the list of runs shows the chosen one", async () => {
    const { jobs } = (await (await fetch(`${served.url}/v1/jobs`)).json()) as { readonly jobs: readonly { readonly id: string }[] };
    await using opened = await openPage(browser, served.url, `#/pipeline/${jobs.at(-1)?.id}`, { viewport: { width: 390, height: 844 } });
    await opened.page.waitForFunction(() => {
      const { left = -1, right = -1 } = document.querySelector(".runs [aria-current]")?.getBoundingClientRect() ?? {};
      return left >= 0 && right > left && right <= innerWidth;
    });
    assert.equal(await opened.page.evaluate(() => scrollY), 0);
  });
});
