/** Installs, starts and stops a real Triton Inference Server on this machine. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  freePorts,
  freezeProcess,
  readPidFile,
  type ServiceProcess,
  servicesFolder,
  startProcess,
  stopProcess,
  waitUntil,
} from "./process.js";
import { type TestModel, writeModels } from "./triton-models.js";
import { installVenv, type Venv } from "./venv.js";

export interface TritonOptions {
  readonly models: readonly TestModel[];
  /** A ready repository; `models` are added to it. Default: a new one in the system's temporary folder, removed by `stop`. */
  readonly repository?: string;
  /** Default: three free ones. */
  readonly ports?: { readonly http: number; readonly grpc: number; readonly metrics: number };
  /** Default: errors are not fatal, all models are loaded. "explicit": models are loaded and unloaded through the API. */
  readonly control?: "none" | "explicit";
  /** More arguments of tritonserver. Default: none. */
  readonly args?: readonly string[];
  /** Holds the pid while it runs. Default: none. */
  readonly pidFile?: string;
  /** True: it goes on when this process ends. Default: it is killed then. */
  readonly outlives?: boolean;
}

export interface TritonServer {
  /** host:port, without a scheme. */
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly metricsUrl: string;
  readonly repository: string;
  /** Of the server that runs now; another one after `restart`. */
  readonly pid: number;
  /** In order; then removes its files. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. `restart` brings it back. */
  kill(): Promise<void>;
  /** Stops all its threads: it accepts connections and answers nothing. */
  pause(): Promise<void>;
  resume(): void;
  /** A new server on the same ports and repository; kills one that still runs. */
  restart(): Promise<void>;
  /** Explicit control only. */
  load(model: string): Promise<void>;
  unload(model: string): Promise<void>;
  log(): string;
}

const readyWithinMs = 60_000;

/** Python environment with Triton 2.51, numpy and onnxruntime; 8 s the first time. */
export function installTriton(): Promise<Venv> {
  return installVenv({
    name: "triton",
    // numpy 2 makes the python backend answer empty outputs.
    installs: [
      ["--no-deps", "nvidia-pytriton==0.7.0"],
      ["numpy==1.26.4", "onnxruntime==1.32.0"],
    ],
    finish: (sitePackages) => {
      const server = join(sitePackages, "pytriton", "tritonserver");
      cpSync(join(server, "python_backend_stubs", "3.11", "triton_python_backend_stub"), stubOf(server));
    },
  });
}

/** Starts Triton and waits until all its models are ready. */
export async function startTriton(options: TritonOptions): Promise<TritonServer> {
  const venv = await installTriton();
  const folder = mkdtempSync(join(tmpdir(), "headrace-triton-"));
  const repository = options.repository ?? join(folder, "models");
  mkdirSync(repository, { recursive: true });
  writeModels(repository, options.models);
  const ports = options.ports ?? (await threePorts());
  const url = `127.0.0.1:${ports.http}`;
  const names = options.models.map((model) => model.name);

  const start = async (): Promise<ServiceProcess> => {
    const server = startProcess({
      ...commandOf(venv, repository, ports, options),
      logFile: join(folder, "triton.log"),
      ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
      ...(options.outlives === undefined ? {} : { outlives: options.outlives }),
    });
    try {
      await waitUntil(`Triton on ${url}`, () => isReady(url, names, options.control), {
        timeoutMs: readyWithinMs,
        alive: () => server.isAlive(),
      });
    } catch (error) {
      const log = server.log().slice(-2000);
      await server.stop({ graceMs: 0 });
      throw new Error(`${(error as Error).message}\n${log}`, { cause: error });
    }
    return server;
  };

  let server = await start();
  const kill = async () => {
    const processes = modelProcesses(repository);
    await server.kill();
    removeRegions(processes);
  };
  const control = async (model: string, verb: "load" | "unload") => {
    const response = await fetch(`http://${url}/v2/repository/models/${model}/${verb}`, { method: "POST" });
    if (!response.ok) throw new Error(`${verb} ${model}: ${response.status} ${await response.text()}`);
  };
  return {
    httpUrl: url,
    grpcUrl: `127.0.0.1:${ports.grpc}`,
    metricsUrl: `http://127.0.0.1:${ports.metrics}/metrics`,
    repository,
    get pid() {
      return server.pid;
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    kill,
    pause: () => freezeProcess(server.pid),
    resume: () => server.signal("SIGCONT"),
    restart: async () => {
      await kill();
      server = await start();
    },
    load: (model) => control(model, "load"),
    unload: (model) => control(model, "unload"),
    log: () => server.log(),
  };
}

interface ModelProcess {
  readonly pid: number;
  /** In /dev/shm; it cannot remove that itself when it is killed. */
  readonly region: string;
}

/** Processes of python models below a folder of a repository. */
function modelProcesses(folder: string): readonly ModelProcess[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), line: commandLineOf(entry) }))
    .filter(({ line }) => line.includes("triton_python_backend_stub") && line.includes(`${folder}/`))
    .map(({ pid, line }) => ({ pid, region: /triton_python_backend_shm_region_[0-9a-f-]+/.exec(line)?.[0] ?? "" }));
}

/** Empty for a process that has ended since it was listed. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

function removeRegions(processes: readonly ModelProcess[]): void {
  for (const { region } of processes) if (region !== "") rmSync(join("/dev/shm", region), { force: true });
}

/** Kills the process of a python model, as a crash of its code would. The server goes on and says that it is ready. */
export function killModelProcess(server: Pick<TritonServer, "repository">, model: string): void {
  const processes = modelProcesses(join(server.repository, model));
  for (const { pid } of processes) process.kill(pid, "SIGKILL");
  removeRegions(processes);
}

/** `start`, `stop` or `status` of the one that developers keep running, on Triton's usual ports. */
export async function tritonCommand(verb: string | undefined): Promise<string> {
  const pidFile = join(servicesFolder(), "triton.pid");
  const running = readPidFile(pidFile);
  switch (verb) {
    case "start": {
      if (running !== null) return `Triton runs already (pid ${running.pid})`;
      const server = await startTriton({
        models: [
          { kind: "shipped", name: "efficientnet_lite0", input: "uint8" },
          { kind: "sleeping", name: "sleeping", baseMs: 8, rowMs: 1, dimension: 512 },
        ],
        ports: { http: 8000, grpc: 8001, metrics: 8002 },
        pidFile,
        outlives: true,
      });
      return `Triton runs (pid ${server.pid}): http ${server.httpUrl}, grpc ${server.grpcUrl}, models in ${server.repository}`;
    }
    case "stop": {
      if (running === null) return "Triton does not run";
      await stopProcess(running);
      rmSync(pidFile, { force: true });
      return `Triton stopped (pid ${running.pid})`;
    }
    case "status":
      return running === null ? "Triton does not run" : `Triton runs (pid ${running.pid})`;
    default:
      throw new Error(`Expected start, stop or status but received ${verb ?? "nothing"}`);
  }
}

function stubOf(server: string): string {
  return join(server, "backends", "python", "triton_python_backend_stub");
}

async function threePorts(): Promise<NonNullable<TritonOptions["ports"]>> {
  const [http = 0, grpc = 0, metrics = 0] = await freePorts(3);
  return { http, grpc, metrics };
}

function commandOf(venv: Venv, repository: string, ports: NonNullable<TritonOptions["ports"]>, options: TritonOptions) {
  const server = join(venv.sitePackages, "pytriton", "tritonserver");
  const names = options.models.map((model) => model.name);
  return {
    command: join(server, "bin", "tritonserver"),
    env: {
      TRITON_SITE_PACKAGES: venv.sitePackages,
      PATH: `${join(venv.folder, "bin")}:${process.env["PATH"] ?? ""}`,
      // Python takes kept bytecode for that of another file of the same size and second, so a model that was just replaced would be the old one.
      PYTHONDONTWRITEBYTECODE: "1",
    },
    args: [
      `--model-repository=${repository}`,
      `--backend-directory=${join(server, "backends")}`,
      "--http-address=127.0.0.1",
      "--grpc-address=127.0.0.1",
      "--metrics-address=127.0.0.1",
      `--http-port=${ports.http}`,
      `--grpc-port=${ports.grpc}`,
      `--metrics-port=${ports.metrics}`,
      "--allow-gpu-metrics=false",
      "--disable-auto-complete-config",
      "--exit-timeout-secs=1",
      "--exit-on-error=false",
      ...(options.control === "explicit" ? ["--model-control-mode=explicit", ...names.map((name) => `--load-model=${name}`)] : []),
      ...(options.args ?? []),
    ],
  };
}

async function isReady(url: string, names: readonly string[], control: TritonOptions["control"]): Promise<boolean> {
  const paths = control === "explicit" || names.length === 0 ? ["/v2/health/ready"] : [];
  for (const path of [...paths, ...names.map((name) => `/v2/models/${name}/ready`)]) {
    const response = await fetch(`http://${url}${path}`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    if (!response.ok) return false;
  }
  return true;
}
