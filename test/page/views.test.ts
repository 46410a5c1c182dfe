/** Every view of the page, in both languages, light and dark, on a desktop and on a phone: nothing for axe-core to find, and nothing cut off. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { extent } from "../support/extent.js";
import { installChromium } from "../support/services/chromium.js";
import { waitUntil } from "../support/services/process.js";
import { skipUnless } from "../support/services/required.js";
import { launch, openPage, type Served, screenshot, serve, violationsOf } from "./served.js";

let executable = "";
const install = async () => {
  executable = await installChromium();
};

/** For people who want to look at all views. */
const keepsPictures = process.env["HEADRACE_SCREENSHOTS"] !== undefined;
const key = "views-0123456789abcdef";
const screens = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
type Screen = keyof typeof screens;
/** The themes in which axe-core looks at each screen, by language. Each pair of screen and theme is there in one language at least. */
const themes: Readonly<Record<string, Readonly<Record<Screen, readonly ("light" | "dark")[]>>>> = {
  "en-US": extent({ some: { desktop: ["light"], phone: ["dark"] }, all: { desktop: ["light", "dark"], phone: ["light", "dark"] } }),
  "zh-CN": extent({ some: { desktop: ["dark"], phone: ["light"] }, all: { desktop: ["light", "dark"], phone: ["light", "dark"] } }),
};

interface View {
  readonly name: string;
  readonly of?: Served;
  /** After `#`, or the whole path if it does not begin with one. */
  readonly at: string | (() => Promise<string>);
  /** Selectors, because the words are in two languages. */
  readonly ready: string;
  readonly act?: (page: Page) => Promise<void>;
}

describe("all views of the page", { concurrency: 2, skip: await skipUnless("Chromium", install), timeout: 600_000 }, () => {
  let served: Served;
  let empty: Served;
  let locked: Served;
  let browser: Browser;
  let views: readonly View[];
  before(async () => {
    const keys = JSON.stringify([{ name: "reader", api_key: key, scopes: ["read"] }]);
    [served, empty, locked, browser] = await Promise.all([
      serve({ stored: 24, alsoAllowed: "workspace" }),
      serve({ stored: 0 }),
      serve({ stored: 3, args: ["--set", `server.keys=${keys}`] }),
      launch(executable),
    ]);
    views = await viewsOf(served, empty, locked);
  });
  after(async () => {
    await browser?.close();
    for (const each of [served, empty, locked]) await each?.[Symbol.asyncDispose]();
  });

  for (const [locale, themesOf] of Object.entries(themes)) {
    test(`are whole and accessible in ${locale}`, async () => {
      for (const { name, of = served, at, ready, act } of views) {
        await using opened = await openPage(browser, of.url, typeof at === "string" ? at : await at(), {
          viewport: screens.desktop,
          locale,
        });
        const { page, foreign } = opened;
        await page.locator(ready).first().waitFor();
        await act?.(page);
        for (const screen of ["desktop", "phone"] as const) {
          await page.setViewportSize(screens[screen]);
          for (const [index, colorScheme] of themesOf[screen].entries()) {
            await page.emulateMedia({ colorScheme });
            // Only colours depend on the theme.
            const rules = index === 0 ? undefined : ["color-contrast"];
            assert.deepEqual(await violationsOf(page, rules), [], `${name} ${screen} ${colorScheme}`);
            if (keepsPictures) await screenshot(page, `views/${name}-${screen}-${locale}-${colorScheme}`);
          }
          assert.deepEqual(await page.evaluate(cutOff), [], `${name} ${screen}`);
        }
        assert.deepEqual(foreign, []);
      }
    });
  }
});

async function viewsOf(served: Served, empty: Served, locked: Served): Promise<readonly View[]> {
  const { images } = (await (await fetch(`${served.url}/v1/collections/photos/images?limit=2`)).json()) as {
    images: readonly { id: string; source: string }[];
  };
  const [image] = images;
  const photo = image!.source.replace("file://", "");
  await mkdir(join(served.space.folder, "mixed"));
  for (const name of ["text.jpg", "a-very-long-name-of-a-photo-that-does-not-fit-into-any-line-of-a-phone.jpg"]) {
    await writeFile(join(served.space.folder, "mixed", name), "this is not a photo");
  }
  await writeFile(join(served.space.folder, "broken.csv"), "title,year\na,2001\n");
  const start = async (collection: string, sources: readonly string[]): Promise<string> => {
    const json = { method: "POST", headers: { "content-type": "application/json" } };
    await fetch(`${served.url}/v1/collections`, { ...json, body: JSON.stringify({ name: collection }) });
    const answer = await fetch(`${served.url}/v1/jobs`, { ...json, body: JSON.stringify({ collection, sources }) });
    assert.equal(answer.status, 202, await answer.clone().text());
    return ((await answer.json()) as { id: string }).id;
  };
  const ended = async (id: string, state: string): Promise<string> => {
    await waitUntil(
      `the run is ${state}`,
      async () => {
        const job = (await (await fetch(`${served.url}/v1/jobs/${id}`)).json()) as { state: string };
        return job.state === state;
      },
      { timeoutMs: 60_000 },
    );
    return id;
  };
  const withFailures = await ended(await start("mixed", [join(served.space.folder, "mixed"), photo]), "completed");
  const failed = await ended(await start("broken", [join(served.space.folder, "broken.csv")]), "failed");
  let runs = 0;
  const chooseLocal = async (page: Page): Promise<void> => {
    await page.locator(".page-head .button-primary").click();
    await page.locator(".choice input").nth(1).check();
    await page
      .locator(".file-choices input")
      .first()
      .setInputFiles([photo, join(served.space.folder, "broken.csv")]);
    await page.locator(".dialog [role=status]").waitFor();
  };
  return [
    { name: "search", at: "#/search/photos", ready: ".tile img" },
    { name: "search-photo", at: "#/search/photos", ready: ".tile", act: (page) => searchPhoto(page, photo) },
    { name: "search-id", at: `#/search/photos?id=${image!.id}`, ready: ".tile-score" },
    { name: "search-words", at: "#/search/photos?text=espresso", ready: ".tile-score" },
    { name: "search-unknown-word", at: "#/search/photos?text=flowr", ready: ".suggestions" },
    { name: "search-nothing", at: "#/search/photos?filter=year+%3E+3000", ready: ".empty" },
    { name: "search-filter", at: "#/search/photos", ready: ".tile", act: (page) => page.locator("[aria-expanded]").click() },
    { name: "details", at: "#/search/photos", ready: ".tile", act: showDetails },
    { name: "no-collections", of: empty, at: "#/search", ready: ".empty" },
    { name: "collections", at: "#/collections", ready: ".collection-card" },
    { name: "collection", at: "#/collections/photos", ready: ".tile" },
    { name: "new-collection", at: "#/collections", ready: ".collection-card", act: (page) => page.locator(".page-head button").click() },
    { name: "delete-collection", at: "#/collections/photos", ready: ".tile", act: (page) => page.locator(".button-danger").click() },
    { name: "no-runs", of: empty, at: "#/pipeline", ready: ".empty" },
    { name: "run-failures", at: `#/pipeline/${withFailures}`, ready: ".failed-pictures" },
    { name: "run-failed", at: `#/pipeline/${failed}`, ready: ".state-failed" },
    {
      name: "run-running",
      at: async () => `#/pipeline/${await start(`running_${++runs}`, [served.photos])}`,
      ready: ".state-running ~ * , .drawn-stage",
    },
    { name: "start", at: "#/pipeline", ready: ".run", act: (page) => page.locator(".page-head .button-primary").click() },
    { name: "start-local", at: "#/pipeline", ready: ".run", act: chooseLocal },
    { name: "keys", at: "#/collections", ready: ".collection-card", act: showKeys },
    { name: "lost-photo", at: "#/search/photos?image=lost", ready: ".empty" },
    { name: "unknown-address", at: "photos/a/very/long/address/that/nobody/knows/and/that/does/not/fit", ready: ".empty" },
    { name: "key", of: locked, at: "#/search", ready: ".key-form" },
  ];
}

async function searchPhoto(page: Page, photo: string): Promise<void> {
  await page.setInputFiles('input[type="file"]', photo);
  await page.locator(".tile-score").first().waitFor();
}

async function showDetails(page: Page): Promise<void> {
  await page.locator(".tile-main").first().focus();
  await page.keyboard.press("i");
  await page.locator(".dialog-viewer .viewer-picture img").first().waitFor();
}

async function showKeys(page: Page): Promise<void> {
  await page.keyboard.press("?");
  await page.locator(".key-list").waitFor();
}

/** Runs in the page: what is wider than the window, and boxes that hide a part of what is in them without a way to scroll. */
function cutOff(): readonly string[] {
  const named = (element: Element): string => `${element.tagName.toLowerCase()}.${element.className}`;
  const found = document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [];
  for (const element of document.querySelectorAll(
    ".card, .drawing, .drawn-box, .dialog-inside, .viewer-known, .empty, .page, .page-head, .run-head, .top",
  )) {
    if (element.scrollWidth > element.clientWidth + 1) found.push(`${named(element)} ${element.scrollWidth} > ${element.clientWidth}`);
  }
  return found;
}
