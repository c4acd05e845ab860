import type { IncomingMessage } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/express";
import { pinoHttp } from "pino-http";
import { describe, expect, test } from "vitest";
import { serve, VERSIONS } from "./express-site.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

/** What pino's own serializer makes of a request. */
interface SerializedRequest {
  readonly raw: IncomingMessage;
}

describe.each(VERSIONS)("pino-http on %s", (_, express) => {
  test("logs the client with one line of configuration", async () => {
    const lines: string[] = [];
    const app = express();
    app.use(wherefrom(policy));
    app.use(
      pinoHttp(
        { serializers: { req: (req: SerializedRequest) => ({ ...req, remoteAddress: getClientIp(req.raw) }) } },
        { write: (line: string) => void lines.push(line) },
      ),
    );
    app.use((_request, response) => void response.end());
    const ask = await serve(app);
    await ask("/path", "10.0.0.1, 203.0.113.7");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { req: { remoteAddress: "203.0.113.7", url: "/path", method: "GET" }, res: { statusCode: 200 } },
    ]);
  });
});
