import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodeOf, VERSIONS } from "../../../scripts/nodes.mjs";
import { started } from "../../conformance/auto/program.ts";
import {
  CLIENT,
  FORGED,
  overAuthJs,
  overFeathers,
  overGraphql,
  overHttp,
  overSocketIo,
  overTrpc,
  overWebSocket,
  POLICY,
  PROBES,
  PROXY,
  type Question,
  STRANGER,
} from "./probe.ts";

/** An application that knows nothing of wherefrom. */
interface Application {
  readonly program: string;
  /** How it says whom it takes for the client. */
  readonly question: Question;
  readonly env?: Readonly<Record<string, string>>;
  /** What it says without the preload where a client forges: right where its own setting counts machines, the peer where it reads no header, none where it takes an X-Forwarded-For of one element alone or has only the preload to ask. Default: what was forged. */
  readonly today?: "right behind the proxy" | "the peer" | "none" | "none behind the proxy";
  /** What it says where the preload has written nothing that it reads. Default: the client. */
  readonly says?: "the peer";
}

const APPLICATIONS: Readonly<Record<string, Application>> = {
  "node:http, left-most element": { program: "left-most", question: overHttp() },
  "Express 5, trust proxy: true": { program: "express", question: overHttp() },
  "Express 5, trust proxy: 1": {
    program: "express",
    question: overHttp(),
    env: { TRUST: "1" },
    today: "right behind the proxy",
  },
  "Express 5, trust proxy: loopback": {
    program: "express",
    question: overHttp(),
    env: { TRUST: "loopback" },
    today: "right behind the proxy",
  },
  "Express 4, trust proxy: true": { program: "express4", question: overHttp() },
  "Express 5, request-ip": { program: "request-ip", question: overHttp() },
  "Express 5, express-rate-limit": { program: "express-rate-limit", question: overHttp() },
  "Fastify 5, trustProxy: true": { program: "fastify", question: overHttp() },
  "Koa 3, proxy: true": { program: "koa", question: overHttp() },
  "Koa 2, proxy: true": { program: "koa2", question: overHttp() },
  "Hono, header": { program: "hono", question: overHttp() },
  "Hono, getConnInfo": { program: "hono", question: overHttp("/peer"), today: "the peer", says: "the peer" },
  "hapi, header": { program: "hapi", question: overHttp() },
  "hapi, info.remoteAddress": { program: "hapi", question: overHttp("/peer"), today: "the peer", says: "the peer" },
  "h3, getRequestIP with xForwardedFor": { program: "h3", question: overHttp() },
  "h3, getRequestIP": { program: "h3", question: overHttp("/peer"), today: "the peer", says: "the peer" },
  "socket.io, header, polling": { program: "socket.io", question: overSocketIo("polling", 0) },
  "socket.io, header, WebSocket": { program: "socket.io", question: overSocketIo("websocket", 0) },
  "socket.io, handshake.address": {
    program: "socket.io",
    question: overSocketIo("websocket", 1),
    today: "the peer",
    says: "the peer",
  },
  "ws, header": { program: "ws", question: overWebSocket },
  tRPC: { program: "trpc", question: overTrpc },
  "Apollo Server, on Express": { program: "apollo", question: overGraphql("/") },
  "GraphQL Yoga": { program: "yoga", question: overGraphql("/graphql") },
  "NestJS on Fastify, trustProxy: true": { program: "nest", question: overHttp() },
  "OpenTelemetry, client.address": { program: "opentelemetry", question: overHttp() },
  "Sentry, the user's ip_address": { program: "sentry", question: overHttp() },
  polka: { program: "polka", question: overHttp() },
  "Feathers on Express, trust proxy: true": { program: "feathers-express", question: overFeathers },
  "Feathers on Koa, proxy: true": { program: "feathers-koa", question: overFeathers },
  "better-auth, address of the session": {
    program: "better-auth",
    question: overHttp(),
    today: "none behind the proxy",
  },
  "Auth.js, request of authorize()": { program: "auth", question: overAuthJs("authorize") },
  "Auth.js, currentClient() in a callback": {
    program: "auth",
    question: overAuthJs("callback"),
    env: { WHEREFROM_CURRENT_CLIENT: "on" },
    today: "none",
  },
};

/** What an application says of a client that forges, behind the proxy and connected itself. */
const TODAY: Readonly<Record<NonNullable<Application["today"]> | "what was forged", readonly string[]>> = {
  "the peer": [PROXY, STRANGER],
  "right behind the proxy": [CLIENT, FORGED],
  none: ["none", "none"],
  "none behind the proxy": ["none", FORGED],
  "what was forged": [FORGED, FORGED],
};

const programOf = ({ program }: Application): string => `e2e/frameworks/applications/${program}.mjs`;

async function answersOf({ question }: Application, port: number): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const [name, probe] of Object.entries(PROBES)) answers[name] = await question(port, probe);
  return answers;
}

const expected = (says: Application["says"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(PROBES).map(([name, { client, from }]) => [name, says === undefined ? client : from]),
  );

/** The Node that runs the tests, and the others where they are there. */
const NODES: readonly (readonly [string, string])[] = [
  [process.version, process.execPath],
  ...VERSIONS.filter((version) => existsSync(nodeOf(version))).map(
    (version) => [`v${version}`, nodeOf(version)] as const,
  ),
];

describe.each(NODES)("Node %s", (_version, node) => {
  test.each(Object.entries(APPLICATIONS))(
    "%s: right under the preload, whatever a client forges",
    async (_name, application) => {
      const env = { ...application.env, WHEREFROM_POLICY: POLICY };
      const { ports } = await started(["--import", "@wherefrom/auto", programOf(application)], env, node);
      expect(await answersOf(application, ports[0] as number)).toEqual(expected(application.says));
    },
  );
});

test.each(Object.entries(APPLICATIONS))("%s: what it says without the preload", async (_name, application) => {
  const { ports } = await started([programOf(application)], { ...application.env });
  const answers = await answersOf(application, ports[0] as number);
  const { "forged, proxied": proxied, "forged, direct": direct } = answers;
  expect([proxied, direct]).toEqual(TODAY[application.today ?? "what was forged"]);
});

test.each(["express", "fastify", "koa", "koa2"])(
  "%s: protocol and host are the proxy's word, and no client's",
  async (program) => {
    const { ports } = await started(["--import", "@wherefrom/auto", `e2e/frameworks/applications/${program}.mjs`], {
      WHEREFROM_POLICY: POLICY,
    });
    const answers = await answersOf({ program, question: overHttp("/origin") }, ports[0] as number);
    expect(answers).toEqual({
      "honest, proxied": "https://app.example",
      "forged, proxied": "https://app.example",
      "honest, direct": "http://127.0.0.1",
      "forged, direct": "http://127.0.0.1",
    });
  },
);
