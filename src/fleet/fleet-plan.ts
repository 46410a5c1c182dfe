/** What all workers of a fleet must agree on. `distribute` stores it in the queue, and each worker compares it before its first shard. */
import { HeadraceError, type Metric, type Passport, type WorkQueue } from "../contracts/index.js";
import { comparePassports, passportMismatch } from "../kit/index.js";

export interface FleetPlan {
  /** Changes when shards or plans change their form. */
  readonly format: 1;
  readonly collection: string;
  readonly dimension: number;
  readonly metric: Metric;
  readonly passport: Passport;
  /** Settings that change what is stored, by their names in the configuration. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Throws `fleet_not_found` if there is no plan, or `config_conflict` if another version of Headrace made it. */
export async function planOf(queue: WorkQueue, collection: string): Promise<FleetPlan> {
  const text = await queue.plan();
  if (text !== null) return parsePlan(text, collection);
  throw new HeadraceError("fleet_not_found", `collection ${collection}: expected work for it in the queue, found none`, {
    item: collection,
  });
}

export function parsePlan(text: string, collection: string): FleetPlan {
  const plan = JSON.parse(text) as Partial<FleetPlan>;
  if (plan.format === 1) return plan as FleetPlan;
  throw new HeadraceError("config_conflict", `collection ${collection}: expected a plan of format 1, found format ${plan.format}`, {
    item: collection,
    hint: "Give all workers and `headrace distribute` the same version of Headrace.",
  });
}

/**
 * Throws `config_conflict`, `dimension_mismatch` or `passport_mismatch`, with both sides. `asked`: what this process would do. `plan`: what
 * the fleet does.
 */
export function comparePlans(plan: FleetPlan, asked: FleetPlan): void {
  const { collection } = plan;
  for (const [name, expected] of Object.entries(plan.settings)) {
    const found = asked.settings[name] ?? "none";
    if (found === expected) continue;
    throw new HeadraceError(
      "config_conflict",
      `fleet of ${collection}: expected ${name} ${expected}, as it was distributed, found ${found}`,
      {
        item: name,
        hint: `Set ${name} to ${expected} here, or run \`headrace fleet cancel\` and distribute again.`,
      },
    );
  }
  if (asked.dimension !== plan.dimension) {
    const [ours, theirs] = [asked, plan].map(({ passport }) => passport.labels["model"] ?? "an unknown model");
    throw new HeadraceError(
      "dimension_mismatch",
      `fleet of ${collection}: expected vectors of ${plan.dimension} numbers from ${theirs}, found ${asked.dimension} from ${ours}`,
      { item: collection },
    );
  }
  if (!comparePassports(plan.passport, asked.passport, plan.metric).same) {
    throw passportMismatch(plan.passport, asked.passport, collection, { metric: plan.metric });
  }
}
