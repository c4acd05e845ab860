import { IncomingMessage } from "node:http";
import { knownResolution } from "../event/known-resolution.ts";

type Attributes = Record<string, string | number>;

/** What is used of an OpenTelemetry Span. */
interface AttributeSpan {
  setAttributes(attributes: Attributes): unknown;
}

/**
 * Hooks for @opentelemetry/instrumentation-http, which takes `client.address` from the left-most X-Forwarded-For, which any visitor can write:
 * `new HttpInstrumentation(otelHttpHooks)`. A span begins before any middleware has run: where the server has no policy of its own `client.address` is the physical peer
 * until the response is finished, and then what the middleware's policy has proven. Where nothing is, it stays the peer, as the conventions say.
 */
export const otelHttpHooks: {
  readonly startIncomingSpanHook: (request: IncomingMessage) => Attributes;
  readonly applyCustomAttributesOnSpan: (span: AttributeSpan, request: object) => void;
} = {
  startIncomingSpanHook: (request) => {
    const { remoteAddress } = request.socket;
    return knownAttributes(request) ?? (remoteAddress === undefined ? {} : { "client.address": remoteAddress });
  },
  applyCustomAttributesOnSpan: (span, request) => {
    // Outgoing requests have spans, too.
    const attributes = request instanceof IncomingMessage ? knownAttributes(request) : undefined;
    if (attributes !== undefined) span.setAttributes(attributes);
  },
};

function knownAttributes(request: IncomingMessage): Attributes | undefined {
  const resolution = knownResolution(request);
  if (resolution === undefined) return undefined;
  const { client, hops, method, stop } = resolution;
  const peer = hops[0]?.endpoint;
  const attributes: Record<string, string | number | undefined> = {
    "client.address": client?.address ?? peer?.address,
    "client.port": client?.port,
    "network.peer.address": peer?.address,
    "network.peer.port": peer?.port,
    "wherefrom.method": method,
    "wherefrom.stop": stop,
  };
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes;
}
