import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { formatResolution, type Policy, type Resolution } from "@wherefrom/core";
import { wherefrom as underExpress } from "@wherefrom/express";
import { getClient, getClientIp, wherefrom } from "@wherefrom/net";
import express from "express";

/** What a service of the demo answers to who accepts JSON. A Resolution as JSON has it. */
export interface Answer extends Omit<Resolution, "toJSON" | "policy"> {
  /** What the application asks: under Express its own property, which falls back to the nearest machine that could be verified. */
  readonly asked: "getClientIp(request)" | "req.ip";
  readonly ip?: string | undefined;
  /** Address headers as they arrived. */
  readonly received: Readonly<Record<string, string>>;
}

/** A plain node:http server. */
export function createPlainService(policy: Policy): Server {
  return wherefrom(
    createServer((request, response) =>
      respond(request, response, { asked: "getClientIp(request)", ip: getClientIp(request) }),
    ),
    policy,
  );
}

/** An Express application. */
export function createExpressService(policy: Policy): Server {
  const app = express();
  app.use(underExpress(policy));
  app.use((request, response) => respond(request, response, { asked: "req.ip", ip: request.ip }));
  return createServer(app);
}

function respond(request: IncomingMessage, response: ServerResponse, own: Pick<Answer, "asked" | "ip">): void {
  const resolution = getClient(request);
  if (request.headers.accept === "application/json") {
    const { client, nearest, method, stop, origin, warnings, hops } = resolution;
    const answer: Answer = {
      ...own,
      client,
      nearest,
      method,
      stop,
      origin,
      warnings,
      hops,
      received: received(request),
    };
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  } else {
    response.setHeader("content-type", "text/plain; charset=utf-8").end(`${formatResolution(resolution)}\n`);
  }
}

function received({ headers }: IncomingMessage): Record<string, string> {
  const names = ["x-forwarded-for", "x-real-ip"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  );
}
