import type { IncomingMessage } from "node:http";
import { checkValue, isOptionObject, type Shape } from "@wherefrom/core/internal";
import { knownResolution } from "../event/known-resolution.ts";

/**
 * The request as @elastic/ecs-helpers should see it, which write `client.ip` from `request.ip` and beside it the port of the socket: the balancer's. Here both are the
 * client's, or absent. What is no request of a policy's is returned as it came.
 */
export function ecsRequest<Request>(request: Request): Request {
  if (typeof request !== "object" || request === null || !("headers" in request) || !("socket" in request))
    return request;
  const resolution = knownResolution(request as unknown as IncomingMessage);
  if (resolution === undefined) return request;
  const { client } = resolution;
  const { encrypted } = request.socket as { encrypted?: boolean };
  return Object.create(request, {
    ip: { value: client?.address },
    socket: { value: { remoteAddress: client?.address, remotePort: client?.port, encrypted } },
  }) as Request;
}

/** A format of winston's for before `ecsFormat` of @elastic/ecs-winston-format: `combine(ecsClient, ecsFormat({ convertReqRes: true }))`. */
export const ecsClient: { transform<Info extends object>(info: Info): Info } = {
  transform: (info) => ("req" in info ? Object.assign(info, { req: ecsRequest(info.req) }) : info),
};

/** What `pino()` takes, as far as `ecsFormat` of @elastic/ecs-pino-format makes it. */
interface PinoFormat {
  readonly formatters?:
    | { log?: ((fields: Record<string, unknown>) => Record<string, unknown>) | undefined }
    | undefined;
}

const PINO_OPTIONS: Shape = { expected: "what ecsFormat() answers", fits: isOptionObject };

/** The options of @elastic/ecs-pino-format with true pairs of address and port: `pino(withEcsClient(ecsFormat({ convertReqRes: true })))`. */
export function withEcsClient<Format extends PinoFormat>(format: Format): Format {
  checkValue("withEcsClient: the options", format, PINO_OPTIONS);
  const { formatters } = format;
  const log = formatters?.log;
  if (log === undefined) return format;
  const logClient = (fields: Record<string, unknown>): Record<string, unknown> =>
    log("req" in fields ? { ...fields, req: ecsRequest(fields["req"]) } : fields);
  return { ...format, formatters: { ...formatters, log: logClient } };
}
