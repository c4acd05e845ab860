import type { Resolution } from "@wherefrom/core";
import { keptResolution } from "./kept.ts";
import { hostnameOf, hostOf, ipOf, ipsOf, protocolOf } from "./request-view.ts";
import type { RequestLike } from "./source.ts";

/** What a Resolution answers of what frameworks ask. */
const PROPERTIES: Readonly<Record<RequestProperty, (resolution: Resolution, request: RequestLike) => unknown>> = {
  ip: ipOf,
  ips: ipsOf,
  protocol: protocolOf,
  hostname: hostnameOf,
  host: hostOf,
};

export type RequestProperty = "ip" | "ips" | "protocol" | "hostname" | "host";

const defined = new WeakSet<object>();
/** An application has one, and asks at every request. */
let definedLast: object | undefined;

/**
 * Defines `names` on the prototype of a framework's requests, once for each prototype: properties of the request itself would cost microseconds each.
 * `requestOf` finds the http.IncomingMessage. A request without a Resolution is answered by the prototype behind: a parent's, or the framework's own.
 * `absent` is what the framework says where there is no host. A value that is assigned stays on the request, as frameworks have it.
 */
export function defineRequestProperties<Own extends object>(
  prototype: object,
  names: readonly RequestProperty[],
  requestOf: (own: Own) => RequestLike,
  absent: "" | undefined,
): void {
  if (prototype === definedLast || defined.has(prototype)) return;
  definedLast = prototype;
  defined.add(prototype);
  for (const name of names) {
    const read = PROPERTIES[name];
    const isHost = name === "host" || name === "hostname";
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: Own): unknown {
        const request = requestOf(this);
        const resolution = keptResolution(request);
        if (resolution === undefined) return Reflect.get(Object.getPrototypeOf(prototype) as object, name, this);
        return read(resolution, request) ?? (isHost ? absent : undefined);
      },
      set(this: Own, value: unknown) {
        Object.defineProperty(this, name, { configurable: true, enumerable: true, value, writable: true });
      },
    });
  }
}
