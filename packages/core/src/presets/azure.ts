import { WherefromError } from "../options/errors.ts";
import { checkOptions } from "../options/check.ts";
import { required, text } from "../options/shape.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { type OwnProxyOptions, ownProxy } from "./own-proxy.ts";
import type { RangeTable } from "../policy/range-table.ts";
import { shapeText } from "../options/value-text.ts";
import { RANGES } from "../policy/range-table.ts";
import { sharedRangeRule } from "./shared-range.ts";

/** Front Door proves your profile by its ID: neither `with` nor `originIsPrivate` is an option here. */
export interface AzureFrontDoorOptions {
  /** Rows of the tag AzureFrontDoor.Backend of Azure's ServiceTags file; see `parseRangeTable`. */
  readonly ranges: RangeTable;
  /** Your profile's Front Door ID, which X-Azure-FDID carries: the ranges are those of all profiles. */
  readonly frontDoorId: string;
}

/**
 * Front Door: X-Azure-SocketIP, the address that connected to the edge, overwritten. Never X-Azure-ClientIP, which the client chooses. It overwrites X-Forwarded-Proto
 * and -Host (learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol). Ranges: Azure's ServiceTags file, tag AzureFrontDoor.Backend.
 */
export function azureFrontDoor(options: AzureFrontDoorOptions): RuleOptions {
  checkOptions<AzureFrontDoorOptions>(
    "azureFrontDoor",
    options,
    { ranges: required(RANGES), frontDoorId: required(text) },
    "ERR_WHEREFROM_INVALID_POLICY",
  );
  const { ranges, frontDoorId } = options;
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(frontDoorId)) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `frontDoorId is the profile's Front Door ID, such as "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1", not ${shapeText(frontDoorId)}`,
    );
  }
  return sharedRangeRule("azure-front-door", "x-azure-socketip", {
    ranges,
    with: { header: "x-azure-fdid", equals: spellings(frontDoorId) },
    origin: ["x-forwarded-proto", "x-forwarded-host"],
  });
}

/** A GUID is the same in either case; Azure writes lower case, and its tools show both. */
function spellings(guid: string): readonly string[] {
  return [...new Set([guid.toLowerCase(), guid.toUpperCase(), guid])];
}

/** Application Gateway appends `address:port`. The peers are your gateway's subnet. It writes X-Forwarded-Proto and -Port (learn.microsoft.com/azure/application-gateway/how-application-gateway-works). */
export function azureAppGateway(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto", "x-forwarded-port"] } = ownProxy("azureAppGateway", options);
  return { name: "azure-app-gateway", peers, says: "x-forwarded-for", origin };
}

/** App Service: its front end appends `address:port` to X-Forwarded-For. The peer is the front end's address inside of the sandbox (on Linux a link-local one). */
export function azureAppService(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("azureAppService", options);
  return { name: "azure-app-service", peers, says: "x-forwarded-for", origin };
}
