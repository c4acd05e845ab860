import type { Demand, PolicyOptions, RuleOptions, Says } from "@wherefrom/core";
import { isSafe } from "../behaviour/behaviour.ts";
import type { Survey } from "../behaviour/survey.ts";
import { type Vendor, vendorOf } from "../evidence/vendor.ts";
import { isInside } from "../evidence/address.ts";
import { peersIn, rulesOf } from "./policy-shape.ts";

/** In the place of the secret that the operator's own configuration of the vendor sets. */
export const SECRET = "(secret)";

interface VendorRules {
  readonly rules: readonly RuleOptions[];
  readonly vendors: readonly Vendor[];
}

/** Rules for machines of a vendor: its published ranges, its own header where it overwrites one, and a proof that the request came through the operator's own configuration. */
export function vendorRules(survey: Survey, machines: readonly string[], says: Says): readonly VendorRules[] {
  const vendors = [...new Set(machines.map(vendorOf).filter((vendor) => vendor !== undefined))];
  if (vendors.length === 0) return [];
  const own = machines.filter((machine) => vendorOf(machine) === undefined && machine !== survey.remote);
  const rest = own.length === 0 ? [] : [{ peers: own, says }];
  const ruleFor = (vendor: Vendor, spoken: Says): RuleOptions => ({
    name: vendor.preset,
    peers: vendor.prefixes,
    says: spoken,
    ...(vendor.isShared && { with: demandOf(survey.service.policy, vendor) }),
  });
  const found: VendorRules[] = [];
  const hasHeader = vendors.every(({ header }) => header !== undefined && isOverwritten(survey, header));
  if (hasHeader) {
    found.push({ vendors, rules: [...vendors.map((vendor) => ruleFor(vendor, vendor.header as Says)), ...rest] });
  }
  const skips = vendors.every(({ skip }) => skip > 0) && typeof says === "string" && machines.includes(survey.remote);
  if (skips) {
    found.push({
      vendors,
      rules: [...vendors.map((vendor) => ruleFor(vendor, { header: says, skip: vendor.skip } as Says)), ...rest],
    });
  }
  return found;
}

/** The vendor's header must be what a client cannot write, on each path by which the vendor comes. */
function isOverwritten({ paths }: Survey, header: string): boolean {
  return paths.every(({ habits }) => isSafe(habits.get(header)?.behaviour));
}

/** What the policy demands of this vendor already, else a header to choose. */
function demandOf(present: PolicyOptions, vendor: Vendor): Demand {
  const rules = rulesOf(present).filter(({ peers }) =>
    vendor.prefixes.some((prefix) => isInside(peers, prefix.split("/")[0])),
  );
  const demand =
    rules.find((rule) => rule.with !== undefined)?.with ??
    (peersIn(present).length > 0 ? shortDemand(present) : undefined);
  if (demand !== undefined && "header" in demand) return { ...demand, equals: SECRET };
  return demand ?? { header: "x-origin-secret", equals: SECRET };
}

function shortDemand(present: PolicyOptions): Demand | undefined {
  return (present as { with?: Demand }).with;
}
