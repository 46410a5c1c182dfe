/** Holds all servers to one model, the one that was there when the embedder was opened: by the vector of a fixed picture. */
import { HeadraceError } from "../../contracts/index.js";
import type { Address } from "./address.js";
import { asAway } from "./errors.js";
import { type Link, type Proof, probe } from "./link.js";
import { describePlan, type ModelPlan } from "./model.js";
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

/** Behind one address there may be several servers; a proof has to come from the version that is asked about. */
const maxTries = 12;

export class SameModel {
  readonly #reference: Reference;
  readonly #model: string;

  /** `first` is the server that all others are compared with. */
  constructor(model: string, { address, link }: Server) {
    this.#model = model;
    this.#reference = { server: address.text, plan: link.plan, proof: link.proof };
  }

  /** Throws `model_mismatch`. Batch sizes may differ as long as a server takes what the first one takes; what goes in and comes out must not. */
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

  /** Whether a proof is due: a connection was lost since the last one, or nothing is known of the version that answered. */
  isDoubted({ link: { trust, connection } }: Server, version?: string): boolean {
    return !trust.holds(connection.losses) || (version !== undefined && !trust.knows(version));
  }

  /** Asks until the version that is meant has answered; null: whichever answers. Throws `model_mismatch`. */
  async prove({ address, link }: Server, version: string | null, signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const { losses } = link.connection;
      const proof = await probe(link.connection, link.plan, address, signal).catch((error: unknown) => {
        throw asAway(error);
      });
      this.#compare(address, proof);
      link.trust.found(proof.version, losses);
      if (version === null || link.trust.knows(version)) return;
    }
    const message = `Triton ${address.text}, model ${this.#model}: expected version ${version} to answer the probe picture, as it answered a batch, found others`;
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
        ` (the probe picture's have a cosine of ${cosine.toFixed(4)}, and lengths of ${before} at the start and ${now} now)`,
      {
        hint: "Serve the same weights everywhere and for the whole run (triton.model_version keeps to one version), or begin another collection for the new model.",
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
