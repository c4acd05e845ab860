import { once } from "node:events";
import { createServer, IncomingMessage, type Server } from "node:http";
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import type { Duplex } from "node:stream";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { attach, forwardHeaders, getClient, getClientIp, wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";

const proxied = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const direct = compilePolicy({ trust: [] });

/** What only a client has said. */
const FORGED = "6.6.6.6";
const LINES = [
  "Host: app.example",
  `X-Forwarded-For: ${FORGED}, 203.0.113.7`,
  `X-Real-IP: ${FORGED}`,
  `x_forwarded_for: ${FORGED}`,
  `HTTP_CLIENT_IP: ${FORGED}`,
  `Forwarded: for=${FORGED}`,
  `CF-Connecting-IP: ${FORGED}`,
  `CF-Connecting-IP: ${FORGED}`,
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.example",
  "X-Request-Id: 1",
].join("\r\n");

/** All that an application can read of a request's headers. */
interface Seen {
  readonly fields: IncomingHttpHeaders;
  readonly all: string;
}

function seenOf({ headers, rawHeaders, headersDistinct, trailers, rawTrailers }: Partial<IncomingMessage>): Seen {
  return { fields: { ...headers }, all: JSON.stringify([headers, rawHeaders, headersDistinct, trailers, rawTrailers]) };
}

function expectProven(seen: Seen | undefined, client: string): void {
  const { fields, all } = seen ?? { fields: {}, all: FORGED };
  expect(all).not.toContain(FORGED);
  expect(all).not.toContain("evil.example");
  expect(fields["x-forwarded-for"]).toBe(client);
  expect(fields["x-real-ip"]).toBe(client);
  expect(fields["x-request-id"]).toBe("1");
  expect(fields["x-forwarded-proto"]).toBeUndefined();
  expect(fields[":authority"] ?? fields.host).toBe("app.example");
}

async function listen(server: TcpServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Sends bytes, and waits for the server's end. */
async function send(port: number, text: string): Promise<string> {
  const client = connect(port, "127.0.0.1").setEncoding("latin1");
  let reply = "";
  client.on("data", (part: string) => (reply += part));
  client.on("error", () => {});
  client.write(text, "latin1");
  await once(client, "close");
  return reply;
}

const CLOSE = { connection: "close" };

describe.each<[string, Policy, string]>([
  ["behind the proxy", proxied, "203.0.113.7"],
  ["from a client that forges", direct, "127.0.0.1"],
])("%s", (_title, policy, client) => {
  const start = (server: Server): Promise<number> => listen(wherefrom(server, policy, { normalize: true }));

  test("a request, its repeated lines and its trailers say what is proven", async () => {
    const seen: Seen[] = [];
    const port = await start(
      createServer((request, response) => {
        request.resume().on("end", () => {
          seen.push(seenOf(request));
          response.writeHead(200, CLOSE).end();
        });
      }),
    );
    await send(
      port,
      `POST / HTTP/1.1\r\n${LINES}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Real-IP: ${FORGED}\r\nX-Sum: 1\r\n\r\n`,
    );
    expectProven(seen[0], client);
    expect(seen[0]?.all).toContain("X-Sum");
  });

  test("pipelined requests keep each to its own, and one without headers is given none of another", async () => {
    const seen: Seen[] = [];
    const port = await start(
      createServer((request, response) => {
        seen.push(seenOf(request));
        response.end();
      }),
    );
    await send(
      port,
      `GET /1 HTTP/1.1\r\n${LINES}\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n${LINES}\r\n\r\n`,
    );
    expectProven(seen[0], client);
    expectProven(seen[2], client);
    // The proxy has named no client in the second.
    expect(seen[1]?.fields["x-forwarded-for"]).toBe("127.0.0.1");
  });

  test.each(["upgrade", "connect"])("listeners for '%s' see it", async (event) => {
    expect.hasAssertions();
    const seen: Seen[] = [];
    const server = createServer();
    server.on(event, (request: IncomingMessage, socket: Duplex) => {
      seen.push(seenOf(request));
      socket.end("HTTP/1.1 400 No\r\n\r\n");
    });
    const port = await start(server);
    const upgrade = "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: chat";
    await send(port, `${event === "upgrade" ? upgrade : "CONNECT x:80 HTTP/1.1"}\r\n${LINES}\r\n\r\n`);
    expectProven(seen[0], client);
  });

  test.each([
    ["checkContinue", "100-continue"],
    ["checkExpectation", "wonder"],
  ])("listeners for '%s' see it", async (event, expectation) => {
    expect.hasAssertions();
    const seen: Seen[] = [];
    const server = createServer();
    server.on(
      event,
      (
        request: IncomingMessage,
        response: { writeHead: (code: number, headers: object) => typeof response; end: () => void },
      ) => {
        seen.push(seenOf(request));
        response.writeHead(200, CLOSE).end();
      },
    );
    const port = await start(server);
    await send(port, `POST / HTTP/1.1\r\nExpect: ${expectation}\r\nContent-Length: 0\r\n${LINES}\r\n\r\n`);
    expectProven(seen[0], client);
  });

  test("an application's own class of requests sees it, as does a server that is handed its connections", async () => {
    class OwnMessage extends IncomingMessage {
      readonly isOwn = true;
    }
    const seen: Seen[] = [];
    const server = createServer({ IncomingMessage: OwnMessage }, (request, response) => {
      expect(request.isOwn).toBe(true);
      seen.push(seenOf(request));
      response.writeHead(200, CLOSE).end();
    });
    wherefrom(server, policy, { normalize: true });
    const port = await listen(createTcpServer((socket) => void server.emit("connection", socket)));
    await send(port, `GET / HTTP/1.1\r\n${LINES}\r\n\r\n`);
    expectProven(seen[0], client);
  });

  test("HTTP/2 streams, sessions and requests see it", async () => {
    const seen: Seen[] = [];
    const server = wherefrom(createHttp2Server(), policy, { normalize: true });
    server.on("session", (session: ServerHttp2Session) => {
      session.on("stream", (_stream: unknown, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
        seen.push(seenOf({ headers, rawHeaders }));
      });
    });
    const closed = new Promise<void>((settle) => {
      server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
        seen.push(seenOf({ headers }));
        stream.on("trailers", (trailers: IncomingHttpHeaders, _flags: number, rawTrailers: string[]) => {
          seen.push(seenOf({ headers: { ...headers, ...trailers }, rawTrailers }));
        });
      });
      server.on("request", (request, response) => {
        request.resume().on("end", () => {
          seen.push(seenOf(request as never));
          expect([
            getClientIp(request),
            getClientIp(request.stream),
            forwardHeaders(request)["x-forwarded-for"],
          ]).toEqual([client, client, client]);
          response.end();
          settle();
        });
      });
    });
    const port = await listen(server);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const headers = {
      ":method": "POST",
      ":authority": "app.example",
      "x-forwarded-for": `${FORGED}, 203.0.113.7`,
      "x-real-ip": FORGED,
      x_forwarded_for: FORGED,
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
      "x-request-id": "1",
    };
    const stream = session.request(headers, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-client-ip": FORGED, "x-sum": "1" }));
    stream.resume().end("x");
    await closed;
    expect(seen).toHaveLength(4);
    for (const each of seen) expectProven(each, client);
    expect(seen[2]?.all).toContain("x-sum");
  });
});

test("other policies read what came, and not what was written", async () => {
  const answers: unknown[] = [];
  const realIp = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });
  const server = createServer((request, response) => {
    answers.push(getClientIp(request), getClientIp(request, realIp), getClient(request, direct).client?.address);
    answers.push(
      attach(request, realIp).warnings.map(({ code }) => code),
      getClientIp(request),
    );
    response.writeHead(200, CLOSE).end();
  });
  const port = await listen(wherefrom(server, proxied, { normalize: true }));
  await send(port, `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nX-Real-IP: 198.51.100.9\r\n\r\n`);
  expect(answers).toEqual(["203.0.113.7", "198.51.100.9", "127.0.0.1", ["carrier-disagrees"], "198.51.100.9"]);
});

test("what the application sets itself stays, and changes no answer", async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    request.headers["x-forwarded-for"] = "192.0.2.1";
    seen.push(request.headers["x-forwarded-for"], getClientIp(request));
    response.writeHead(200, CLOSE).end();
  });
  const port = await listen(wherefrom(server, proxied, { normalize: true }));
  await send(port, `GET / HTTP/1.1\r\n${LINES}\r\n\r\n`);
  expect(seen).toEqual(["192.0.2.1", "203.0.113.7"]);
});

test("a request of which lines may be missing names no client, and shows none", async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    seen.push(getClient(request).stop, request.headers["x-forwarded-for"], JSON.stringify(request.rawHeaders));
    response.writeHead(200, CLOSE).end();
  });
  server.maxHeadersCount = 4;
  const port = await listen(wherefrom(server, proxied, { normalize: true }));
  await send(port, `GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-B: 2\r\nX-Forwarded-For: ${FORGED}\r\n\r\n`);
  expect(seen.slice(0, 2)).toEqual(["headers-cut", "127.0.0.1"]);
  expect(seen[2]).not.toContain(FORGED);
});

test("without the option an application sees what came, beside a server that normalises", async () => {
  wherefrom(createServer(), proxied, { normalize: true });
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers["x-real-ip"]);
    response.writeHead(200, CLOSE).end();
  });
  const port = await listen(wherefrom(wherefrom(server, proxied, { normalize: true }), proxied));
  await send(port, `GET / HTTP/1.1\r\n${LINES}\r\n\r\n`);
  expect(seen).toEqual([FORGED]);
});

test("a server without requests is refused", () => {
  expect(() => wherefrom(createTcpServer(), proxied, { normalize: true })).toThrow(
    /normalize is for servers of node:http/,
  );
});
