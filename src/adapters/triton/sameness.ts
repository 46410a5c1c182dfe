/**
 * Ensures that all servers serve the same model during the whole run. Each server embeds the same probe image, and the vectors are
 * compared.
 */
import { HeadraceError } from "../../contracts/index.js";
import { asAway } from "./errors.js";
import { type Link, type Proof, probe } from "./link.js";
import { describePlan, type ModelPlan } from "./model.js";
import type { Address } from "./transport/address.js";
import { compareVectors } from "./vectors.js";

export interface Server {
  readonly address: Address;
  readonly link: Link;
}

interface Reference {
  readonly server: string;
  readonly plan: ModelPlan & { readonly dimension: number };
  readonly proof: Proof;
}

/**
 * Maximum probes until a given model version answers. Several servers with different versions may share one address, so a probe may reach
 * another version.
 */
const maxTries = 12;

export class SameModel {
  readonly #reference: Reference;
  readonly #model: string;

  /** The given server is the reference: all other servers are compared with the reference server. */
  constructor(model: string, { address, link }: Server) {
    this.#model = model;
    this.#reference = { server: address.text, plan: link.plan, proof: link.proof };
  }

  /**
   * Throws `model_mismatch` unless the server serves the same model as the reference server. Inputs and outputs must be equal. The maximum
   * batch size must be at least that of the reference server.
   */
  check({ address, link }: Server): void {
    const { server, plan } = this.#reference;
    if (contractOf(plan) !== contractOf(link.plan) || plan.maxBatch > link.plan.maxBatch) {
      throw new HeadraceError(
        "model_mismatch",
        `Triton ${address.text}: expected the model of ${server}, ${describePlan(plan)}; found ${describePlan(link.plan)}`,
        { hint: "All servers of triton.urls must serve the same model with the same config.pbtxt." },
      );
    }
    this.#compare(address, link.proof);
  }

  /** True when a connection was lost since the last proof, or when `version`, the model version that answered, is not proven. */
  needsProof({ link: { trust, connection } }: Server, version?: string): boolean {
    return !trust.holds(connection.losses) || (version !== undefined && !trust.knows(version));
  }

  /**
   * Proves that the server has the same model. A server may have several versions, so the probe image is sent until `version` answers.
   * With null, the first answer counts. Throws `model_mismatch` when a returned vector differs from that of the reference server.
   */
  async prove({ address, link }: Server, version: string | null, signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const { losses } = link.connection;
      const proof = await probe(link.connection, link.plan, address, signal).catch((error: unknown) => {
        throw asAway(error);
      });
      this.#compare(address, proof);
      link.trust.record(proof.version, losses);
      if (version === null || link.trust.knows(version)) return;
    }
    const message = `Triton ${address.text}, model ${this.#model}: expected version ${version} to answer the probe image, found others`;
    throw new HeadraceError("embedder_unavailable", message);
  }

  #compare(address: Address, found: Proof): void {
    const { server, proof } = this.#reference;
    const { same, cosine, lengths } = compareVectors(proof.vector, found.vector);
    if (same) return;
    const [before, now] = lengths.map((length) => length.toPrecision(4));
    throw new HeadraceError(
      "model_mismatch",
      `Triton ${address.text}, model ${this.#model}${versionText(found.version)}: expected the vectors of the model that ${server} served` +
        ` at the start${versionText(proof.version)}, found those of another one` +
        ` (probe image: cosine of ${cosine.toFixed(4)}, lengths ${before} at the start and ${now} now)`,
      {
        hint: "Serve the same weights on all servers during the whole run (triton.model_version fixes the version), or use a new collection for the new model.",
      },
    );
  }
}

function versionText(version: string): string {
  return version === "" ? "" : ` version ${version}`;
}

function contractOf({ inputName, outputName, input, outputType, dimension, batchDimension, preset }: ModelPlan): string {
  return JSON.stringify([inputName, outputName, input, outputType, dimension, batchDimension, preset]);
}
