import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer as createNetServer } from "node:net";
import { createSocket as createPlainSocket } from "node:dgram";
import { compilePolicy, type PolicySource, policyText, trustFunction } from "@wherefrom/core";
import { createSocket } from "@wherefrom/dgram";
import { wherefrom as expressWherefrom } from "@wherefrom/express";
import { wherefrom as fastifyWherefrom } from "@wherefrom/fastify";
import { wherefrom as koaWherefrom } from "@wherefrom/koa";
import { getClient, getClientIp, wherefrom } from "@wherefrom/net";
import { followPolicy } from "@wherefrom/sources";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import Koa from "koa";
import { describe, expect, onTestFinished, test } from "vitest";
import { type OwnList, ownList } from "./own-list.ts";

const CLIENT = "203.0.113.7";
const PEER = "127.0.0.1";

interface Followed {
  readonly source: PolicySource;
  /** The loopback address is a proxy from now on, or is none. */
  readonly trust: (isTrusted: boolean) => Promise<void>;
}

/** "10.255.255.1" keeps the list from being empty. */
async function follow(isTrusted = true): Promise<Followed> {
  const own: OwnList = ownList("10.255.255.1", ...(isTrusted ? [PEER] : []));
  const source = followPolicy({
    lists: { proxies: own.list },
    policy: ({ proxies }) => ({ trust: proxies.prefixes, from: "x-forwarded-for" }),
  });
  onTestFinished(() => source.close());
  await source.ready;
  return {
    source,
    trust: async (isNowTrusted) => {
      const changed = new Promise((resolve) => void source.on("change", resolve));
      own.set("10.255.255.1", ...(isNowTrusted ? [PEER] : []));
      await changed;
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, PEER);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function ask(port: number, agent?: Agent): Promise<unknown> {
  const asked = get({ host: PEER, port, agent, headers: { "x-forwarded-for": CLIENT } });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

type Start = (source: PolicySource) => Promise<Server> | Server;

const starts: readonly (readonly [string, Start])[] = [
  [
    "node:http",
    (source) =>
      wherefrom(
        createServer((request, response) => response.end(JSON.stringify(getClientIp(request)))),
        source,
      ),
  ],
  [
    "getClientIp(request, source)",
    (source) => createServer((request, response) => response.end(JSON.stringify(getClientIp(request, source)))),
  ],
  [
    "Express 5",
    (source) => {
      const app = express();
      app.use(expressWherefrom(source));
      app.get("/", (request, response) => void response.json(request.ip));
      return createServer(app);
    },
  ],
  [
    "Express 4",
    (source) => {
      const app = express4();
      app.use(expressWherefrom(source));
      app.get("/", (request, response) => void response.json(request.ip));
      return createServer(app);
    },
  ],
  [
    `Express 5 with "trust proxy"`,
    (source) => {
      const app = express();
      app.set("trust proxy", trustFunction(source));
      app.get("/", (request, response) => void response.json(request.ip));
      return createServer(app);
    },
  ],
  [
    `req.app.get("trust proxy fn")`,
    (source) => {
      const app = express();
      app.use(expressWherefrom(source));
      app.get("/", (request, response) => {
        const trust = request.app.get("trust proxy fn") as (address: string, distance: number) => boolean;
        response.json(trust(PEER, 0) ? CLIENT : PEER);
      });
      return createServer(app);
    },
  ],
  [
    "Koa",
    (source) => {
      const app = new Koa();
      app.use(koaWherefrom(source));
      app.use((context) => void (context.body = JSON.stringify(context.ip)));
      return createServer(app.callback());
    },
  ],
  [
    "Fastify",
    async (source) => {
      const app = fastify({ forceCloseConnections: true });
      await app.register(fastifyWherefrom(source));
      app.get("/", (request, reply) => reply.send(JSON.stringify(request.ip)));
      await app.ready();
      return app.server;
    },
  ],
];

describe.each(starts)("%s", (_name, start) => {
  test("A, B, A: each request is answered by the policy of its time, on one connection that is kept", async () => {
    const { source, trust } = await follow();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const port = await listening(await start(source));
    expect(await ask(port, agent)).toBe(CLIENT);
    await trust(false);
    expect(await ask(port, agent)).toBe(PEER);
    await trust(true);
    expect(await ask(port, agent)).toBe(CLIENT);
  });
});

describe("the policy in force when the headers arrived answers", () => {
  test.each<[string, (source: PolicySource, wait: () => Promise<void>) => Server]>([
    [
      "a wrapped server whose handler waits",
      (source, wait) =>
        wherefrom(
          createServer((request, response) => {
            void wait().then(() => response.end(JSON.stringify(getClientIp(request))));
          }),
          source,
        ),
    ],
    [
      "a middleware of Express behind one that waits",
      (source, wait) => {
        const app = express();
        app.use(async (_request, _response, next) => {
          await wait();
          next();
        });
        app.use(expressWherefrom(source));
        app.get("/", (request, response) => void response.json(request.ip));
        return createServer(app);
      },
    ],
  ])("%s", async (_title, start) => {
    const { source, trust } = await follow();
    const port = await listening(start(source, () => trust(false)));
    expect(await ask(port)).toBe(CLIENT);
  });

  test("an HTTP/2 stream that waits, and the next one of its session", async () => {
    const { source, trust } = await follow();
    const server = createHttp2Server((request, response) => {
      const answer = (): void => void response.end(JSON.stringify(getClientIp(request)));
      if (request.url === "/wait") void trust(false).then(answer);
      else answer();
    });
    const port = await listening(wherefrom(server as never, source));
    const session = connectHttp2(`http://${PEER}:${port}`);
    onTestFinished(() => {
      session.destroy();
    });
    const read = async (path: string): Promise<unknown> => {
      const stream = session.request({ ":path": path, "x-forwarded-for": CLIENT });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return JSON.parse(Buffer.concat(chunks).toString());
    };
    expect(await read("/wait")).toBe(CLIENT);
    expect(await read("/")).toBe(PEER);
  });

  test("an upgraded connection stays what its request was", async () => {
    const { source, trust } = await follow();
    const server = wherefrom(createServer(), source);
    const handed = new Promise<object>((resolve) => {
      server.on("upgrade", (_request, socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
        resolve(socket);
      });
    });
    const port = await listening(server);
    const client = connect(port, PEER);
    onTestFinished(() => {
      client.destroy();
    });
    client.write(
      `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\nx-forwarded-for: ${CLIENT}\r\n\r\n`,
    );
    const socket = (await handed) as never;
    await trust(false);
    expect(getClient(socket).client?.address).toBe(CLIENT);
  });
});

test("a connection of node:net is judged anew at its next question", async () => {
  const own = ownList("10.255.255.1");
  const source = followPolicy({
    lists: { nodes: own.list },
    policy: ({ nodes }) => ({ trust: [], infrastructure: nodes.prefixes }),
  });
  onTestFinished(() => source.close());
  await source.ready;
  const server = wherefrom(createNetServer(), source);
  const accepted = once(server, "connection");
  server.listen(0, PEER);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const client = connect((server.address() as AddressInfo).port, PEER);
  onTestFinished(() => {
    client.destroy();
  });
  const [socket] = (await accepted) as [never];
  expect(getClient(socket).client?.address).toBe(PEER);
  const changed = new Promise((resolve) => void source.on("change", resolve));
  own.set(PEER);
  await changed;
  expect(getClient(socket).stop).toBe("address-lost");
});

test("a PROXY header of a machine that was withdrawn is not believed on the connection that is kept", async () => {
  const own = ownList("10.255.255.1", PEER);
  const source = followPolicy({
    lists: { balancer: own.list },
    policy: ({ balancer }) => ({ rules: [{ peers: balancer.prefixes, says: "proxy-protocol" }] }),
  });
  onTestFinished(() => source.close());
  await source.ready;
  const server = wherefrom(
    createServer((request, response) => response.end(JSON.stringify(getClientIp(request)))),
    source,
    { proxyProtocol: "required" },
  );
  const port = await listening(server);
  const client = connect(port, PEER);
  onTestFinished(() => {
    client.destroy();
  });
  let seen = "";
  client.setEncoding("latin1").on("data", (text: string) => (seen += text));
  client.write(`PROXY TCP4 ${CLIENT} ${PEER} 4711 80\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n`);
  await expect.poll(() => seen).toContain(`"${CLIENT}"`);
  const changed = new Promise((resolve) => void source.on("change", resolve));
  own.set("10.255.255.1");
  await changed;
  seen = "";
  client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await expect.poll(() => seen).toContain(`"${PEER}"`);
});

test("datagrams fall under the policy of the moment in which they were received", async () => {
  const own = ownList("10.255.255.1", PEER);
  const source = followPolicy({
    lists: { balancer: own.list },
    policy: ({ balancer }) => ({ rules: [{ peers: balancer.prefixes, says: "spp" }] }),
  });
  onTestFinished(() => source.close());
  await source.ready;
  const socket = createSocket({ type: "udp4", udp: "spp" }, source);
  onTestFinished(() => void socket.close());
  const infos: { readonly client: { readonly client: { readonly address: string } | undefined } }[] = [];
  socket.on("message", (_payload, info) => void infos.push(info));
  socket.bind(0, PEER);
  await once(socket as never, "listening");
  const sender = createPlainSocket("udp4");
  onTestFinished(() => void sender.close());
  // Simple Proxy Protocol: magic 56ec, the client's and the proxy's address as IPv6, their ports.
  const header = Buffer.from(
    "56ec" + "00000000000000000000ffffcb007107" + "00000000000000000000ffff7f000001" + "1267" + "0035" + "68690a",
    "hex",
  );
  const send = async (): Promise<void> => {
    const before = infos.length;
    sender.send(header, (socket.address() as AddressInfo).port, PEER);
    await expect.poll(() => infos.length).toBe(before + 1);
  };
  await send();
  const changed = new Promise((resolve) => void source.on("change", resolve));
  own.set("10.255.255.1");
  await changed;
  await send();
  // They are asked now, and the first one fell under the policy before.
  expect(infos.map(({ client }) => client.client?.address)).toEqual([CLIENT, PEER]);
});

describe("a source", () => {
  test("is refused before it has a policy, with what to write", () => {
    const source = followPolicy({ lists: { a: ownList("10.0.0.1").list }, policy: () => ({ trust: [] }) });
    onTestFinished(() => source.close());
    expect(() => wherefrom(createServer(), source)).toThrow(/await source\.ready/);
    expect(() => expressWherefrom(source)).toThrow(/await source\.ready/);
    expect(() => compilePolicy(source as never)).toThrow("are a policy source: give it as it is");
  });

  test("has its policy as text, with the prefixes of now", async () => {
    const { source, trust } = await follow();
    expect(policyText(source)).toContain(`"127.0.0.1/32"`);
    await trust(false);
    expect(policyText(source)).not.toContain(`"127.0.0.1/32"`);
  });

  test("that is closed keeps its last policy", async () => {
    const { source } = await follow();
    source.close();
    expect(source.status.state).toBe("closed");
    expect(source.current.rules).toHaveLength(2);
  });

  test("changes that come together are compiled together, and the last one is in force", async () => {
    const own = ownList("10.0.0.1");
    const source = followPolicy({
      lists: { a: own.list },
      policy: ({ a }) => ({ trust: a.prefixes, from: "x-forwarded-for" }),
    });
    onTestFinished(() => source.close());
    await source.ready;
    for (let last = 2; last < 60; last++) own.set(`10.0.0.${last}`);
    await expect.poll(() => policyText(source)).toContain("10.0.0.59/32");
    expect(source.status.swaps).toBeLessThan(10);
  });
});
