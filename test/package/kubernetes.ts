/** The manifests of deploy/kubernetes, as far as tests look at them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

interface Probe {
  readonly httpGet?: { readonly path: string };
  readonly exec?: { readonly command: readonly string[] };
}

interface SecretKey {
  readonly secretKeyRef?: { readonly name: string; readonly key: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: SecretKey }[];
  readonly envFrom?: readonly object[];
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly securityContext?: object;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface Pod {
  /** Of the resource that makes the pod. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: { readonly runAsUser?: number };
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
}

interface Labels {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: Omit<Pod, "name" | "labels">;
    };
    readonly strategy?: { readonly type: string };
    readonly replicas?: number;
    readonly podSelector?: Labels;
    readonly selector?: Labels & Readonly<Record<string, unknown>>;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly { readonly from?: readonly { readonly podSelector?: Labels }[] }[];
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
}

export const folder = join("deploy", "kubernetes");
export const kustomization = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as Kustomization;
export const resources: readonly Resource[] = kustomization.resources.flatMap((file) =>
  parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document) => document.toJS() as Resource),
);
export const pods: readonly Pod[] = resources.flatMap(({ spec, metadata }) =>
  spec?.template === undefined ? [] : [{ name: metadata.name, labels: spec.template.metadata.labels, ...spec.template.spec }],
);

/** Throws if there is no such pod. */
export function podOf(name: string): Pod & { readonly container: Container } {
  const pod = pods.find((each) => each.name === name);
  const container = pod?.containers[0];
  if (pod === undefined || container === undefined) throw new Error(`pods: expected ${name}, found ${pods.map((each) => each.name)}`);
  return { ...pod, container };
}
