import { setTimeout as sleep } from "node:timers/promises";
import { clientFields, followClients, requestSerializer } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import { pino } from "pino";
import { pinoHttp } from "pino-http";
import { describe, expect, onTestFinished, test } from "vitest";
import { serve, VERSIONS } from "./express-site.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

function linesOf(): { lines: () => object[]; stream: { write: (line: string) => void } } {
  const texts: string[] = [];
  return {
    lines: () => texts.map((text) => JSON.parse(text) as object),
    stream: { write: (line) => texts.push(line) },
  };
}

describe.each(VERSIONS)("pino on %s", (_, express) => {
  test("pino-http logs the client with one line of configuration", async () => {
    const { lines, stream } = linesOf();
    const app = express();
    app.use(wherefrom(policy));
    app.use(pinoHttp({ serializers: { req: requestSerializer() } }, stream));
    app.use((_request, response) => void response.end());
    const ask = await serve(app);
    await ask("/path", "10.0.0.1, 203.0.113.7");
    await ask("/path", "[2001:db8::7]:5555");
    expect(lines()).toMatchObject([
      {
        req: { remoteAddress: "203.0.113.7", peerAddress: "127.0.0.1", url: "/path", method: "GET" },
        res: { statusCode: 200 },
      },
      { req: { remoteAddress: "2001:db8::7", remotePort: 5555, peerAddress: "127.0.0.1" } },
    ]);
    // The balancer's port is nobody's beside the client's address.
    expect(lines()[0]).not.toHaveProperty("req.remotePort");
  });

  test("pino-http without that line logs the balancer", async () => {
    const { lines, stream } = linesOf();
    const app = express();
    app.use(wherefrom(policy), pinoHttp({}, stream));
    app.use((_request, response) => void response.end());
    await (
      await serve(app)
    )("/", "203.0.113.7");
    expect(lines()).toMatchObject([{ req: { remoteAddress: "127.0.0.1" } }]);
  });

  test("pino's own serializer of requests is told the client", async () => {
    const { lines, stream } = linesOf();
    const log = pino({ serializers: { req: requestSerializer(pino.stdSerializers.req) } }, stream);
    const app = express();
    app.use(wherefrom(policy));
    app.use((req, response) => {
      log.info({ req }, "asked");
      response.end();
    });
    const ask = await serve(app);
    await ask("/path", "203.0.113.7");
    await ask("/path", "garbage");
    expect(lines()).toMatchObject([
      { req: { method: "GET", url: "/path", remoteAddress: "203.0.113.7", peerAddress: "127.0.0.1" } },
      { req: { peerAddress: "127.0.0.1" } },
    ]);
    expect(lines()[1]).not.toHaveProperty("req.remoteAddress");
  });

  test("every line that a request causes has its client, however late", async () => {
    onTestFinished(followClients());
    const { lines, stream } = linesOf();
    const log = pino({ mixin: clientFields }, stream);
    const app = express();
    app.use(wherefrom(policy));
    app.use(async (request, response) => {
      await sleep(Number(request.query["wait"]));
      setImmediate(() => {
        log.info(request.path);
        response.end();
      });
    });
    const ask = await serve(app);
    log.info("nobody asked");
    await Promise.all(
      Array.from({ length: 50 }, (_each, index) => ask(`/${index}?wait=${(index * 7) % 11}`, `203.0.113.${index}`)),
    );
    const told = lines() as { msg: string; source?: { ip: string; nat: { ip: string } } }[];
    expect(told[0]).not.toHaveProperty("source");
    expect(told).toHaveLength(51);
    for (const { msg, source } of told.slice(1)) {
      expect(source).toMatchObject({ ip: `203.0.113.${msg.slice(1)}`, nat: { ip: "127.0.0.1" } });
    }
  });
});
