/** All routes of the service. */
import type { Route } from "./requests/route.js";
import { aliasRoutes } from "./routes/aliases.js";
import { collectionRoutes } from "./routes/collections.js";
import { embedRoutes } from "./routes/embed.js";
import { healthRoutes } from "./routes/health.js";
import { imageRoutes } from "./routes/images.js";
import { jobRoutes } from "./routes/jobs.js";
import { metricsRoutes } from "./routes/metrics.js";
import { modelRoutes } from "./routes/models.js";
import { openAiRoutes } from "./routes/openai.js";
import { originalRoutes } from "./routes/originals.js";
import { pictureRoutes } from "./routes/pictures.js";
import { pythonServiceRoutes } from "./routes/python-service.js";
import { referenceRoutes } from "./routes/reference.js";
import { rowRoutes } from "./routes/rows.js";
import { searchRoutes } from "./routes/search.js";
import { snapshotRoutes } from "./routes/snapshots.js";
import { uploadRoutes } from "./routes/uploads.js";
import { vectorRoutes } from "./routes/vectors.js";

export const allRoutes: readonly Route[] = [
  ...healthRoutes,
  ...collectionRoutes,
  ...aliasRoutes,
  ...imageRoutes,
  ...vectorRoutes,
  ...rowRoutes,
  ...pictureRoutes,
  ...originalRoutes,
  ...searchRoutes,
  ...embedRoutes,
  ...openAiRoutes,
  ...modelRoutes,
  ...uploadRoutes,
  ...jobRoutes,
  ...snapshotRoutes,
  ...pythonServiceRoutes,
  ...metricsRoutes,
  ...referenceRoutes,
];
