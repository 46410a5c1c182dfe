/** `docs/reference/openapi.json`: what `headrace serve` answers at `/openapi.json`. */
import { openApiDocument } from "../../src/server/openapi/document.js";
import { allRoutes } from "../../src/server/routes.js";
import type { ReferencePage } from "./page.js";

export const openApiFile: ReferencePage = {
  path: "docs/reference/openapi.json",
  render: () => `${JSON.stringify(openApiDocument(allRoutes), null, 2)}\n`,
};
