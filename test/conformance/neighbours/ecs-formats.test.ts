import { ecsFormat as ecsPino } from "@elastic/ecs-pino-format";
import { ecsFormat as ecsWinston } from "@elastic/ecs-winston-format";
import { ecsClient, withEcsClient } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/express";
import type { Request, Response } from "express";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import winston from "winston";
import { Writable } from "node:stream";
import { serve, VERSIONS } from "./express-site.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

interface EcsLine {
  readonly client?: { readonly ip?: string; readonly address?: string; readonly port?: number };
  readonly http: object;
  readonly url: object;
}

type Log = (req: Request, res: Response) => void;

function pinoLog(isOurs: boolean, lines: string[]): Log {
  const format = ecsPino({ convertReqRes: true });
  const log = pino(isOurs ? withEcsClient(format) : format, { write: (line) => lines.push(line) });
  return (req, res) => log.info({ req, res }, "handled");
}

function winstonLog(isOurs: boolean, lines: string[]): Log {
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const format = ecsWinston({ convertReqRes: true });
  const log = winston.createLogger({
    format: isOurs ? winston.format.combine(ecsClient, format) : format,
    transports: [new winston.transports.Stream({ stream })],
  });
  return (req, res) => void log.info("handled", { req, res });
}

describe.each(VERSIONS)("on %s", (_, express) => {
  async function logged(client: string, isOurs: boolean, make: typeof pinoLog): Promise<EcsLine> {
    const lines: string[] = [];
    const log = make(isOurs, lines);
    const app = express();
    app.use(wherefrom(policy));
    app.use((req, res) => {
      res.end();
      log(req as Request, res as Response);
    });
    const ask = await serve(app);
    await ask("/path?x=1", client);
    return JSON.parse(lines.join("")) as EcsLine;
  }

  describe.each([
    ["@elastic/ecs-pino-format", pinoLog],
    ["@elastic/ecs-winston-format", winstonLog],
  ])("%s", (_name, make) => {
    test("writes the client's address beside the client's port, or beside none", async () => {
      expect((await logged("203.0.113.7:5555", true, make)).client).toEqual({
        ip: "203.0.113.7",
        address: "203.0.113.7",
        port: 5555,
      });
      expect((await logged("203.0.113.7", true, make)).client).toEqual({ ip: "203.0.113.7", address: "203.0.113.7" });
      expect((await logged("garbage", true, make)).client ?? {}).toEqual({});
    });

    test("writes everything else as before", async () => {
      const line = await logged("203.0.113.7", true, make);
      expect(line).toMatchObject({
        http: { version: "1.1", request: { method: "GET" }, response: { status_code: 200 } },
        url: { path: "/path", query: "x=1" },
      });
    });

    test("by itself writes the balancer's port beside the client's address", async () => {
      const { client } = await logged("203.0.113.7:5555", false, make);
      expect(client?.ip).toBe("203.0.113.7");
      expect(client?.port).not.toBe(5555);
      expect(client?.port).toBeTypeOf("number");
    });
  });
});
