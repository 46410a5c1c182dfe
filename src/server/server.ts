/** The HTTP server: takes requests, checks them, lets the routes answer, and logs one line per request. */
import { Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ImageEmbeddingPipeline, type Settings, storeKind, UrlBytes } from "../app/index.js";
import { HeadraceError } from "../contracts/index.js";
import { mebibyte } from "../kit/index.js";
import { Insertions } from "./insertions/insertions.js";
import { installedPackage } from "./installed-package.js";
import { Jobs } from "./jobs/jobs.js";
import { KeptAnswers } from "./kept/kept-answers.js";
import { KeptUploads } from "./kept/kept-uploads.js";
import { ReadinessCheck } from "./kept/readiness.js";
import { Thumbnails } from "./kept/thumbnails.js";
import { Reference } from "./openapi/reference.js";
import { answerWithPage, readPage, servePage } from "./page.js";
import { Admission, type Seat } from "./requests/admission.js";
import { answer, send, sendProblem } from "./requests/answering.js";
import { limitBodyTime } from "./requests/body-time.js";
import { CollectionAccess, refuseOthersCollections } from "./requests/collection-access.js";
import { makeApp, safeHeaders } from "./requests/framework.js";
import { fromFrameworkError } from "./requests/framework-errors.js";
import { Keys } from "./requests/keys.js";
import { isLoopback, originRules, refuseForeignPages } from "./requests/origins.js";
import { type CountStranger, limitRates } from "./requests/rate-limit.js";
import { RequestWatch } from "./requests/request-watch.js";
import { type ServerContext, scopes } from "./requests/route.js";
import { Routing, routerPath } from "./requests/routing.js";
import { loadCertificate, renewCertificate } from "./requests/tls.js";
import { closeUnread } from "./requests/unread.js";
import { allRoutes } from "./routes.js";
import type { Log } from "./telemetry/log.js";
import { Telemetry } from "./telemetry/telemetry.js";
import { Refused } from "./wire/problems.js";

export interface ServerOptions {
  /** Stays open when the server stops. */
  readonly pipeline: ImageEmbeddingPipeline;
  readonly settings: Settings;
  readonly log: Log;
  /** "require": without API keys, only addresses of this machine are listened on. */
  readonly keysElsewhere: "require" | "omit";
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:8080`, or with a certificate `https://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new requests, finishes open ones, and aborts them after `server.drain_timeout` seconds or when `hard` fires. */
  stop(hard: AbortSignal): Promise<void>;
}

/** Starts to listen. Throws `config_conflict` for an address of a network without API keys, and `config_invalid` for a busy port. */
export async function startServer({ pipeline, settings, log, keysElsewhere }: ServerOptions): Promise<RunningServer> {
  const { host, port } = settings.server;
  const keys = await Keys.open({ settings: settings.server, log });
  const certificate = await loadCertificate(settings.server);
  if (keys.isEmpty && !isLoopback(host) && keysElsewhere === "require") throw keysNeeded(host);
  const origins = originRules(settings.server, keys.isEmpty ? "none" : "some");
  const stopping = new AbortController();
  const hardStop = new AbortController();
  const installed = installedPackage();
  const telemetry = await Telemetry.open({
    jobs: () => jobs.states,
    traces: {
      endpoint: settings.server.otlpEndpoint,
      version: installed.version,
      dbSystem: storeKind(settings),
      onLost: (message) => log("warn", "traces lost", { message }),
      environment: process.env,
    },
  });
  const uploads = await KeptUploads.open({ pipeline, settings, log });
  const jobs = await Jobs.open({ pipeline, settings, log, telemetry, uploads });
  const { maxBodyMb, maxUrlsMb } = settings.server;
  const urlBytes = new UrlBytes({ maxImageBytes: maxBodyMb * mebibyte, maxBytes: maxUrlsMb * mebibyte });
  const context: ServerContext = {
    pipeline,
    settings,
    jobs,
    telemetry,
    readiness: new ReadinessCheck(pipeline),
    insertions: new Insertions(pipeline, (collection, requests) => telemetry.watchRun({ collection, job: null, requests })),
    uploads,
    urlBytes,
    thumbnails: new Thumbnails(),
    version: installed.version,
    admission: new Admission(settings.server, urlBytes),
    keptAnswers: new KeptAnswers(),
    reference: new Reference(allRoutes),
    scopesOf: (authorization) => [...(keys.of(authorization, "read")?.scopes ?? scopes)],
    isStopping: () => stopping.signal.aborted,
  };
  const routing = new Routing(allRoutes);
  const app = await makeApp(settings.server, { certificate, mayLackBody: (request) => routing.isBodyOptional(request) });
  const watch = new RequestWatch({ telemetry, log, isTraced: (request) => routing.isTraced(request) });
  limitBodyTime(app, {
    windowMs: settings.server.bodyTimeout * 1000,
    isUpload: (request) => routing.isUpload(request),
  });

  const page = readPage(installed.pageFolder);
  app.addHook("onRequest", async (request, reply) => {
    watch.begin(request, reply);
    reply.headers({ ...safeHeaders, "x-request-id": request.id });
    if (request.headers.host === undefined && request.raw.httpVersion === "1.1") {
      throw new Refused("request_malformed", "Host: expected a header, found none.", { headers: { connection: "close" } });
    }
    refuseForeignPages(request.headers, origins);
    // Before the body is read.
    if (request.is404) {
      const unknown = routing.unknown(request);
      const answered = unknown.code === "route_not_found" ? answerWithPage(page, request, reply) : null;
      if (answered === null) throw unknown;
      return answered;
    }
  });
  app.addHook("onSend", async (request, reply) => {
    closeUnread(reply, settings.server.readTimeout * 1000);
    // A connection that is kept open would hold up the stop. One whose body was given up in the middle can take no other request.
    if (context.isStopping() || isHalfRead(request)) void reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    watch.answered(request, reply);
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = fromFrameworkError(thrown);
    watch.failed(request, sendProblem(reply, error, routing.of(request)?.errors), error);
    return reply;
  });
  const clientOf = (request: FastifyRequest): string => watch.of(request)?.key ?? request.ip;
  let countStranger: CountStranger = async () => undefined;
  if (settings.server.rateLimit !== null) {
    const counted = (request: FastifyRequest): string | null => (routing.isCounted(request) ? clientOf(request) : null);
    countStranger = await limitRates(app, { perMinute: settings.server.rateLimit, clientOf: counted });
  }
  const seats = new WeakMap<FastifyRequest, Seat>();
  const accesses = new WeakMap<FastifyRequest, CollectionAccess>();
  for (const each of allRoutes) {
    const guard = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      if (each.scope === null) return;
      if (context.isStopping()) throw new Refused("stopping", undefined, { headers: { connection: "close" } });
      try {
        const key = keys.of(request.headers.authorization, each.scope);
        watch.identified(request, key);
        if (key !== null) accesses.set(request, key.access);
      } catch (refused) {
        await countStranger(request);
        throw refused;
      }
      refuseOthersCollections(each, request, accesses.get(request));
      const client = clientOf(request);
      const isLong = each.duration === "long";
      const seat = isLong
        ? context.admission.watch(client)
        : context.admission.enter(request.headers, client, each.bytes === undefined ? "whole" : "in pieces");
      if (!isLong) seats.set(request, seat);
      reply.raw.once("close", seat.hold());
    };
    app.route({
      method: each.method,
      url: routerPath(each),
      // The key is checked before the body is read.
      onRequest: guard,
      handler: async (request, reply) => {
        const access = accesses.get(request) ?? new CollectionAccess(null);
        const known = { open: watch.of(request), seat: seats.get(request), clientName: clientOf(request), access };
        const options = { hard: hardStop.signal, ...known };
        return send(reply, await answer(each, request, reply, context, options));
      },
    });
  }

  servePage(app, page);
  const endRenewals = app.server instanceof SecureServer ? renewCertificate(app.server, settings.server, log) : () => undefined;
  app.addHook("onClose", async () => {
    keys.close();
    endRenewals();
  });

  try {
    await listen(app, host, port);
  } catch (error) {
    await jobs.close(AbortSignal.abort());
    await uploads.close();
    throw error;
  }
  return {
    url: urlOf(app.server.address() as AddressInfo, certificate === null ? "http" : "https"),
    stop: async (hard) => {
      stopping.abort();
      const deadline = AbortSignal.any([hard, AbortSignal.timeout(settings.server.drainTimeout * 1000)]);
      const jobsClosed = jobs.close(deadline);
      await Promise.all([jobsClosed, drain(app, hardStop, { deadline, jobsClosed })]);
      await context.insertions.idle();
      await uploads.close();
      await telemetry.close();
    },
  };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new HeadraceError("config_invalid", `server: expected to listen on ${host}:${port}, found ${message}`, {
      hint: code === "EADDRINUSE" ? "Choose another port with --port; 0 means any free port." : "Change server.host or server.port.",
      cause,
    });
  }
}

const isHalfRead = ({ raw }: FastifyRequest): boolean => raw.readableDidRead && !raw.complete;

/** Waits for the open requests. When `deadline` fires, aborts them and closes their connections. Those that watch jobs get their last event. */
async function drain(
  app: FastifyInstance,
  hardStop: AbortController,
  { deadline, jobsClosed }: { readonly deadline: AbortSignal; readonly jobsClosed: Promise<void> },
): Promise<void> {
  let closing: NodeJS.Timeout | undefined;
  const abort = async (): Promise<void> => {
    hardStop.abort(new HeadraceError("aborted", "the server is stopping"));
    await jobsClosed;
    closing = setTimeout(() => app.server.closeAllConnections(), lastAnswersMs);
  };
  const onDeadline = (): void => void abort();
  if (deadline.aborted) onDeadline();
  deadline.addEventListener("abort", onDeadline, { once: true });
  try {
    await app.close();
  } finally {
    clearTimeout(closing);
    deadline.removeEventListener("abort", onDeadline);
  }
}

/** Time to send the answers of aborted requests. */
const lastAnswersMs = 100;

function urlOf({ address, family, port }: AddressInfo, scheme: "http" | "https"): string {
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

function keysNeeded(host: string): HeadraceError {
  return new HeadraceError(
    "config_conflict",
    `server.host: expected an address of this machine, because there are no API keys, found ${host}`,
    {
      hint: "Add keys with server.keys or server.keys_file. If a trusted proxy checks every request: --without-keys.",
    },
  );
}
