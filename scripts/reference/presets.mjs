import { commentText } from "./comment.mjs";
import { docOfDeclaration } from "./declaration.mjs";
import { exportText } from "./page.mjs";
import { openSource } from "./source.mjs";

const SAMPLE_RANGES = { source: "the vendor", asOf: "2026-11-01", prefixes: ["192.0.2.0/24"] };
const SHARED = { ranges: SAMPLE_RANGES, originIsPrivate: true };

/**
 * By the type of a preset's options: a call that is right, and what is the same for all presets that take them. A preset with options of another type needs an entry.
 */
const BY_OPTIONS = {
  OwnProxyOptions: {
    sample: { peers: ["192.0.2.1"] },
    trusts: "the machines that you name in `peers`.",
    ranges: "yours: you write them.",
    demands: "nothing. `peers` are as narrow as you can make them.",
  },
  IngressNginxOptions: {
    sample: { peers: ["192.0.2.1"] },
    trusts: "the machines that you name in `peers`: the controller's Pods.",
    ranges: "yours: you write them.",
    demands: "nothing. `peers` are as narrow as you can make them.",
  },
  SharedRangeOptions: {
    sample: SHARED,
    trusts: "the prefixes of `ranges`, which all customers of the vendor share.",
    demands: "`with`, which only your configuration of the vendor shows, or `originIsPrivate: true`.",
  },
  HardenedOptions: {
    sample: { ...SHARED, clientHeaderIsOverwritten: true },
    trusts: "the prefixes of `ranges`, which all customers of the vendor share.",
    demands:
      "`clientHeaderIsOverwritten: true`, and `with`, which only your configuration of the vendor shows, or `originIsPrivate: true`.",
  },
  RouterOptions: {
    sample: { peers: ["192.0.2.1"] },
    trusts: "the machines that you name in `peers`: the platform's router.",
    ranges: "none are published: you write what your application sees.",
    demands: "nothing. `peers` are as narrow as you can make them.",
  },
  CloudRunOptions: {
    sample: { peers: ["192.0.2.1"] },
    trusts: "the machines that you name in `peers`: Google's front end as the container sees it.",
    ranges: "none are published: you write what your application sees.",
    demands: "nothing. With `behind` the ingress setting admits load balancers alone.",
  },
  AwsRestApiOptions: {
    sample: { peers: ["192.0.2.1"] },
    trusts: "the machines that you name in `peers`: the VPC link.",
    ranges: "yours: you write them.",
    demands: "nothing. `endpoint` is the type that the API has.",
  },
  TunnelOptions: {
    sample: {},
    trusts: "loopback, or the machines that you name in `peers`.",
    ranges: "none: the agent connects from beside the service.",
    demands: "nothing: the service listens where the agent alone reaches it.",
  },
  UnlistedOptions: {
    sample: { with: { header: "x-origin-secret", equals: "correct horse battery" } },
    trusts: "every machine that shows the secret, or those of them that you name in `peers`.",
    demands: "`with`, which only your configuration of the vendor shows.",
  },
  AzureFrontDoorOptions: {
    sample: { ranges: SAMPLE_RANGES, frontDoorId: "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1" },
    trusts: "the prefixes of `ranges`, which all profiles of Front Door share.",
    demands: "`frontDoorId`: a request must have it in X-Azure-FDID.",
  },
  GoogleLoadBalancerOptions: {
    sample: {},
    trusts: "the front ends that Google documents, or the machines that you name in `peers`.",
    ranges:
      "in the preset, as Google's firewall documentation has them; of a regional load balancer your proxy-only subnet.",
    demands: "nothing: only your own load balancers reach your backends from these ranges.",
  },
};

/** Whether an export is a preset: a function that answers a rule. @param {import("./layout.mjs").Export} exported */
export function isPreset({ specifier, declaration }) {
  const { declaration: { type, returnType } = {} } = declaration.nodes[0];
  if (!specifier.endsWith("/core/presets") || type !== "FunctionDeclaration") return false;
  return textOf(declaration, returnType) === ": RuleOptions";
}

const textOf = ({ file }, node) => openSource(file.path).text.slice(node.start, node.end);

/** The chapter of one preset. `presets` are the functions themselves. */
export function presetText(exported, anchors, page, presets) {
  const { name, declaration } = exported;
  const [parameter] = declaration.nodes[0].declaration.params;
  const typed = parameter.left ?? parameter;
  const optionsName = textOf(declaration, typed.typeAnnotation.typeAnnotation);
  const known = BY_OPTIONS[optionsName];
  if (known === undefined)
    throw new Error(`the preset ${name} takes ${optionsName}, of which scripts/reference/presets.mjs knows nothing`);
  const rule = presets[name](known.sample);
  const ranges = known.ranges ?? rangesIn(docOfDeclaration(declaration));
  if (ranges === undefined) throw new Error(`the comment of ${name} says not where its ranges come from: "Ranges: …"`);
  const parts = [
    `- Trusts: ${known.trusts}`,
    `- Reads: ${saysText(rule.says)}${rule.silent === undefined ? "" : `; without it the answer is \`silent: "${rule.silent}"\``}.`,
    `- Protocol, host and port: ${rule.origin?.length > 0 ? rule.origin.map((header) => `\`${typeof header === "string" ? header : header.header}\``).join(", ") : rule.says === "forwarded" ? "from Forwarded" : "none, unless you name headers in `origin`"}.`,
    `- Ranges: ${ranges}`,
    `- Demands: ${known.demands}`,
  ];
  const [heading, ...rest] = exportText(exported, anchors, page).split("\n\n");
  return [heading, ...rest.slice(0, -1), parts.join("\n"), rest.at(-1)].join("\n\n");
}

function rangesIn(doc) {
  const [, text] = /Ranges: ([\s\S]*?)(?:\.(?=\s|$)|$)/.exec(doc.replaceAll(/\s+/g, " ")) ?? [];
  return text === undefined ? undefined : commentText(`${text}.`);
}

function saysText(says) {
  if (typeof says === "string") return `\`${says}\``;
  if ("header" in says)
    return `\`${says.header}\`${says.skip === undefined ? "" : `, behind which the machine appends ${says.skip} of its own`}`;
  throw new Error(`a preset says ${JSON.stringify(says)}, for which the reference has no words`);
}
