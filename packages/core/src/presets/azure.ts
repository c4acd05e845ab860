import { WherefromError } from "../errors.ts";
import type { RuleOptions } from "../policy.ts";
import type { OwnProxyOptions } from "./own-proxy.ts";
import type { RangeTable } from "./range-table.ts";
import { sharedRangeRule } from "./shared-range.ts";

export interface AzureFrontDoorOptions {
  /** ServiceTags, tag AzureFrontDoor.Backend. */
  readonly ranges: RangeTable;
  /** Your profile's Front Door ID, which X-Azure-FDID carries: the ranges are those of all profiles. */
  readonly frontDoorId: string;
}

/** Front Door: X-Azure-SocketIP, the address that connected to the edge, overwritten. Never X-Azure-ClientIP, which the client chooses. */
export function azureFrontDoor({ ranges, frontDoorId }: AzureFrontDoorOptions): RuleOptions {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(frontDoorId)) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `frontDoorId is the profile's Front Door ID, such as "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1", not ${JSON.stringify(frontDoorId)}`,
    );
  }
  return sharedRangeRule("azure-front-door", "x-azure-socketip", {
    ranges,
    with: { header: "x-azure-fdid", equals: frontDoorId },
  });
}

/** Application Gateway and App Service append `address:port`. The peers are your gateway's subnet. */
export function azureAppGateway({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "azure-app-gateway", peers, says: "x-forwarded-for" };
}
