import type { IncomingMessage } from "node:http";
import { callback, checkValue } from "@wherefrom/core/internal";
import { knownResolution } from "../event/known-resolution.ts";

/**
 * A serializer of requests for pino and pino-http, whose own ones log the socket's other end, which is the balancer: `remoteAddress` and `remotePort` become the client's,
 * or absent, and `peerAddress` is who is connected. For pino-http: `serializers: { req: requestSerializer() }`. For pino, whose `standard` is to be given:
 * `serializers: { req: requestSerializer(pino.stdSerializers.req) }`. A request that no policy covers is logged as before.
 */
export function requestSerializer(
  standard: (request: never) => object = (request: object) => request,
): (request: object) => object {
  checkValue("requestSerializer: the standard serializer", standard, callback);
  return (request) => {
    const serialized: object = standard(request as never);
    const resolution = knownResolution(rawRequest(request));
    if (resolution === undefined) return serialized;
    const { client, hops } = resolution;
    return {
      ...serialized,
      remoteAddress: client?.address,
      remotePort: client?.port,
      peerAddress: hops[0]?.endpoint?.address,
    };
  };
}

/** pino-http hands over what pino has serialized, with the request as `raw`. */
function rawRequest(request: object): IncomingMessage {
  return "raw" in request ? (request.raw as IncomingMessage) : (request as IncomingMessage);
}
