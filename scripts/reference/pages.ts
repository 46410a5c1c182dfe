/** All pages that are made from code, whole or in part. */
import { architecturePage } from "./architecture.js";
import { cliPage } from "./cli.js";
import { configurationPage, schemaFile } from "./configuration.js";
import { errorsPage } from "./errors.js";
import { libraryPage } from "./library.js";
import { openApiFile } from "./openapi.js";
import type { ReferencePage } from "./page.js";
import { quotingPages } from "./quotes.js";
import { supportPage } from "./support.js";

/** Each depends on the repository alone: the same on every machine. */
export const referencePages: readonly ReferencePage[] = [
  architecturePage,
  cliPage,
  configurationPage,
  errorsPage,
  libraryPage,
  openApiFile,
  schemaFile,
  supportPage,
  ...quotingPages,
];
