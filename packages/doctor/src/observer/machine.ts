import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { parseAddress } from "@wherefrom/core";
import { INTERFACES_LIMIT } from "../protocol/answer.ts";
import { gateways4, gateways6 } from "@wherefrom/net/internal";

/** Files that container runtimes write: Docker, and Podman with CRI-O. */
const CONTAINER_FILES = ["/.dockerenv", "/run/.containerenv"];
/** The variable that Kubernetes sets in every container. */
const KUBERNETES = "KUBERNETES_SERVICE_HOST";

/** What `SelfDescription` says of the machine. What cannot be read is empty: other systems than Linux have no such files. */
export interface Machine {
  readonly interfaces: readonly string[];
  readonly gateways: readonly string[];
  readonly isContainer: boolean;
}

/** As it is now. */
export function describeMachine(): Machine {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap(({ cidr }) => cidr ?? []),
  );
  const gateways = [...gateways4(textOf("/proc/net/route")), ...gateways6(textOf("/proc/net/ipv6_route"))].flatMap(
    (address) => parseAddress(address)?.text ?? [],
  );
  const isContainer = CONTAINER_FILES.some((file) => existsSync(file)) || process.env[KUBERNETES] !== undefined;
  return { interfaces: interfaces.slice(0, INTERFACES_LIMIT), gateways: [...new Set(gateways)], isContainer };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
