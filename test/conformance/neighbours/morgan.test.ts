import { once } from "node:events";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { clientToken } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import morgan from "morgan";
import { describe, expect, onTestFinished, test } from "vitest";
import { serve, VERSIONS } from "./express-site.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

describe.each(VERSIONS)("morgan on %s", (_, express) => {
  test.each(["before", "after"])("logs the client with its default token, in use %s the middleware", async (place) => {
    const lines: string[] = [];
    const logger = morgan(":remote-addr :status", { stream: { write: (line) => lines.push(line) } });
    const app = express();
    if (place === "before") app.use(logger, wherefrom(policy));
    else app.use(wherefrom(policy), logger);
    app.use((_request, response) => void response.end());
    const ask = await serve(app);
    await ask("/", "10.0.0.1, 203.0.113.7");
    await ask("/", "2001:db8::7");
    expect(lines).toEqual(["203.0.113.7 200\n", "2001:db8::7 200\n"]);
  });

  test("has a token for who the client is, and how that is known", async () => {
    const lines: string[] = [];
    const format = ":client :client[port] :client[peer] :client[method] :client[stop] :client[secret]";
    const logger = morgan.token("client", clientToken)(format, { stream: { write: (line) => lines.push(line) } });
    const app = express();
    app.use(logger, wherefrom(policy));
    app.use((_request, response) => void response.end());
    const ask = await serve(app);
    await ask("/", "203.0.113.7:5555");
    await ask("/", "garbage");
    expect(lines).toEqual([
      "203.0.113.7 5555 127.0.0.1 x-forwarded-for untrusted-hop -\n",
      "- - 127.0.0.1 socket malformed-hop -\n",
    ]);
  });

  test("logs the client of a request that was aborted", async () => {
    let logged: (line: string) => void;
    const line = new Promise<string>((resolve) => (logged = resolve));
    const app = express();
    app.use(wherefrom(policy), morgan(":remote-addr :status", { stream: { write: (text) => logged(text) } }));
    app.use(() => client.destroy());
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
    expect(await line).toBe("203.0.113.7 -\n");
  });
});
