/** Every example runs an image that has what its command, its source and its configuration need. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { ServiceConfig } from "../../src/app/index.js";
import { imagePackages } from "./image-packages.js";
import { folder, kustomization, podOf, pods } from "./kubernetes.js";

interface Example {
  readonly place: string;
  /** The stage of the Dockerfile. */
  readonly image: string;
  readonly args: readonly string[];
  /** The configuration as a file of the repository. Default: none, so all is embedded. */
  readonly config: string | null;
  /** Folders that the container gets. */
  readonly mounted: readonly string[];
}

interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: string | readonly string[];
  readonly volumes?: readonly string[];
}

const verbs: Readonly<Record<string, readonly string[]>> = {
  serve: ["fastify", "@fastify/multipart", "@fastify/compress", "prom-client", "light-my-request"],
  mcp: ["@modelcontextprotocol/server"],
  distribute: ["bullmq", "ioredis"],
  work: ["bullmq", "ioredis"],
};
/** These call neither a model nor a store. */
const withoutParts = ["triton", "--version"];
const schemes: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^s3:/, ["@aws-sdk/client-s3"]],
  [/^https?:/, ["undici"]],
  [/\.(heic|heif)$/, ["libheif-js"]],
  [/\.jxl$/, ["@jsquash/jxl"]],
  [/\.parquet$/, ["hyparquet"]],
  [/\.(csv|tsv)$/, ["csv-parse"]],
];

describe("the examples with containers", () => {
  const examples = [...composeExamples(), ...kubernetesExamples(), ...guideExamples()];

  it("are in Compose files, in Kubernetes manifests and in the guide", () => {
    const commands = examples.map(({ place, image, args }) => `${place}: ${image} ${args[0]}`);
    for (const command of ["compose.yaml: servers ingest", "deploy/compose.fleet.yaml: servers work", "deploy/kubernetes: servers serve"]) {
      assert.ok(commands.includes(command), `${command}, found ${commands}`);
    }
    assert.ok(
      commands.some((command) => command.startsWith("docs/guides/containers.md: headrace ingest")),
      `${commands}`,
    );
  });

  for (const example of examples) {
    it(`${example.place}: the image ${example.image} has what \`headrace ${example.args.slice(0, 2).join(" ")}\` needs`, async () => {
      assert.deepEqual(await missingPackages(example), []);
    });

    it(`${example.place}: \`headrace ${example.args.slice(0, 2).join(" ")}\` reads only folders that are mounted`, () => {
      const local = example.args.filter((arg) => arg.startsWith("/") && !arg.startsWith("/etc/") && !arg.startsWith("/models"));
      const unmounted = local.filter((path) => !example.mounted.some((mount) => path === mount || path.startsWith(`${mount}/`)));
      assert.deepEqual(unmounted, []);
    });
  }

  it("an image without what an example needs is noticed", async () => {
    const args = ["ingest", "s3://bucket/photos"];
    assert.deepEqual(await missingPackages({ place: "", image: "servers", args, config: null, mounted: [] }), [
      "@lancedb/lancedb",
      "onnxruntime-node",
    ]);
  });

  it("workers and the service of the cluster can read what is distributed", async () => {
    const [, source = ""] = podOf("distribute").container.args ?? [];
    assert.match(source, /^s3:/, "no folder is mounted in these pods");
    const { server } = (await ServiceConfig.fromYaml(join(folder, "config.yaml"))).settings();
    assert.ok(server.allowedRoots.includes(`${source}/`));
    for (const name of ["worker", "serve"]) assert.deepEqual(podOf(name).container.envFrom, podOf("distribute").container.envFrom, name);
  });
});

async function missingPackages({ image, args, config }: Example): Promise<readonly string[]> {
  const there = imagePackages(image);
  const ofSources = args.flatMap((arg) => schemes.flatMap(([pattern, packages]) => (pattern.test(arg) ? packages : [])));
  const ofParts = withoutParts.includes(args[0] ?? "") ? [] : await packagesOfParts(config);
  const needed = new Set([...(verbs[args[0] ?? ""] ?? []), ...ofSources, ...ofParts, "sharp"]);
  return [...needed].filter((name) => !there.includes(name)).sort();
}

async function packagesOfParts(config: string | null): Promise<readonly string[]> {
  const { triton, milvus } = config === null ? { triton: null, milvus: null } : await ServiceConfig.fromYaml(config);
  return [
    ...(triton === null ? ["onnxruntime-node"] : ["undici"]),
    ...(milvus === null ? ["@lancedb/lancedb", "apache-arrow"] : ["@zilliz/milvus2-sdk-node", "protobufjs"]),
  ];
}

/** A tag is the name of the stage that it is built from, and no tag, or `latest`, means everything. */
function stageOf(image: string): string {
  const [, tag] = /^headrace(?::([\w.-]+))?$/.exec(image) ?? [];
  return tag === undefined || tag === "latest" ? "headrace" : tag;
}

function composeExamples(): readonly Example[] {
  return ["compose.yaml", "deploy/compose.fleet.yaml"].flatMap((place) => {
    const { services } = parse(readFileSync(place, "utf8"), { merge: true }) as {
      readonly services: Readonly<Record<string, ComposeService>>;
    };
    return Object.values(services)
      .filter(({ image }) => /^headrace(:|$)/.test(image))
      .map(({ image, entrypoint, command = [], volumes = [] }): Example => {
        const mounts = volumes.map((volume) => volume.replace(/\$\{\w+:-(.*?)\}/, "$1").split(":"));
        const args = entrypoint === undefined ? [command].flat() : ([command].flat().join(" ").split("headrace ")[1] ?? "").split(" ");
        const file = args[args.indexOf("--config") + 1];
        const config = args.includes("--config") ? (mounts.find(([, to]) => to === file)?.[0]?.replace("./", "") ?? "") : null;
        return { place, image: stageOf(image), args, config, mounted: mounts.map(([, to = ""]) => to) };
      });
  });
}

function kubernetesExamples(): readonly Example[] {
  return pods.flatMap(({ containers }) =>
    containers
      .filter(({ image }) => image === "headrace")
      .map(({ args = [], volumeMounts = [] }): Example => {
        const image = kustomization.images.find(({ name }) => name === "headrace")?.newTag ?? "";
        const mounted = volumeMounts.map(({ mountPath }) => mountPath);
        return { place: "deploy/kubernetes", image, args, config: join(folder, "config.yaml"), mounted };
      }),
  );
}

/** The lines `docker run … headrace[:tag] command` of the guide. */
function guideExamples(): readonly Example[] {
  const place = "docs/guides/containers.md";
  const text = readFileSync(place, "utf8").replace(/\\\n\s*/g, "");
  return [...text.matchAll(/^docker run (.*?) (headrace(?::[\w.-]+)?) (.*)$/gm)].map(([, flags = "", image = "", args = ""]) => ({
    place,
    image: stageOf(image),
    args: args.split(" "),
    config: null,
    mounted: [...flags.matchAll(/-v \S+?:(\/\w+)/g)].map(([, to = ""]) => to),
  }));
}
