/** Lists the models of one server, with their inputs and outputs. */
import { type DeclaredTensor, HeadraceError } from "../../contracts/index.js";
import { commonSettings, connect, deadlines, describeServed } from "./connect.js";
import { declarationOf } from "./declaration.js";
import { explainFailure } from "./explain.js";
import { type TritonSection, tritonSection } from "./options.js";
import { parseAddress } from "./transport/address.js";
import { readSecurity } from "./transport/security.js";

/** A model in the repository of a server. */
export interface ServedModel {
  readonly name: string;
  /** Triton's word for the state: READY for a model that answers. Empty: not loaded. */
  readonly state: string;
  /** Why the model is not ready. */
  readonly reason: string;
  /** Empty if the model is not ready. */
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
}

/** A missing option has the default of the `triton` section. Throws `embedder_unavailable` or `config_invalid` if the server does not answer. */
export async function servedModels(options: Partial<TritonSection>, signal: AbortSignal): Promise<readonly ServedModel[]> {
  const section = { ...tritonSection.parse({}), ...options };
  const address = parseAddress(section.url);
  const common = commonSettings(section, readSecurity(section, [address]));
  const settingsFor = (modelName: string) => ({
    ...common,
    modelName,
    modelVersion: null,
    modelSetting: "triton.model_name",
    answerTimeoutMs: common.timeoutMs,
  });
  const withModel = async <T>(name: string, ask: (connection: Awaited<ReturnType<typeof connect>>, stop: AbortSignal) => Promise<T>) => {
    const settings = settingsFor(name);
    const connection = await connect(address, settings);
    try {
      return await deadlines(address, settings, signal).answer((stop) => ask(connection, stop));
    } finally {
      await connection.close();
    }
  };
  const listed = await withModel("", async (connection, stop) => {
    try {
      return await connection.models(stop);
    } catch (error) {
      const protocol = connection.kind;
      throw await explainFailure(HeadraceError.from(error), { ...settingsFor(""), address, protocol }, connection, stop);
    }
  });
  return Promise.all(
    listed.map(async ({ name, state, reason }) => {
      if (state !== "READY") return { name, state, reason, inputs: [], outputs: [] };
      const described = await withModel(name, (connection, stop) => describeServed(connection, address, settingsFor(name), stop));
      return { name, state, reason, ...declarationOf(described) };
    }),
  );
}
