import type { PolicyOptions } from "@wherefrom/core";
import type { Diagnosis } from "../verdict/diagnosis.ts";
import type { Finding } from "../causes/finding.ts";
import { policyCode } from "./policy-code.ts";
import type { Tally } from "../verification/evaluation.ts";
import { vendorOf } from "../evidence/vendor.ts";

/** What `--json` prints: other programs parse it. */
export interface JsonReport {
  readonly v: 1;
  readonly url: string;
  readonly verdict: Diagnosis["verdict"];
  /** Absent where no probe was answered. */
  readonly self?: string;
  readonly sureness: Diagnosis["sureness"];
  readonly findings: readonly Finding[];
  /** The policy to put into force; null where none is needed, or none helps. */
  readonly policy: PolicyOptions | null;
  /** Options of the server beside it. */
  readonly server?: { readonly proxyProtocol: "required" };
  /** The policy as a line of a program. */
  readonly text?: string;
  /** What it makes of the answered probes; absent where it could not be tried. */
  readonly after?: Tally;
  /** What the policy in force made of them. */
  readonly tally: Tally;
  readonly probes: number;
  readonly unanswered: number;
  readonly paths: readonly JsonPath[];
  readonly present: PolicyOptions | null;
  /** What was not seen. */
  readonly limits: readonly string[];
}

interface JsonPath {
  readonly peer: string;
  readonly vendor?: string;
  /** Nearest to the service first. */
  readonly machines: readonly string[];
  /** What happens to a client's own headers; those that do not arrive are left out. */
  readonly carriers: Readonly<Record<string, string>>;
}

export function jsonReport(url: string, diagnosis: Diagnosis): JsonReport {
  const { verdict, self, sureness, findings, suggestion, tally, probes, unanswered, present, limits } = diagnosis;
  return {
    v: 1,
    url,
    verdict,
    ...(self !== undefined && { self }),
    sureness,
    findings,
    policy: suggestion?.policy ?? null,
    ...(suggestion?.server !== undefined && { server: suggestion.server }),
    ...(suggestion !== undefined && { text: policyCode(suggestion) }),
    ...(suggestion?.after !== undefined && { after: suggestion.after }),
    tally,
    probes,
    unanswered,
    paths: diagnosis.paths.map(jsonPath),
    present: present ?? null,
    limits,
  };
}

function jsonPath({ peer, options, habits }: Diagnosis["paths"][number]): JsonPath {
  const vendor = vendorOf(peer)?.preset;
  const carriers = [...habits].filter(([, { behaviour }]) => behaviour !== "dropped");
  return {
    peer,
    ...(vendor !== undefined && { vendor }),
    machines: [...new Set(options.flatMap(({ machines }) => machines))],
    carriers: Object.fromEntries(carriers.map(([name, { behaviour }]) => [name, behaviour])),
  };
}
