/** Embeds any text with the text model of a CLIP or SigLIP on Triton Inference Server. */
import { HeadraceError, type ModelTensors, type TextEmbedder, type Tokenizer, type Vectors } from "../../contracts/index.js";
import { planTextModel, type TextPlan, textTensors, unitRows } from "../../kit/index.js";
import { type ConnectionSettings, commonSettings, connect, deadlines, describeServed } from "./connect.js";
import { declarationOf } from "./declaration.js";
import { type TritonTextEmbedderOptions, tritonSection } from "./options.js";
import { readVectors } from "./output.js";
import { type Address, parseAddress } from "./transport/address.js";
import { readSecurity } from "./transport/security.js";
import type { Connection } from "./transport/transport.js";
import { compareVectors } from "./vectors.js";

interface Server {
  readonly address: Address;
  readonly connection: Connection;
  /** Null: the server has not shown yet that it serves the model, or a connection to it was lost since. */
  model: (Model & { readonly losses: number }) | null;
}

interface Model {
  readonly plan: TextPlan;
  readonly tensors: ModelTensors;
  readonly outputType: "FP16" | "FP32";
}

interface Opened {
  readonly tokenizer: Tokenizer;
  readonly servers: readonly Server[];
  readonly settings: ConnectionSettings;
}

const answerTimeoutMs = 30_000;
/** Each server must embed this text like the first server did. */
const provenText = "a";

/** The embedder opens no connection before `open` is called. */
export function tritonTextEmbedder(options: TritonTextEmbedderOptions): TextEmbedder {
  return new TritonTextEmbedder(options);
}

/** Sends texts to one server. When the server is away, another one takes over if it gives the same vectors. */
class TritonTextEmbedder implements TextEmbedder {
  readonly name = "text";
  readonly labels = null;
  readonly #options: ReturnType<typeof withDefaults>;
  readonly #addresses: readonly Address[];
  #opened: Opened | null = null;
  #proof: Float32Array | null = null;
  #current = 0;

  constructor(options: TritonTextEmbedderOptions) {
    this.#options = withDefaults(options);
    this.#addresses = (this.#options.urls ?? [this.#options.url]).map(parseAddress);
  }

  get label(): string {
    return `${this.#options.model}, Triton ${this.#addresses.map(({ text }) => text).join(", ")}`;
  }

  get tensors(): ModelTensors | null {
    return this.#opened?.servers.find(({ model }) => model !== null)?.model?.tensors ?? null;
  }

  get dimension(): number {
    return this.#proof?.length ?? 0;
  }

  /** Throws `model_invalid` or `model_mismatch` with the setting to change, and `embedder_unavailable` when no server answers. */
  async open(signal: AbortSignal): Promise<void> {
    const tokenizer = await this.#options.openTokenizer();
    const settings = {
      ...commonSettings(this.#options, readSecurity(this.#options, this.#addresses)),
      modelName: this.#options.model,
      modelVersion: null,
      modelSetting: "embedder.text.model",
      answerTimeoutMs: Math.min(answerTimeoutMs, this.#options.timeout * 1000),
    };
    const servers = this.#addresses.map(async (address) => ({ address, connection: await connect(address, settings), model: null }));
    this.#opened = { tokenizer, servers: await Promise.all(servers), settings };
    try {
      await this.#embedOne(provenText, signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** One text per request: the result then does not depend on the other texts, and queries are few. */
  async embedText(texts: readonly string[], signal: AbortSignal): Promise<Vectors> {
    const values = new Float32Array(texts.length * this.dimension);
    for (const [row, text] of texts.entries()) values.set(await this.#embedOne(text, signal), row * this.dimension);
    return { dimension: this.dimension, values };
  }

  async close(): Promise<void> {
    const servers = this.#opened?.servers ?? [];
    this.#opened = null;
    await Promise.all(servers.map(({ connection }) => connection.close()));
  }

  /** Tries each server, and the first one twice, because an idle connection may be closed. */
  async #embedOne(text: string, signal: AbortSignal): Promise<Float32Array> {
    const { servers } = this.#ready();
    let failure: HeadraceError | null = null;
    for (let tries = 0; tries <= servers.length; tries += 1) {
      const server = servers[this.#current % servers.length]!;
      try {
        return await this.#embedOn(server, text, signal);
      } catch (error) {
        const known = HeadraceError.from(error);
        if (known.scope !== "service") throw known;
        failure ??= known;
        if (known.code !== "overloaded") server.connection.renew();
        server.model = null;
        if (tries > 0) this.#current += 1;
      }
    }
    throw failure!;
  }

  async #embedOn(server: Server, text: string, signal: AbortSignal): Promise<Float32Array> {
    const { losses } = server.connection;
    if (server.model === null || losses > server.model.losses) {
      const model = await this.#describe(server, signal);
      this.#prove(server, await this.#infer(server, model, provenText, signal));
      server.model = { ...model, losses };
    }
    return await this.#infer(server, server.model, text, signal);
  }

  async #describe({ address, connection }: Server, signal: AbortSignal): Promise<Model> {
    const { settings } = this.#ready();
    const found = await deadlines(address, settings, signal).answer((stop) => describeServed(connection, address, settings, stop));
    const where = `${this.#options.model} on Triton ${address.text}`;
    const declared = declarationOf(found);
    const plan = planTextModel(declared, where);
    const datatype = found.outputs.find(({ name }) => name === plan.outputName)?.datatype;
    const tensors = { ...declared, embedding: plan.outputName };
    if (datatype === "FP32" || datatype === "FP16") return { plan, tensors, outputType: datatype };
    throw new HeadraceError(
      "model_invalid",
      `model for texts ${where}: expected output ${plan.outputName} of FP32 or FP16, found ${datatype}`,
    );
  }

  async #infer({ address, connection }: Server, model: Model, text: string, signal: AbortSignal) {
    const { tokenizer, settings } = this.#ready();
    const { plan, outputType } = model;
    const [first, ...others] = textTensors(plan, tokenizer, text).map(({ dtype, ...tensor }) => ({
      ...tensor,
      datatype: dtype.toUpperCase(),
    }));
    const request = { inputs: [first!, ...others] as const, outputName: plan.outputName };
    const answer = await deadlines(address, settings, signal).inference((stop) => connection.infer(request, stop));
    const where = `Triton ${address.text}, output ${plan.outputName}`;
    const { vectors, dimension } = readVectors(answer, { outputType, dimension: this.#proof?.length ?? null }, 1, where);
    const unit = unitRows({ dimension, values: vectors }).values;
    if (unit.every(Number.isFinite)) return unit;
    throw new HeadraceError("model_invalid", `${where}: expected finite numbers for "${text.slice(0, 80)}", found others`);
  }

  /** Throws `model_mismatch` if the server has another model than the first server that answered. */
  #prove({ address }: Server, vector: Float32Array): void {
    this.#proof ??= vector;
    const { same, cosine } = compareVectors(this.#proof, vector);
    if (same) return;
    throw new HeadraceError(
      "model_mismatch",
      `Triton ${address.text}, model ${this.#options.model}: expected the vectors of the model that answered first, found a cosine of ${cosine.toFixed(4)} for the same text`,
      { hint: "Serve the same model for texts on all servers, and start again after a change of the model." },
    );
  }

  #ready(): Opened {
    if (this.#opened !== null) return this.#opened;
    throw new HeadraceError("contract_broken", `${this.label}: expected open() before use, found no call of open()`);
  }
}

function withDefaults(options: TritonTextEmbedderOptions) {
  return { ...tritonSection.parse({}), ...options };
}
