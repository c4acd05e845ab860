import { readFile } from "node:fs/promises";
import { checkOptions, milliseconds, type Shapes, text } from "@wherefrom/core/internal";
import { gateways4, gateways6 } from "@wherefrom/net/internal";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { compileWithin } from "../list/within.ts";

/** Where the routes of the container are read. */
export interface ContainerGatewayOptions {
  /** The kernel's table of IPv4 routes. Default: "/proc/net/route". */
  readonly routes?: string | undefined;
  /** The kernel's table of IPv6 routes; it may be absent. Default: "/proc/net/ipv6_route". */
  readonly routes6?: string | undefined;
  /** How often they are read, in milliseconds. Default 10000. */
  readonly everyMs?: number | undefined;
}

const SHAPES: Shapes<ContainerGatewayOptions> = { routes: text, routes6: text, everyMs: milliseconds(10) };

const EVERY_MS = 10_000;
const STALE_MS = 60_000;
/** Default routes that count: one a network of the container. */
const MOST = 16;

/**
 * The gateway of this container's default route, for `infrastructure`: behind a userland proxy, or a published port of the default bridge, every client seems to be the gateway, and its address proves
 * nothing. A rule that believes it is refused unless it says `originIsPrivate: true`: then only your own proxy can reach the published port.
 */
export function containerGateway(options: ContainerGatewayOptions = {}): PrefixList {
  checkOptions<ContainerGatewayOptions>("containerGateway(options)", options, SHAPES);
  const { routes = "/proc/net/route", routes6 = "/proc/net/ipv6_route", everyMs = EVERY_MS } = options;
  return {
    origin: "gateway of the default route",
    bounds: { within: compileWithin(["private", "cgnat", "169.254.0.0/16", "fe80::/10"]), isPublic: false, most: MOST },
    staleMs: STALE_MS,
    whenStale: "keep",
    isGateway: true,
    read: async (): Promise<Reading> => {
      const prefixes = [...gateways4(await readFile(routes, "utf8")), ...gateways6(await readOptional(routes6))];
      if (prefixes.length === 0) throw new Error("this machine has no default route with a gateway");
      return { prefixes: [...new Set(prefixes)], againMs: everyMs };
    },
  };
}

/** A host without IPv6 has no such file. */
async function readOptional(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
