/** The page of `headrace serve` in a real browser. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { installChromium } from "../support/services/chromium.js";
import { skipUnless } from "../support/services/required.js";
import { launch, openPage, type Served, screenshot, serve, violationsOf } from "./served.js";

const stored = 120;
const pageKey = "page-0123456789abcdef";
/** A screen that draws 60 frames a second. Frames are counted, because a loaded machine draws fewer of them. */
const framesIn200Ms = 12;
let executable = "";
const install = async () => {
  executable = await installChromium();
};

describe("the page", { skip: await skipUnless("Chromium", install), timeout: 600_000 }, () => {
  let served: Served;
  let browser: Browser;
  before(async () => {
    served = await serve({ stored });
    browser = await launch(executable);
  });
  after(async () => {
    await browser?.close();
    await served?.[Symbol.asyncDispose]();
  });

  const tiles = (page: Page) => page.locator(".tile-main");
  const nameOfFirst = (page: Page) => page.locator(".tile-name").first().textContent();
  const photoPath = async (page: Page): Promise<string> => join(served.photos, (await nameOfFirst(page)) ?? "");

  test("shows photos of the collection with their pictures, and asks nothing of other servers", async () => {
    await using opened = await openPage(browser, served.url);
    const { page, errors, foreign, bytes } = opened;
    await tiles(page).first().waitFor();
    assert.equal(await tiles(page).count(), 60);
    await page.waitForFunction(() => (document.querySelector(".tile img") as HTMLImageElement | null)?.naturalWidth);
    assert.deepEqual([errors, foreign], [[], []]);
    assert.ok(bytes() > 20_000 && bytes() < 300_000, `${bytes()} bytes`);
    await screenshot(page, "search-1280");
  });

  test("a photo that is chosen, dropped or pasted finds itself first", async () => {
    await using opened = await openPage(browser, served.url);
    const { page, errors } = opened;
    await tiles(page).first().waitFor();
    const path = await photoPath(page);
    const name = path.split("/").at(-1);
    await page.setInputFiles('input[type="file"]', path);
    await page.locator(".result-line", { hasText: "50 photos" }).waitFor();
    assert.equal(await nameOfFirst(page), name);
    assert.ok(Number(await page.locator(".tile-score").first().textContent()) > 0.99);

    const base64 = (await readFile(path)).toString("base64");
    for (const kind of ["drop", "paste"] as const) {
      await page.goto(`${served.url}/#/collections`);
      await page.goto(`${served.url}/#/search/photos`);
      await page.locator(".result-line", { hasText: "In this collection" }).waitFor();
      await page.evaluate(give, { kind, base64 });
      await page.locator(".result-line", { hasText: "50 photos" }).waitFor();
      assert.equal(await nameOfFirst(page), name, kind);
    }
    assert.deepEqual(errors, []);
  });

  test("several dropped photos are searched with together, and what is no image is left out and said", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page, errors } = opened;
    await tiles(page).nth(2).waitFor();
    const names = await page.locator(".tile-name").allTextContents();
    const chosen = [names[0] ?? "", names[5] ?? "", names[9] ?? ""];
    const photos = await Promise.all(chosen.map((name) => readFile(join(served.photos, name), "base64")));
    const text = Buffer.from("no image").toString("base64");
    const asked = page.waitForRequest((request) => request.url().endsWith("/search"));
    await page.evaluate(giveAll, [...photos.map((base64, at) => ({ name: `${at}.jpg`, base64 })), { name: "notes.txt", base64: text }]);
    assert.deepEqual(
      (await asked).postDataJSON().mix,
      photos.map((base64) => ({ base64 })),
    );
    await page.getByText("Your 3 photos together").waitFor();
    assert.equal(await page.locator(".chip-query img").count(), 3);
    await page.getByRole("alert").getByText("Only images can be searched with.").waitFor();
    await page.locator(".result-line", { hasText: "50 photos" }).waitFor();
    const hits = await page.locator(".tile-name").allTextContents();
    for (const name of chosen) assert.ok(hits.includes(name), name);
    await screenshot(page, "search-three-photos-1280");
    assert.deepEqual(await violationsOf(page), []);
    await page.reload();
    await page.getByRole("heading", { name: "no longer here" }).waitFor();
    assert.deepEqual(errors, []);
  });

  test("a hit leads to more like it, and Back leads to the photo before", async () => {
    await using opened = await openPage(browser, served.url);
    const { page, errors } = opened;
    await tiles(page).first().waitFor();
    await page.setInputFiles('input[type="file"]', await photoPath(page));
    await page.locator(".tile-score").nth(9).waitFor();
    const first = await nameOfFirst(page);
    const tenth = await page.locator(".tile-name").nth(9).textContent();
    assert.notEqual(first, tenth);
    await tiles(page).nth(9).click();
    await page.locator(".chip-text", { hasText: `Like ${tenth}` }).waitFor();
    await page.locator('.results[aria-busy="false"]').waitFor();
    assert.equal(await nameOfFirst(page), tenth);
    await page.goBack();
    await page.locator(".chip-text", { hasText: "Your photo" }).waitFor();
    await page
      .locator(".tile-name", { hasText: first ?? "" })
      .first()
      .waitFor();
    assert.deepEqual(errors, []);
  });

  test("the id of a stored row finds its neighbours, and an unknown id says so", async () => {
    await using opened = await openPage(browser, served.url);
    const { page } = opened;
    await tiles(page).first().waitFor();
    const { images } = (await (await fetch(`${served.url}/v1/collections/photos/images?limit=1`)).json()) as { images: { id: string }[] };
    await page.getByLabel("Search with").selectOption("Id");
    await page.getByLabel("Search by words or id").fill(images[0]?.id ?? "");
    await page.keyboard.press("Enter");
    await page.locator(".tile-score", { hasText: "1.000" }).first().waitFor();
    await page.getByLabel("Search by words or id").fill("none");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("query_invalid").waitFor();
  });

  test("the filter form writes the filter, and the hits follow it", async () => {
    await using opened = await openPage(browser, served.url);
    const { page, errors } = opened;
    await tiles(page).first().waitFor();
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByLabel("Field").fill("subject");
    await page.getByLabel("Value").fill("coffee");
    await page.getByRole("button", { name: "Add condition" }).click();
    await page.getByLabel("Field").nth(1).fill("year");
    await page.getByLabel("Comparison").nth(1).selectOption(">=");
    await page.getByLabel("Value").nth(1).fill("2010");
    await page.getByText('subject == "coffee" and year >= 2010').waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForFunction(() => {
      const names = [...document.querySelectorAll(".tile-name")].map((each) => each.textContent ?? "");
      return names.length > 0 && names.every((name) => name.startsWith("coffee"));
    });
    const found = await tiles(page).count();
    await tiles(page).first().click();
    await page.locator(".result-line", { hasText: `${found} photos` }).waitFor();
    await page.getByRole("button", { name: "Remove filter" }).click();
    await page.locator(".result-line", { hasText: "50 photos" }).waitFor();
    assert.deepEqual(errors, []);
  });

  test("arrow keys move between photos, I shows details, Escape returns, and Enter finds more", async () => {
    await using opened = await openPage(browser, served.url);
    const { page } = opened;
    await tiles(page).first().waitFor();
    await tiles(page).first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    const second = await page.locator(".tile-name").nth(1).textContent();
    const secondHasFocus = () => page.waitForFunction((name) => document.activeElement?.textContent === name, second);
    await secondHasFocus();
    await page.keyboard.press("i");
    await page.getByRole("dialog").getByText("Metadata").waitFor();
    assert.match((await page.getByRole("dialog").textContent()) ?? "", /subject.*year/s);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await secondHasFocus();
    await page.keyboard.press("Enter");
    await page.locator(".chip-text", { hasText: `Like ${second}` }).waitFor();
  });

  test("a collection is created, described, and deleted only after its name was typed", async () => {
    await using opened = await openPage(browser, served.url, "#/collections");
    const { page, errors } = opened;
    await page.getByRole("button", { name: "New collection" }).click();
    await page.getByLabel("Name").fill("pets");
    await page.getByLabel("Metric").selectOption("ip");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: "pets" }).waitFor();
    await page.getByText("Not known yet").waitFor();
    await page.getByRole("button", { name: "Delete…" }).click();
    assert.equal(await page.getByRole("button", { name: "Delete for good" }).isDisabled(), true);
    await page.getByLabel("Type pets to confirm").fill("pets");
    await page.getByRole("button", { name: "Delete for good" }).click();
    await page.getByRole("heading", { name: "Collections" }).waitFor();
    await page.locator(".collection-name").first().waitFor();
    assert.deepEqual(await page.locator(".collection-name").allTextContents(), ["photos"]);
    assert.deepEqual(errors, []);
  });

  test("first hits are on the screen within 12 frames of the answer, of 25 and of 500", async (context) => {
    for (const limit of [25, 500]) {
      await using opened = await openPage(browser, served.url);
      const { page } = opened;
      await tiles(page).first().waitFor();
      await page.evaluate((limit) => {
        location.hash = `#/search/photos?limit=${limit}`;
      }, limit);
      const paint = page.evaluate(firstHitsAfterAnswer);
      await page.setInputFiles('input[type="file"]', await photoPath(page));
      const { frames, tilesMs, pictureMs } = await paint;
      context.diagnostic(
        `at most ${limit} hits: tiles ${frames} frames and ${Math.round(tilesMs)} ms, first picture ${Math.round(pictureMs)} ms after the answer`,
      );
      assert.ok(frames <= framesIn200Ms, `${frames} frames`);
    }
  });

  test("without an allowed folder, the page says why pictures are hidden and what to do", async () => {
    await using hidden = await serve({ stored: 3, allowed: [] });
    await using opened = await openPage(browser, hidden.url);
    await opened.page.getByText("The pictures are hidden").waitFor();
    await opened.page.locator(".picture-missing").nth(2).waitFor();
    assert.equal(await opened.page.locator(".picture-missing").count(), 3);
    assert.deepEqual(await violationsOf(opened.page), []);
  });

  for (const { keys, args } of [
    { keys: "without API keys", args: [] },
    {
      keys: "with an API key",
      args: ["--set", `server.keys=${JSON.stringify([{ name: "page", api_key: pageKey, scopes: ["read", "write", "admin"] }])}`],
    },
  ]) {
    test(`an image that was sent opens as it was sent, in a tab of its own, ${keys}`, async () => {
      await using sending = await serve({ stored: 0, args });
      const headers = { authorization: `Bearer ${pageKey}`, "content-type": "application/json" };
      const post = async (path: string, body: object) => {
        const answer = await fetch(`${sending.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
        assert.ok(answer.ok, await answer.text());
      };
      await post("/v1/collections", { name: "sent" });
      const bytes = await readFile(join("test", "fidelity", "golden", "chelsea-portrait.png"));
      await post("/v1/collections/sent/images", { images: [{ base64: bytes.toString("base64") }] });
      await using opened = await openPage(browser, sending.url, "#/search/sent");
      const { page } = opened;
      if (args.length > 0) {
        await page.getByLabel("API key").fill(pageKey);
        await page.getByRole("button", { name: "Continue" }).click();
      }
      await tiles(page).first().focus();
      await page.keyboard.press("i");
      // Browsers stop a tab that opens after the image has arrived.
      const opening = page.waitForEvent("popup");
      await page.route("**/original*", async (route) => {
        await opening;
        await route.continue();
      });
      const [tab] = await Promise.all([opening, page.getByText("Open the image").click()]);
      await tab.waitForFunction(() => document.querySelector("img")?.naturalWidth);
      const { width } = await sharp(bytes).metadata();
      assert.equal(await tab.evaluate(() => document.querySelector("img")?.naturalWidth), width);
      assert.deepEqual(opened.foreign, []);
    });
  }

  test("an image that is a file of the server opens in a tab of its own", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page } = opened;
    await tiles(page).first().focus();
    await page.keyboard.press("i");
    const [tab] = await Promise.all([page.waitForEvent("popup"), page.getByRole("link", { name: "Open the image" }).click()]);
    await tab.waitForFunction(() => (document.querySelector("img")?.naturalWidth ?? 0) > 320);
    assert.match(tab.url(), /\/original\?content=[0-9a-f]{16}$/);
    assert.deepEqual(opened.foreign, []);
  });

  test("the page asks for an API key, refuses a wrong one, and shows pictures with a good one", async () => {
    const keys = JSON.stringify([{ name: "page", api_key: pageKey, scopes: ["read"] }]);
    await using locked = await serve({ stored: 3, args: ["--set", `server.keys=${keys}`] });
    await using opened = await openPage(browser, locked.url);
    const { page } = opened;
    await page.getByLabel("API key").fill("wrong-0123456789abcdef");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("The server does not know this key.").waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await page.getByLabel("API key").fill(pageKey);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForFunction(() => (document.querySelector(".tile img") as HTMLImageElement | null)?.naturalWidth);
    await page.reload();
    await tiles(page).first().waitFor();
    for (const [place, ready] of [
      ["collections", ".collection-card"],
      ["collections/photos", ".tile"],
      ["pipeline", ".empty"],
    ]) {
      await page.goto(`${locked.url}/#/${place}`);
      await page
        .locator(ready ?? "")
        .first()
        .waitFor();
      assert.equal(await page.locator(".page-head button").count(), 0, place);
    }
    await page.getByRole("button", { name: "Forget the API key" }).click();
    await page.getByLabel("API key").waitFor();
    assert.equal(await page.getByText("The server does not know this key.").count(), 0);
    assert.equal(await page.evaluate(() => JSON.stringify(sessionStorage).includes("page-0123")), false);
    await page.reload();
    await page.getByLabel("API key").waitFor();
    assert.equal(await page.locator(".tile").count(), 0);
  });
});

/** Runs in the page: gives it a photo as a drop or a paste would. */
function give({ kind, base64 }: { readonly kind: "drop" | "paste"; readonly base64: string }): void {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "given.jpg", { type: "image/jpeg" }));
  const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }) : null;
  document.dispatchEvent(event ?? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}

/** Runs in the page: drops files on it. */
function giveAll(files: readonly { readonly name: string; readonly base64: string }[]): void {
  const transfer = new DataTransfer();
  for (const { name, base64 } of files) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: name.endsWith("jpg") ? "image/jpeg" : "text/plain" }));
  }
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}

/** Runs in the page: how many frames and how long after the end of the answer the first scored tile was painted, and its picture loaded. */
async function firstHitsAfterAnswer(): Promise<{ frames: number; tilesMs: number; pictureMs: number }> {
  const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
  const drawnAt: number[] = [];
  while (document.querySelector(".tile-score") === null) drawnAt.push(await frame());
  drawnAt.push(await frame());
  const tiles = performance.now();
  const picture = document.querySelector<HTMLImageElement>(".tile img");
  while (picture?.complete !== true) await frame();
  const loaded = performance.now();
  const answer = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/search")) as PerformanceResourceTiming[];
  const end = answer.at(-1)?.responseEnd ?? 0;
  return { frames: drawnAt.filter((time) => time > end).length, tilesMs: tiles - end, pictureMs: loaded - end };
}
