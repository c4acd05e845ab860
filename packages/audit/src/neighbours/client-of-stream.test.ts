import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { getClientIp, wherefrom } from "@wherefrom/net";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { Log, policy } from "../../test/client-log.ts";
import { followClients } from "./client-context.ts";

let end: () => void;
beforeEach(() => void (end = followClients()));
afterEach(() => end());

test("streams of one HTTP/2 session have each their own client", async () => {
  const log = new Log();
  const server = wherefrom(createHttp2Server(), policy);
  server.on("request", (request, response) => {
    const own = getClientIp(request);
    log.note("handler", own);
    for (const event of ["data", "end", "close", "aborted"]) request.on(event, () => log.note(`request ${event}`, own));
    for (const event of ["finish", "close", "drain"]) response.on(event, () => log.note(`response ${event}`, own));
    request.stream.on("close", () => log.note("stream close", own));
    request.stream.on("error", () => {});
    setTimeout(
      () => {
        log.note("timer", own);
        if (request.url === "/end-all") return request.stream.session?.destroy();
        response.write(Buffer.alloc(request.url === "/big" ? 500_000 : 5), () => log.note("write callback", own));
        response.end("x", () => log.note("end callback", own));
      },
      request.url === "/end-all" ? 60 : 5,
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).on("error", () => {});
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const send = (path: string, client: number): void => {
    const stream = session.request({ ":path": path, ":method": "POST", "x-forwarded-for": `203.0.113.${client}` });
    stream
      .on("error", () => {})
      .resume()
      .end("body");
  };
  for (const [index, path] of ["/big", "/a", "/big", "/a"].entries()) send(path, index + 1);
  await expect.poll(() => log.count("stream close")).toBe(4);
  send("/end-all", 5);
  send("/end-all", 6);
  await expect.poll(() => log.count("stream close")).toBe(6);
  expect(log.wrong()).toEqual([]);
  for (const what of ["timer", "request end"]) expect([what, log.count(what)]).toEqual([what, 6]);
  expect(log.count("write callback")).toBe(4);
});
