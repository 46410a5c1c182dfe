/** Looking around on the page: more photos, the way back, and what the page remembers, in a real browser. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { installChromium } from "../support/services/chromium.js";
import { skipUnless } from "../support/services/required.js";
import { launch, openPage, type Served, serve, violationsOf } from "./served.js";

let executable = "";
const install = async () => {
  executable = await installChromium();
};
const stored = 270;

describe("browsing on the page", { skip: await skipUnless("Chromium", install), timeout: 600_000 }, () => {
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
  const tilesAre = (page: Page, count: number) =>
    page.waitForFunction((count) => document.querySelectorAll(".tile").length === count, count);
  const field = (page: Page) => page.getByLabel("Search by words or id");
  const searchWords = async (page: Page, text: string): Promise<void> => {
    await field(page).fill(text);
    await page.keyboard.press("Enter");
  };

  test("all photos of a collection are browsed page by page, each once", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page, errors } = opened;
    await tilesAre(page, 60);
    await page.getByRole("button", { name: "Browse all photos" }).click();
    await tilesAre(page, 120);
    assert.deepEqual(await violationsOf(page), []);
    await page.getByRole("button", { name: "Show more" }).click();
    await tilesAre(page, 240);
    await page.getByRole("button", { name: "Show more" }).click();
    await tilesAre(page, stored);
    assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
    await page.locator(".result-line", { hasText: `${stored} photos` }).waitFor();
    const ids = await page.evaluate(() => [...document.querySelectorAll(".tile-name")].map((each) => each.textContent));
    assert.equal(new Set(ids).size, stored);
    await page.goBack();
    await tilesAre(page, 60);
    assert.deepEqual(errors, []);
  });

  test("a search shows more hits until there are no more", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos?text=espresso");
    const { page } = opened;
    await tilesAre(page, 50);
    await page.getByRole("button", { name: "Show more" }).click();
    await tilesAre(page, 100);
    await page.getByRole("button", { name: "Show more" }).click();
    await tilesAre(page, stored);
    assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
  });

  test("Back between two searches by words keeps the field and the hits together", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page } = opened;
    await tiles(page).first().waitFor();
    await searchWords(page, "espresso");
    await page.locator(".tile-score").first().waitFor();
    const first = await page.locator(".tile-name").first().textContent();
    assert.match(first ?? "", /^coffee/);
    await searchWords(page, "tabby");
    await page.waitForFunction((name) => document.querySelector(".tile-name")?.textContent !== name, first);
    await page.goBack();
    await page.waitForFunction((name) => document.querySelector(".tile-name")?.textContent === name, first);
    assert.equal(await field(page).inputValue(), "espresso");
    await page.goBack();
    await page.locator(".result-line", { hasText: "In this collection" }).waitFor();
    assert.equal(await field(page).inputValue(), "");
  });

  test("for a word that the model does not know, it offers those that it knows", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page } = opened;
    assert.match((await field(page).getAttribute("placeholder")) ?? "", /^Name a thing/);
    await searchWords(page, "expresso");
    await page.getByRole("heading", { name: "No photos for “expresso”" }).waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await page.getByRole("button", { name: "espresso", exact: true }).click();
    await page
      .locator(".tile-name", { hasText: /^coffee/ })
      .first()
      .waitFor();
    assert.equal(await field(page).inputValue(), "espresso");
  });

  test("after a reload, a search by photo asks for the photo again", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page, errors } = opened;
    await tiles(page).first().waitFor();
    const photo = join(served.photos, (await page.locator(".tile-name").first().textContent()) ?? "");
    await page.setInputFiles('input[aria-label="Choose photos"]', photo);
    await page.locator(".tile-score").first().waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "What was searched with is no longer here" }).waitFor();
    assert.equal(await tiles(page).count(), 0);
    assert.deepEqual(await violationsOf(page), []);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.locator(".empty").getByText("Choose photos").click()]);
    await chooser.setFiles(photo);
    await page.locator(".tile-score", { hasText: "1.000" }).first().waitFor();
    assert.deepEqual(errors, []);
  });

  test("Back leads to where the page was scrolled, and a new search begins at the top", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos?all=240");
    const { page } = opened;
    await tilesAre(page, 240);
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, 2500);
    await page.waitForFunction(() => scrollY >= 2400);
    const before = await page.evaluate(() => scrollY);
    await page.evaluate(() => {
      const { innerHeight } = window;
      const shown = [...document.querySelectorAll<HTMLElement>(".tile-main")].find((each) => {
        const { top, bottom } = each.getBoundingClientRect();
        return top > 80 && bottom < innerHeight;
      });
      shown?.click();
    });
    await tilesAre(page, 50);
    await page.waitForFunction(() => scrollY === 0);
    await page.goBack();
    await tilesAre(page, 240);
    await page.waitForFunction((wanted) => Math.abs(scrollY - wanted) <= 2, before);
  });

  test("the size of the pictures has a name and is remembered", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page } = opened;
    await page.getByLabel("Size", { exact: true }).fill("1.6");
    await page.reload();
    await tiles(page).first().waitFor();
    assert.equal(await page.getByLabel("Size", { exact: true }).inputValue(), "1.6");
    assert.match((await page.locator(".results").getAttribute("style")) ?? "", /--size: ?1\.6/);
  });

  test("a filter in the address is shown in the form, and a text that the form cannot show stays text", async () => {
    await using opened = await openPage(browser, served.url, '#/search/photos?filter=subject+%3D%3D+"coffee"+and+year+%3E%3D+2010');
    const { page } = opened;
    await tiles(page).first().waitFor();
    assert.equal(await page.getByLabel("Field").first().inputValue(), "subject");
    assert.equal(await page.getByLabel("Value").nth(1).inputValue(), "2010");
    await page.getByRole("button", { name: "Write it as text" }).click();
    await page.getByLabel("Filter expression").fill('startsWith(subject, "co") or year in [2001, 2002]');
    await page.getByRole("button", { name: "Use the form" }).click();
    assert.equal(await page.getByLabel("Comparison").nth(1).inputValue(), "in");
    assert.equal(await page.getByLabel("Value").nth(1).inputValue(), "2001, 2002");
    await page.getByRole("button", { name: "Write it as text" }).click();
    await page.getByLabel("Filter expression").fill('not (subject == "coffee")');
    assert.equal(await page.getByRole("button", { name: "Use the form" }).isDisabled(), true);
    await page.getByLabel("Filter expression").fill('subjct == "coffee"');
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText(/fields: .*subject.*year/).waitFor();
  });

  test("/ leads to the search field from everywhere, and ? shows the keys", async () => {
    await using opened = await openPage(browser, served.url, "#/collections");
    const { page } = opened;
    await page.locator(".collection-card").first().waitFor();
    await page.keyboard.press("/");
    await page.waitForFunction(() => document.activeElement?.matches(".composer-field"));
    await page.keyboard.type("?/");
    assert.equal(await field(page).inputValue(), "?/");
    await tiles(page).first().focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).getByText("to the search field").waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("an address that leads nowhere is answered with the page, and with JSON for clients of the API", async () => {
    await using opened = await openPage(browser, served.url, "#/nowhere");
    const { page } = opened;
    await page.getByRole("heading", { name: "There is nothing at this address" }).waitFor();
    const answer = await page.goto(`${served.url}/photos/cats`);
    assert.equal(answer?.status(), 404);
    await page.getByText("/photos/cats").waitFor();
    await page.getByRole("link", { name: "Go to the search" }).click();
    await tiles(page).first().waitFor();
    assert.equal(new URL(page.url()).pathname, "/");
    for (const [path, accept] of [
      ["/photos/cats", "application/json"],
      ["/v1/nothing", "text/html"],
    ] as const) {
      const problem = (await (await fetch(`${served.url}${path}`, { headers: { accept } })).json()) as { code: string };
      assert.equal(problem.code, "route_not_found");
    }
  });

  test("errors are said in Chinese, with their code", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos?filter=year+%3E%3E+1", { locale: "zh-CN" });
    const { page } = opened;
    await page.getByText("筛选表达式无效。").waitFor();
    await page.getByText("filter_invalid").waitFor();
    await page.goto(`${served.url}/#/collections/none`);
    await page.getByText("没有这个集合。").waitFor();
  });

  test("a photo that the browser cannot show has a sign instead of a broken picture", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page } = opened;
    await tiles(page).first().waitFor();
    const photo = {
      name: "IMG_0001.HEIC",
      mimeType: "",
      buffer: await readFile(join("test", "fidelity", "formats", "images", "plain.heic")),
    };
    await page.setInputFiles('input[aria-label="Choose photos"]', photo);
    await page.locator(".chip-query > .icon").waitFor();
    assert.equal(await page.locator(".chip-query img").count(), 0);
    await page.locator(".tile-score").first().waitFor();
  });

  test("a name that the server would refuse is refused by its field", async () => {
    await using opened = await openPage(browser, served.url, "#/collections");
    const { page } = opened;
    await page.getByRole("button", { name: "New collection" }).click();
    await page.getByText("Letters, digits and _, not starting with a digit.").waitFor();
    for (const [name, isValid] of [
      ["my-pets", false],
      ["2024", false],
      ["pets_2024", true],
    ] as const) {
      await page.getByLabel("Name").fill(name);
      assert.equal(await page.getByLabel("Name").evaluate((each) => (each as HTMLInputElement).checkValidity()), isValid, name);
    }
  });

  test("the viewer shows a photo large, arrow keys lead to its neighbours, and Escape back to the grid", async () => {
    await using opened = await openPage(browser, served.url, "#/search/photos");
    const { page, errors } = opened;
    await tiles(page).first().waitFor();
    const names = await page.locator(".tile-name").allTextContents();
    await tiles(page).first().focus();
    await page.keyboard.press("i");
    const viewer = page.getByRole("dialog");
    const isShown = async (at: number): Promise<void> => {
      await viewer.getByRole("heading", { name: names[at] ?? "" }).waitFor();
      await viewer.getByText(`${at + 1} of 60`).waitFor();
      // The large picture has the pixels of the photo, which a small one has not.
      await page.waitForFunction(
        () => ([...document.querySelectorAll<HTMLImageElement>(".viewer-picture img")].at(-1)?.naturalWidth ?? 0) > 320,
      );
    };
    await isShown(0);
    assert.equal(await viewer.getByRole("button", { name: "Previous photo" }).isDisabled(), true);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await isShown(2);
    await page.keyboard.press("ArrowLeft");
    await isShown(1);
    await viewer.getByRole("button", { name: "Next photo" }).click();
    await isShown(2);
    const { width = 0, height = 0 } = (await viewer.locator(".viewer-picture").boundingBox()) ?? {};
    assert.ok(width > 800 && height > 700, `${width} × ${height}`);
    await page.keyboard.press("Escape");
    await viewer.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement?.matches(".tile-main"));
    assert.deepEqual(errors, []);
  });
});
